//! Requests of one actor.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::Value;

use crate::Answer;

/// Sends requests with one credential, below one base URL.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    token: Option<String>,
    media_type: &'static str,
}

/// A request that is being put together.
#[derive(Debug)]
#[must_use]
pub struct Request {
    builder: reqwest::RequestBuilder,
    media_type: &'static str,
}

impl Client {
    pub(crate) fn new(http: reqwest::Client, base_url: String, token: Option<String>) -> Self {
        Self { http, base_url, token, media_type: "application/scim+json" }
    }

    /// The same client at the admin API, whose bodies are plain JSON.
    #[must_use]
    pub fn at_admin(&self) -> Self {
        Self { media_type: "application/json", ..self.at("/admin") }
    }

    /// The same client with another token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// The same client at another path of the server (`/tenants/default`).
    #[must_use]
    pub fn at(&self, mount: &str) -> Self {
        let origin = self.base_url.trim_end_matches("/scim/v2");
        Self { base_url: format!("{origin}{mount}"), ..self.clone() }
    }

    /// The base URL that paths are below.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A request by `method` to `path`, below the base URL.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let mut builder = self.http.request(method, format!("{}{path}", self.base_url));
        if let Some(token) = &self.token {
            builder = builder.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        Request { builder, media_type: self.media_type }
    }

    /// GET
    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path).send().await
    }

    /// GET with parameters, which are encoded.
    pub async fn query(&self, path: &str, parameters: &[(&str, &str)]) -> Answer {
        self.get(&format!("{path}?{}", encode(parameters))).await
    }

    /// POST
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::POST, path).json(body).send().await
    }

    /// PUT
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PUT, path).json(body).send().await
    }

    /// PATCH
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.request(Method::PATCH, path).json(body).send().await
    }

    /// DELETE
    pub async fn delete(&self, path: &str) -> Answer {
        self.request(Method::DELETE, path).send().await
    }
}

impl Request {
    /// With a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// With a body in JSON, of the type that the client sends.
    pub fn json(self, body: &Value) -> Self {
        let media_type = self.media_type;
        self.body(media_type, body.to_string())
    }

    /// With a body of some type.
    pub fn body(mut self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.builder = self.builder.header(CONTENT_TYPE, content_type).body(body);
        self
    }

    /// With a body of no type.
    pub fn untyped_body(mut self, body: impl Into<reqwest::Body>) -> Self {
        self.builder = self.builder.body(body);
        self
    }

    /// Sends it, and checks what every answer has to be.
    ///
    /// # Panics
    /// Where there is no answer, or it is not one that any request may get.
    pub async fn send(self) -> Answer {
        let response = self.builder.send().await.expect("the server answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.expect("the whole answer");
        Answer::checked(status, headers, &body)
    }
}

/// Names and values as a query of a URL.
pub fn encode(parameters: &[(&str, &str)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", encode_value(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn encode_value(value: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    value.bytes().map(encode).collect()
}
