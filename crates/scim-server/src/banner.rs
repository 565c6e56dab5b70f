//! What is printed when the server starts with a secret of its own making.

use std::io::Write;
use std::net::SocketAddr;

/// Where the server is reached from this machine, as a URL.
pub(crate) fn local_url(address: SocketAddr) -> String {
    let ip = match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => "127.0.0.1".to_owned(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => "[::1]".to_owned(),
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    };
    format!("http://{ip}:{}", address.port())
}

/// Prints the base URL, the secret, and a line that creates the first user.
///
/// # Errors
/// Those of `out`.
pub(crate) fn print(out: &mut impl Write, base_url: &str, secret: &str) -> std::io::Result<()> {
    let user = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com"}"#;
    writeln!(
        out,
        "SCIM 2.0 is served, in memory: what is stored is gone when this process ends.

  base URL  {base_url}
  secret    {secret}

Create a user:

  curl -H 'Authorization: Bearer {secret}' -H 'Content-Type: application/scim+json' -d '{user}' {base_url}/Users

Set SCIM_SHARED_SECRET to choose the secret, and to keep it.
"
    )?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_means_all_is_reached_at_the_loopback() {
        for (address, url) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:80", "http://[::1]:80"),
            ("[::1]:80", "http://[::1]:80"),
        ] {
            assert_eq!(local_url(address.parse().expect("an address")), url);
        }
    }
}
