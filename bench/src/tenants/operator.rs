//! The operator, who makes tenants and what is in them, one request after the other.

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tokio::runtime::Runtime;
use xtask::server::Server;

use crate::client::Connection;
use crate::seed::write_request;

/// A connection with the operator's secret.
pub(super) struct Operator {
    runtime: Runtime,
    connection: Connection,
    secret: String,
}

impl Operator {
    pub(super) fn new(server: &Server) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let connection = runtime.block_on(Connection::open(server.address()))?;
        Ok(Self { runtime, connection, secret: server.secret().to_owned() })
    }

    /// `POST`s what is to be created; gives the answer.
    pub(super) fn create(&mut self, path: &str, body: &Value) -> Result<Value> {
        let is_admin = path.starts_with("/admin/");
        let media_type = if is_admin { "application/json" } else { "application/scim+json" };
        let (text, mut request) = (body.to_string(), Vec::new());
        let headers = format!("Content-Type: {media_type}\r\nContent-Length: {}\r\n", text.len());
        write_request(&mut request, &format!("POST {path}"), &self.secret, &headers, b"");
        request.extend_from_slice(text.as_bytes());
        self.exchange(path, &request, 201)?;
        serde_json::from_slice(self.connection.body()).context("an answer that is not JSON")
    }

    /// `GET`s a path.
    pub(super) fn get(&mut self, path: &str) -> Result<()> {
        let mut request = Vec::new();
        write_request(&mut request, &format!("GET {path}"), &self.secret, "", b"");
        self.exchange(path, &request, 200)
    }

    fn exchange(&mut self, path: &str, request: &[u8], expected: u16) -> Result<()> {
        let status = self.runtime.block_on(self.connection.exchange(request))?;
        ensure!(status == expected, "{path}: status {status}: {}", self.connection.excerpt());
        Ok(())
    }
}
