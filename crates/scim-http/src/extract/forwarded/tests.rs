//! What is believed of forwarded requests, and what is not.

use actix_web::http::header::HeaderValue;
use proptest::prelude::*;

use super::*;

fn proxies() -> TrustedProxies {
    TrustedProxies::parse("10.0.0.0/8, 2001:db8::/32").expect("networks")
}

fn read(peer: &str, headers: &[(&'static str, &str)]) -> Option<Forwarded> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"));
    }
    Forwarded::read(&proxies(), Some(peer.parse().expect("an address")), &map)
}

/// `headers` from a trusted peer say this: client, scheme, host.
#[track_caller]
fn check(headers: &[(&'static str, &str)], expected: [&str; 3]) {
    let told = read("10.0.0.1", headers).unwrap_or_default();
    let client = told.client.map(|client| client.to_string()).unwrap_or_default();
    let host = told.host.as_deref().unwrap_or_default();
    assert_eq!([&*client, told.scheme.unwrap_or_default(), host], expected, "{headers:?}");
}

#[test]
fn strangers_are_not_believed() {
    let headers = [("forwarded", "for=192.0.2.1;proto=https;host=a"), ("x-forwarded-for", "192.0.2.1")];
    assert_eq!(read("192.0.2.9", &headers), None);
    assert_eq!(read("::1", &headers), None);
    assert_eq!(
        Forwarded::read(&TrustedProxies::default(), Some(IpAddr::from([10, 0, 0, 1])), &HeaderMap::new()),
        None
    );
    assert_eq!(read("10.0.0.1", &[]), None);
}

#[test]
fn forwarded() {
    let check = |text: &str, expected: [&str; 3]| check(&[("forwarded", text)], expected);
    check("for=192.0.2.43", ["192.0.2.43", "", ""]);
    check("For=\"[2001:db9:cafe::17]:4711\"", ["2001:db9:cafe::17", "", ""]);
    check(
        "for=192.0.2.60;proto=https;by=10.0.0.1;Host=scim.example",
        ["192.0.2.60", "https", "scim.example"],
    );
    check("for=\"192.0.2.43:47011\" ; proto=HTTP", ["192.0.2.43", "http", ""]);
    check("for=\"192.0.2.43:_port\"", ["192.0.2.43", "", ""]);
    check("for=\"[2001:db9::1]\";host=\"scim.example:8443\"", ["2001:db9::1", "", "scim.example:8443"]);
    check("for=\"1\\92.0.2.1\"", ["192.0.2.1", "", ""]);
    // The client wrote the first element: it connected to 10.0.0.2, which the last proxy names.
    check(
        "for=198.51.100.1;proto=http;host=evil, for=192.0.2.1;proto=https;host=good, for=10.0.0.2;proto=http",
        ["192.0.2.1", "https", "good"],
    );
    check("for=198.51.100.1;host=evil, for=192.0.2.1", ["192.0.2.1", "", ""]);
    check("for=10.0.0.3, for=10.0.0.2", ["10.0.0.3", "", ""]);
    // Somebody hides: what is before is not known.
    check("for=198.51.100.1, for=unknown;proto=https", ["", "https", ""]);
    check("for=198.51.100.1, for=_hidden, for=10.0.0.2", ["10.0.0.2", "", ""]);
    check("proto=https", ["", "https", ""]);
    check("host=\"a/b\";proto=gopher", ["", "", ""]);
    check("for=\"192.0.2.1", ["", "", ""]);
    check("for=\"a,b\", for=192.0.2.1", ["192.0.2.1", "", ""]);
    check("", ["", "", ""]);
    check(",,;;==,for", ["", "", ""]);
}

#[test]
fn several_lines_are_one_list() {
    let lines =
        [("forwarded", "for=198.51.100.1"), ("forwarded", "for=192.0.2.1"), ("forwarded", "for=10.0.0.2")];
    check(&lines, ["192.0.2.1", "", ""]);
    let lines = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "192.0.2.1, 10.0.0.2")];
    check(&lines, ["192.0.2.1", "", ""]);
}

#[test]
fn x_forwarded() {
    let with = |nodes: &str, expected: &str| check(&[("x-forwarded-for", nodes)], [expected, "", ""]);
    with("192.0.2.1", "192.0.2.1");
    with("198.51.100.1, 192.0.2.1", "192.0.2.1");
    with("198.51.100.1, 192.0.2.1, 10.0.0.2", "192.0.2.1");
    with("10.0.0.3, 10.0.0.2", "10.0.0.3");
    with("192.0.2.1:80, [2001:db8::1]:443", "192.0.2.1");
    with("2001:db9::1, 2001:db8::1", "2001:db9::1");
    with("::ffff:192.0.2.1", "192.0.2.1");
    with("192.0.2.1, nonsense, 10.0.0.2", "10.0.0.2");
    with("nonsense", "");
    with("", "");
    let secure = [("x-forwarded-proto", "https"), ("x-forwarded-host", "scim.example")];
    check(&secure, ["", "https", "scim.example"]);
    let chain = [
        ("x-forwarded-for", "198.51.100.1, 192.0.2.1, 10.0.0.2"),
        ("x-forwarded-proto", "gopher, https, http"),
        ("x-forwarded-host", "evil, good, internal"),
    ];
    check(&chain, ["192.0.2.1", "https", "good"]);
    let set_anew = [("x-forwarded-for", "192.0.2.1, 10.0.0.2"), ("x-forwarded-proto", "https")];
    check(&set_anew, ["192.0.2.1", "https", ""]);
    let added_to = [("x-forwarded-proto", "http, https"), ("x-forwarded-host", "evil,good")];
    check(&added_to, ["", "https", "good"]);
    check(&[("x-forwarded-host", "a\"b"), ("x-forwarded-proto", "ftp")], ["", "", ""]);
}

#[test]
fn where_the_spellings_disagree_neither_counts() {
    let same = [("forwarded", "for=192.0.2.1;proto=https"), ("x-forwarded-for", "192.0.2.1")];
    check(&same, ["192.0.2.1", "https", ""]);
    let slipped_in = [
        ("forwarded", "for=198.51.100.1;proto=http;host=evil"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "good"),
    ];
    check(&slipped_in, ["", "", ""]);
}

proptest! {
    #[test]
    fn nothing_that_is_sent_gets_out_unchecked(
        standard in "(for|host|proto|[=;,\"\\\\ .:a-z0-9\\[\\]]|10\\.0\\.0\\.1){0,40}",
        custom in "([=;,\"\\\\ .:a-z0-9\\[\\]/<>]|10\\.0\\.0\\.1|\\PC){0,40}",
    ) {
        let mut headers = HeaderMap::new();
        for (name, text) in [
            (FORWARDED, &standard), (X_FORWARDED_FOR, &custom), (X_FORWARDED_HOST, &custom), (X_FORWARDED_PROTO, &custom),
        ] {
            if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
                headers.append(name, value);
            }
        }
        let told = Forwarded::read(&proxies(), Some(IpAddr::from([10, 0, 0, 1])), &headers).unwrap_or_default();
        prop_assert!(told.host.as_deref().is_none_or(is_host));
        prop_assert!(told.scheme.is_none_or(|scheme| ["http", "https"].contains(&scheme)));
    }
}
