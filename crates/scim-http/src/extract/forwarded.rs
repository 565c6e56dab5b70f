//! Who is behind a trusted proxy, and how it was asked: `Forwarded` (RFC 7239) and its forerunners
//! `X-Forwarded-For`, `-Proto` and `-Host`.
//!
//! Everybody can send these, so they are read from the right, where the last proxy wrote: what a trusted
//! hop says of the one before it is believed, and nothing beyond the first hop that is not trusted. Where
//! the two spellings disagree neither counts: a proxy that writes one of them passes the other on as the
//! client made it up.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{
    FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PROTO,
};

use crate::TrustedProxies;

use super::base_url::is_host;
use super::list;

/// What trusted proxies say of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Forwarded {
    /// Where it came from: the first hop that is not trusted, or the last one that is known.
    pub(crate) client: Option<IpAddr>,
    /// By which scheme it was asked for.
    pub(crate) scheme: Option<&'static str>,
    /// Which host it was asked of.
    pub(crate) host: Option<String>,
}

impl Forwarded {
    /// What is known of a request that came from `peer`; nothing unless that is a trusted proxy.
    pub(crate) fn read(proxies: &TrustedProxies, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<Self> {
        let peer = peer.filter(|peer| proxies.contains(*peer))?;
        let standard = list(headers, &FORWARDED).map(|text| by_standard(proxies, peer, &text));
        let is_there = [X_FORWARDED_FOR, X_FORWARDED_PROTO, X_FORWARDED_HOST]
            .iter()
            .any(|name| headers.contains_key(name));
        let custom = is_there.then(|| by_custom(proxies, peer, headers));
        match (standard, custom) {
            (Some(one), Some(other)) => Some(Self {
                client: agreed(one.client, other.client),
                scheme: agreed(one.scheme, other.scheme),
                host: agreed(one.host, other.host),
            }),
            (one, other) => one.or(other),
        }
    }
}

/// What two say who must not differ.
fn agreed<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => (one == other).then_some(one),
        (one, other) => one.or(other),
    }
}

/// `Forwarded`; nothing of it where it cannot be read.
fn by_standard(proxies: &TrustedProxies, peer: IpAddr, text: &str) -> Forwarded {
    let Some(elements) = split(text, ',') else { return Forwarded::default() };
    let nodes =
        elements.iter().rev().map(|element| parameter(element, "for").and_then(|node| address(&node)));
    let walk = Walk::back(proxies, peer, nodes);
    let believed = elements.iter().rev().take(walk.hops);
    let mut forwarded = Forwarded { client: walk.client, ..Forwarded::default() };
    for element in believed {
        forwarded.scheme = parameter(element, "proto").and_then(|text| scheme(&text)).or(forwarded.scheme);
        forwarded.host = parameter(element, "host").and_then(|text| host(&text)).or(forwarded.host);
    }
    forwarded
}

/// `X-Forwarded-*`. Proxies add to the list of addresses, but mostly set the other two anew: where they
/// are lists, they are read as far as the addresses are.
fn by_custom(proxies: &TrustedProxies, peer: IpAddr, headers: &HeaderMap) -> Forwarded {
    let nodes = list(headers, &X_FORWARDED_FOR).unwrap_or_default();
    let walk = Walk::back(proxies, peer, nodes.rsplit(',').map(address));
    let outermost = |name: &HeaderName| {
        let values = list(headers, name)?;
        values.rsplit(',').take(walk.hops.max(1)).last().map(|value| value.trim().to_owned())
    };
    Forwarded {
        client: walk.client,
        scheme: outermost(&X_FORWARDED_PROTO).and_then(|text| scheme(&text)),
        host: outermost(&X_FORWARDED_HOST).and_then(|text| host(&text)),
    }
}

/// How far back the hops are known.
struct Walk {
    /// The last known one, if any said who was before it.
    client: Option<IpAddr>,
    /// How many entries trusted hops wrote.
    hops: usize,
}

impl Walk {
    /// Goes from `peer`, which is trusted, through `nodes`: the last one is whom the peer names, and so on.
    fn back(proxies: &TrustedProxies, peer: IpAddr, nodes: impl Iterator<Item = Option<IpAddr>>) -> Self {
        let mut walk = Self { client: None, hops: 0 };
        let mut hop = peer;
        for node in nodes {
            if !proxies.contains(hop) {
                break;
            }
            walk.hops = walk.hops.saturating_add(1);
            // Unknown, or known by a name only (RFC 7239 §6.2, §6.3).
            let Some(node) = node else { break };
            (hop, walk.client) = (node, Some(node));
        }
        walk
    }
}

/// The parts between separators that are in no quoted string (RFC 7239 §4). `None` where a quoted string
/// has no end.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let is_separator = |c: char| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            '\\' if is_quoted && !was_escaped => is_escaped = true,
            '"' if !was_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        c == separator && !is_quoted
    };
    let parts = text.split(is_separator).collect();
    (!is_quoted).then_some(parts)
}

/// A parameter of an element of `Forwarded`, without its quotation marks.
fn parameter<'a>(element: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let value = split(element, ';')?.into_iter().find_map(|pair| {
        let (found, value) = pair.split_once('=')?;
        found.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })?;
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    Some(match quoted {
        Some(text) if text.contains('\\') => Cow::Owned(unescaped(text)),
        Some(text) => Cow::Borrowed(text),
        None => Cow::Borrowed(value),
    })
}

/// The text of a quoted string (RFC 9110 §5.6.4).
fn unescaped(text: &str) -> String {
    let mut is_escaped = false;
    let is_kept = |c: &char| {
        is_escaped = *c == '\\' && !is_escaped;
        !is_escaped
    };
    text.chars().filter(is_kept).collect()
}

/// The address of a node: with or without a port, an IPv6 address with or without brackets.
fn address(node: &str) -> Option<IpAddr> {
    let node = node.trim();
    let bare = match node.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']')?.0,
        // One colon is before a port; several are those of an IPv6 address.
        None => match node.split_once(':') {
            Some((host, port)) if !port.contains(':') => host,
            _ => node,
        },
    };
    let address = bare.parse().ok().or_else(|| node.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    address.map(|address| address.to_canonical())
}

fn scheme(text: &str) -> Option<&'static str> {
    ["https", "http"].into_iter().find(|scheme| scheme.eq_ignore_ascii_case(text))
}

fn host(text: &str) -> Option<String> {
    is_host(text).then(|| text.to_owned())
}

#[cfg(test)]
mod tests;
