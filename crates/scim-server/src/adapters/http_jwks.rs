//! The keys of other issuers, over HTTP.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use scim_ports::JwksSource;
use tracing::Instrument;

use crate::telemetry::traces;

/// How long an answer may take, from the connection to its last byte.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of an answer.
const MAX_SIZE: usize = 256 * 1024;

/// Fetches JWK Sets by GET. It follows no redirection: only what the config names is asked.
pub struct HttpJwks {
    client: Client,
}

impl HttpJwks {
    /// A source with connections of its own, or through the proxy that `HTTPS_PROXY` names: some networks have
    /// no other way out.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new() -> reqwest::Result<Self> {
        let client = Client::builder().redirect(Policy::none()).timeout(TIMEOUT).build()?;
        Ok(Self { client })
    }
}

#[async_trait]
impl JwksSource for HttpJwks {
    async fn jwks_fetch(&self, uri: &str) -> Result<String, Box<dyn Error + Send + Sync>> {
        let url = Url::parse(uri)?;
        let span = traces::client_span("GET", url.host_str());
        let mut request = self.client.get(url).header("accept", "application/jwk-set+json, application/json");
        for (name, value) in traces::headers_of(&span) {
            request = request.header(name, value);
        }
        let fetch = async {
            let response = request.send().await?;
            if !response.status().is_success() {
                return Err(format!("the answer is {}", response.status()).into());
            }
            read(response).await
        };
        fetch.instrument(span).await
    }
}

async fn read(mut response: Response) -> Result<String, Box<dyn Error + Send + Sync>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len().saturating_add(chunk.len()) > MAX_SIZE {
            return Err(format!("the answer has more than {MAX_SIZE} bytes").into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8(body)?)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use tracing::instrument::WithSubscriber;

    use super::*;

    /// Answers one request with this head and as many bytes, and tells what it was asked.
    async fn fetch(head: &str, size: usize) -> (Result<String, String>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let uri = format!("http://{}/keys", listener.local_addr().expect("an address"));
        let head = format!("{head}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n");
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut asked = [0; 1024];
            let read = stream.read(&mut asked).expect("a request");
            // A client that has enough goes away.
            let _gone = stream.write_all(&[head.as_bytes(), &vec![b'x'; size]].concat());
            String::from_utf8_lossy(&asked[..read]).into_owned()
        });
        let fetched = HttpJwks::new().expect("a client").jwks_fetch(&uri).await;
        let asked = server.join().expect("served");
        (fetched.map_err(|error| error.to_string()), asked)
    }

    #[tokio::test]
    async fn what_is_there_is_fetched() {
        let (fetched, asked) = fetch("HTTP/1.1 200 OK", 3).await;
        assert_eq!(fetched.as_deref(), Ok("xxx"));
        assert!(asked.starts_with("GET /keys HTTP/1.1\r\n"), "{asked}");
    }

    #[tokio::test]
    async fn the_trace_goes_on() {
        let subscribers = traces::tests::subscribers();
        let (_, asked) = fetch("HTTP/1.1 200 OK", 3).with_subscriber(subscribers[0].clone()).await;
        assert!(asked.contains("\r\ntraceparent: 00-"), "{asked}");
        let (_, asked) = fetch("HTTP/1.1 200 OK", 3).await;
        assert!(!asked.contains("traceparent"), "{asked}");
    }

    #[tokio::test]
    async fn nothing_else_is_asked_and_nothing_large_is_read() {
        let (fetched, _) = fetch("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/", 0).await;
        assert_eq!(fetched.expect_err("refused"), "the answer is 302 Found");
        let (fetched, _) = fetch("HTTP/1.1 200 OK", MAX_SIZE + 1).await;
        assert!(fetched.expect_err("refused").contains("more than"));
    }
}
