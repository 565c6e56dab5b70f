//! The empty handler: an actix server that answers every request with the same bytes, those of one
//! answer of the server under test.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::{Context, Result};

/// What the process takes: its address in the server's variables, and the answer in a file.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    listen: Listen,
    /// An HTTP answer, head and body, to be given to every request
    #[arg(long)]
    answer: PathBuf,
}

/// Where a server that is measured listens: what the server under test is told as well.
#[derive(Debug, clap::Args)]
pub(crate) struct Listen {
    /// The address to listen on
    #[arg(long, env = "SERVER_HOST")]
    host: IpAddr,
    /// The port to listen on
    #[arg(long, env = "SERVER_PORT")]
    port: u16,
}

impl Listen {
    /// The socket address.
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(self.host, self.port)
    }
}

/// One answer, ready to be given again.
#[derive(Debug, Clone, PartialEq)]
struct Answer {
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

/// Serves until the process is ended.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let recorded = fs::read(&arguments.answer).context("cannot read the answer to give")?;
    let answer = Answer::read(&recorded)?;
    let server = HttpServer::new(move || {
        App::new().app_data(web::Data::new(answer.clone())).default_service(web::to(empty_handler))
    });
    let server = server.bind(arguments.listen.address())?.run();
    actix_web::rt::System::new().block_on(server)?;
    Ok(())
}

async fn empty_handler(answer: web::Data<Answer>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for (name, value) in &answer.headers {
        response.insert_header((name.clone(), value.clone()));
    }
    response.body(answer.body.clone())
}

impl Answer {
    fn read(recorded: &[u8]) -> Result<Self> {
        let end = recorded
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .context("an answer without a head")?;
        let (head, body) = recorded.split_at(end);
        let mut headers = Vec::new();
        for line in std::str::from_utf8(head)?.lines().skip(1) {
            let (name, value) = line.split_once(':').context("a header without a colon")?;
            // The framework writes these two itself.
            if name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("date") {
                continue;
            }
            headers.push((HeaderName::try_from(name)?, HeaderValue::from_str(value.trim())?));
        }
        let body = Bytes::copy_from_slice(body.get(4..).unwrap_or_default());
        Ok(Self { headers, body })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_given_as_it_was_recorded() {
        let recorded = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nETag: W/\"v1\"\r\ndate: x\r\n\r\n{}";
        let answer = Answer::read(recorded).expect("an answer");
        assert_eq!(answer.body, "{}");
        let [(name, value)] = answer.headers.as_slice() else { panic!("{:?}", answer.headers) };
        assert_eq!((name.as_str(), value.to_str().expect("text")), ("etag", "W/\"v1\""));
        assert!(Answer::read(b"HTTP/1.1 200 OK\r\n").is_err());
    }
}
