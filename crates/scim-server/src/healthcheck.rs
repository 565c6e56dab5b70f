//! `scim-server healthcheck`: whether the server on this machine serves.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use rustls::{ClientConnection, StreamOwned};

use crate::settings::Settings;
use crate::tls;

/// How long connecting, asking and answering may each take.
const TIMEOUT: Duration = Duration::from_secs(3);
/// The most of a status line that is read.
const MAX_LINE: u64 = 1024;

/// Asks `GET /health` where the settings say that the server listens.
///
/// # Errors
/// Where it does not answer 200.
pub(crate) fn run(settings: &Settings) -> anyhow::Result<()> {
    let address = address(settings)?;
    let status = ask(address, settings.tls.is_some()).with_context(|| format!("no answer from {address}"))?;
    if status.split(' ').nth(1) != Some("200") {
        bail!("{address} answers: {status}");
    }
    Ok(())
}

/// Where the server that the settings describe is reached from this machine.
///
/// # Errors
/// Where `SERVER_HOST` is no address.
pub(crate) fn address(settings: &Settings) -> anyhow::Result<SocketAddr> {
    let place = (settings.server_host.as_str(), settings.server_port);
    let address = place
        .to_socket_addrs()
        .ok()
        .and_then(|mut addresses| addresses.next())
        .with_context(|| format!("SERVER_HOST: {} is no address", settings.server_host))?;
    Ok(reachable(address))
}

/// An address that means every interface, as one that can be connected to.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// The status line of the answer.
fn ask(address: SocketAddr, is_tls: bool) -> anyhow::Result<String> {
    let stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    if !is_tls {
        return exchange(stream, address);
    }
    // The certificate is made out to another name, and may just be replaced. Nothing here is a secret.
    let config = Arc::new(tls::any_certificate()?);
    exchange(StreamOwned::new(ClientConnection::new(config, address.ip().into())?, stream), address)
}

fn exchange(mut stream: impl Read + Write, address: SocketAddr) -> anyhow::Result<String> {
    let request = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut line = Vec::new();
    BufReader::new(stream.take(MAX_LINE)).read_until(b'\n', &mut line)?;
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}
