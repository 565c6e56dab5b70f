//! What is printed when the server starts with a secret of its own making.

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

/// The base URL, the secret, and last a line that creates the first user.
pub(crate) fn text(base_url: &str, secret: &str) -> String {
    let user = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com"}"#;
    format!(
        "SCIM 2.0 is served, in memory: what is stored is gone when this process ends.
Set SCIM_SHARED_SECRET to choose the secret, and to keep it.

  base URL  {base_url}
  secret    {secret}

Create a user:

  curl -H 'Authorization: Bearer {secret}' -H 'Content-Type: application/scim+json' -d '{user}' {base_url}/Users

"
    )
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
