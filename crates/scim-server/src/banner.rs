//! What is printed when the server starts with a secret of its own making.

use std::net::SocketAddr;

/// Where the server is reached from this machine, as a URL; `is_tls` says whether it speaks TLS.
pub(crate) fn local_url(address: SocketAddr, is_tls: bool) -> String {
    let scheme = if is_tls { "https" } else { "http" };
    let ip = match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => "127.0.0.1".to_owned(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => "[::1]".to_owned(),
        SocketAddr::V4(v4) => v4.ip().to_string(),
        SocketAddr::V6(v6) => format!("[{}]", v6.ip()),
    };
    format!("{scheme}://{ip}:{}", address.port())
}

/// The base URL, the secret, and last a line that creates the first user. A certificate is made out to the
/// server's public name: where that is not in the URL (`is_verified`), the line asks for no proof.
pub(crate) fn text(base_url: &str, secret: &str, is_verified: bool) -> String {
    let curl = if is_verified { "curl" } else { "curl --insecure" };
    let user = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com"}"#;
    format!(
        "SCIM 2.0 is served, in memory: what is stored is gone when this process ends.
Set SCIM_SHARED_SECRET to choose the secret, and to keep it.

  base URL  {base_url}
  secret    {secret}

Create a user:

  {curl} -H 'Authorization: Bearer {secret}' -H 'Content-Type: application/scim+json' -d '{user}' {base_url}/Users

"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_means_all_is_reached_at_the_loopback() {
        for (address, is_tls, url) in [
            ("127.0.0.1:8080", false, "http://127.0.0.1:8080"),
            ("0.0.0.0:80", false, "http://127.0.0.1:80"),
            ("[::]:80", false, "http://[::1]:80"),
            ("[::1]:80", false, "http://[::1]:80"),
            ("0.0.0.0:443", true, "https://127.0.0.1:443"),
        ] {
            assert_eq!(local_url(address.parse().expect("an address"), is_tls), url);
        }
    }

    #[test]
    fn no_proof_is_asked_of_a_certificate_that_cannot_give_it() {
        for (is_verified, command) in [(true, "  curl -H "), (false, "  curl --insecure -H ")] {
            assert!(text("https://127.0.0.1/scim/v2", "x", is_verified).contains(command));
        }
    }
}
