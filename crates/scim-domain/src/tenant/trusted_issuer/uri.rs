//! The URLs in a tenant's config (RFC 3986, as far as it takes to know whom a URL asks).

use std::net::{IpAddr, Ipv6Addr};

use crate::input::{Field, InputError as ConfigError};

/// An http or https URL.
pub(in crate::tenant) struct HttpUri<'a> {
    /// All of it.
    pub(in crate::tenant) text: &'a str,
    /// Whether its scheme is https.
    pub(super) is_https: bool,
    /// The host, an IPv6 address in its brackets.
    pub(super) host: &'a str,
}

/// The URL in `field`: without user information, which would put a secret into it, and without a
/// fragment, which nobody would be sent.
pub(in crate::tenant) fn http_uri<'a>(field: &Field<'a>) -> Result<HttpUri<'a>, ConfigError> {
    let text = field.text(super::LONGEST)?;
    parse(text).ok_or_else(|| {
        field.expected("an http or https URL with a host, without user information and fragment")
    })
}

fn parse(text: &str) -> Option<HttpUri<'_>> {
    let never = |c: char| !c.is_ascii_graphic() || "\"<>\\^`{|}#".contains(c);
    if text.contains(never) {
        return None;
    }
    let (scheme, rest) = text.split_once("://")?;
    let is_https = scheme.eq_ignore_ascii_case("https");
    if !is_https && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let authority = rest.split(['/', '?']).next()?;
    let (host, port) = match authority.rfind(']') {
        Some(end) => authority.split_at_checked(end.checked_add(1)?)?,
        None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    let is_number =
        |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_number);
    let is_host = match host.strip_prefix('[') {
        Some(address) => address.strip_suffix(']')?.parse::<Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        }
    };
    (is_host && is_port).then_some(HttpUri { text, is_https, host })
}

/// Whether a host is this machine by its very name.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
