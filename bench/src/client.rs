//! A small HTTP/1.1 client: one request after the other on one keep-alive connection, answers with a
//! `Content-Length`. It does as little as it can, because it shares the processors with the server.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The longest answer that is read.
const LONGEST: usize = 64 * 1024 * 1024;

/// One connection, and the last answer that came over it.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    head: Head,
}

/// What the client has to know of the head of an answer.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Head {
    /// The bytes of the head, its empty line included.
    length: usize,
    status: u16,
    content_length: usize,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, input: Vec::with_capacity(256 * 1024), head: Head::default() })
    }

    /// Sends a whole request and reads the whole answer; gives its status.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<u16> {
        self.stream.write_all(request).await?;
        self.input.clear();
        loop {
            self.input.reserve(16 * 1024);
            let read = self.stream.read_buf(&mut self.input).await?;
            ensure!(read > 0, "the server closed the connection in the middle of an answer");
            if let Some(head) = Head::read(&self.input)? {
                self.head = head;
                break;
            }
        }
        let end = self.head.length.saturating_add(self.head.content_length);
        ensure!(end <= LONGEST, "an answer of {end} bytes is too long");
        while self.input.len() < end {
            self.input.reserve(end.saturating_sub(self.input.len()));
            let read = self.stream.read_buf(&mut self.input).await?;
            ensure!(read > 0, "the server closed the connection in the middle of an answer");
        }
        ensure!(self.input.len() == end, "the server sent more than one answer to one request");
        Ok(self.head.status)
    }

    /// The bytes of the last answer, head and body.
    pub(crate) fn answer(&self) -> &[u8] {
        &self.input
    }

    /// The body of the last answer.
    pub(crate) fn body(&self) -> &[u8] {
        self.input.get(self.head.length..).unwrap_or_default()
    }

    /// The body of the last answer for a message: not more than its beginning.
    pub(crate) fn excerpt(&self) -> String {
        String::from_utf8_lossy(self.body()).chars().take(500).collect()
    }
}

impl Head {
    /// Reads the head at the start of `input`; none while it is not whole.
    fn read(input: &[u8]) -> Result<Option<Self>> {
        let mut head = Self::default();
        let mut rest = input;
        let mut first = true;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if first {
                let status = line.strip_prefix(b"HTTP/1.1 ").and_then(|line| line.get(..3));
                head.status = number(status.context("not an HTTP/1.1 answer")?)?;
                first = false;
            } else if line.is_empty() {
                head.length = input.len().saturating_sub(rest.len());
                return Ok(Some(head));
            } else if let Some(value) = header(line, b"content-length:") {
                head.content_length = number(value)?;
            } else if header(line, b"transfer-encoding:").is_some() {
                bail!("this client reads answers with a Content-Length only");
            }
        }
        Ok(None)
    }
}

/// The value of the header line when it is the one named.
fn header<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

fn number<N: std::str::FromStr>(text: &[u8]) -> Result<N> {
    let text = std::str::from_utf8(text)?;
    text.parse().ok().with_context(|| format!("not a number in the head of an answer: {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: Option<(u16, usize, &str)>) {
        let read = Head::read(input.as_bytes()).expect("a head");
        let found = read.map(|head| (head.status, head.content_length, &input[head.length..]));
        assert_eq!(found, expected);
    }

    #[test]
    fn heads() {
        check("HTTP/1.1 200 OK\r\nContent-LENGTH:  2\r\nX: y\r\n\r\n{}", Some((200, 2, "{}")));
        check("HTTP/1.1 204 No Content\r\nETag: W/\"v1\"\r\n\r\n", Some((204, 0, "")));
        check("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n", None);
        check("HT", None);
        assert!(Head::read(b"SSH-2.0\r\n").is_err());
        assert!(Head::read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(Head::read(b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n").is_err());
    }
}
