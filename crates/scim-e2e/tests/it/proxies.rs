//! Proxies that are believed, and clients that are not (RFC 7239).

use reqwest::Method;
use scim_domain::audit::AuditOutcome;
use scim_e2e::{Answer, Client};
use scim_http::TrustedProxies;

use crate::TestApp;
use crate::bodies::user;

/// A server that believes these proxies.
async fn behind(proxies: &str) -> TestApp {
    let trusted = TrustedProxies::parse(proxies).expect("networks");
    TestApp::builder().http(|http| http.trusted_proxies = trusted).start().await.expect("a server")
}

async fn create(client: &Client, name: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = client.request(Method::POST, "/Users").json(&user(name));
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await.expect(201)
}

const STANDARD: (&str, &str) =
    ("Forwarded", "for=198.51.100.7, for=\"[2001:db8::7]:443\";proto=https;host=scim.example");
const CUSTOM: [(&str, &str); 3] = [
    ("X-Forwarded-For", "198.51.100.7, 2001:db8::7"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "scim.example"),
];

#[tokio::test]
async fn a_trusted_proxy_says_who_asks_and_for_what() {
    let app = behind("127.0.0.0/8").await;
    let tenant = app.default_tenant().await.expect("a tenant");
    for (name, headers) in [("standard", &[STANDARD][..]), ("custom", &CUSTOM)] {
        let made = create(&app.operator(), name, headers).await;
        let location = format!("https://scim.example/scim/v2/Users/{}", made.id());
        assert_eq!(made.header("location"), location);
        assert_eq!(made.body["meta"]["location"], location);
        let log = app.audit_log(tenant).await.expect("a log");
        let told =
            log.iter().find(|event| event.target.as_ref().is_some_and(|target| target.id == made.id()));
        let address = told.and_then(|event| event.origin.client_address).map(|address| address.to_string());
        assert_eq!(address.as_deref(), Some("2001:db8::7"));
    }
    let issued = app.anonymous().at("").request(Method::GET, "/.well-known/oauth-authorization-server");
    let issued = issued.header(STANDARD.0, STANDARD.1).send().await.expect(200);
    assert_eq!(issued.body["issuer"], "https://scim.example");
}

#[tokio::test]
async fn refusals_are_noted_with_the_address_behind_the_proxy() {
    let app = behind("127.0.0.1").await;
    let refused = app.intruder().at("/tenants/default").request(Method::GET, "/Users");
    refused.header("X-Forwarded-For", "192.0.2.7").send().await.expect(401);
    let log = app.audit_log(app.default_tenant().await.expect("a tenant")).await.expect("a log");
    let told = log.iter().find(|event| event.outcome == AuditOutcome::Refused).expect("a refusal");
    assert_eq!(told.origin.client_address.map(|address| address.to_string()).as_deref(), Some("192.0.2.7"));
}

#[tokio::test]
async fn strangers_are_not_believed() {
    let (nobody, others) = (TestApp::start().await.expect("a server"), behind("10.0.0.0/8, ::/1").await);
    for app in [nobody, others] {
        let made = create(&app.operator(), "babs", &[&[STANDARD][..], &CUSTOM].concat()).await;
        assert_eq!(made.header("location"), format!("{}/Users/{}", app.base_url(), made.id()));
        let log = app.audit_log(app.default_tenant().await.expect("a tenant")).await.expect("a log");
        let addresses: Vec<_> = log.iter().filter_map(|event| event.origin.client_address).collect();
        assert!(
            !addresses.is_empty() && addresses.iter().all(|address| address.is_loopback()),
            "{addresses:?}"
        );
    }
}

#[tokio::test]
async fn what_is_no_host_is_not_repeated() {
    let app = behind("127.0.0.1").await;
    for (number, host) in ["a\"b", "a/b", "user@a", "<a>", "", "\u{e9}", "a b"].into_iter().enumerate() {
        let headers =
            [("X-Forwarded-Host", host), ("X-Forwarded-Proto", "gopher"), ("X-Forwarded-For", host)];
        let made = create(&app.operator(), &format!("user-{number}"), &headers).await;
        assert_eq!(made.header("location"), format!("{}/Users/{}", app.base_url(), made.id()), "{host}");
    }
}
