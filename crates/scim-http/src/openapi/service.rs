//! What is open to everyone: tokens, health, documentation.

use serde_json::json;

use super::failures::Form;
use super::operation::{Content, Operation, Place};

/// The operations.
pub(super) fn operations() -> Vec<Operation> {
    let at = |method, pattern, id, summary: &str| {
        Operation::new(Place::Elsewhere, (method, pattern), "Service", id, summary)
    };
    // What stays as it is while the process runs.
    let kept = |pattern, id, summary: &str, content| {
        at("GET", pattern, id, summary)
            .takes(&["ifNoneMatch"])
            .answers(200, "It is in the body.", content, &["ETag", "Cache-Control"])
            .answers(304, "The client has it.", Content::None, &["ETag"])
            .fails(Form::Scim, &[503])
    };
    vec![
        at("POST", "/oauth/token", "createToken", "Get an access token")
            .describe("The client credentials grant (RFC 6749 §4.4), by `client_secret_basic` or `client_secret_post`. Other parameters are ignored; one that comes twice is an error.")
            .with_body(&["application/x-www-form-urlencoded"], "TokenRequest", true)
            .answers(200, "The token.", Content::Json("TokenResponse"), &["Cache-Control"])
            .fails(Form::Oauth, &[400, 401, 408, 413, 503])
            .secured_by(json!([{"client": []}, {}])),
        at("GET", "/.well-known/jwks.json", "getKeys", "Get the public keys of access tokens")
            .answers(200, "The keys.", Content::Json("JwkSet"), &[])
            .fails(Form::Scim, &[503]),
        at("GET", "/.well-known/oauth-authorization-server", "getAuthorizationServer", "Find the authorization server")
            .answers(200, "Its metadata.", Content::Json("AuthorizationServer"), &[])
            .fails(Form::Oauth, &[400])
            .fails(Form::Scim, &[503]),
        at("GET", "/health", "getHealth", "Tell whether the process serves")
            .answers(200, "It does.", Content::Json("Health"), &[]),
        at("GET", "/ready", "getReadiness", "Tell whether requests may be sent here")
            .answers(200, "They may.", Content::Json("Health"), &[])
            .answers(503, "They may not: a check fails, or the server is about to end.", Content::Json("Health"), &[]),
        at("GET", "/metrics", "getMetrics", "Get the metrics")
            .describe("In the text format of Prometheus. 404 where `METRICS_ENABLED` is off.")
            .answers(200, "The metrics.", Content::Text("text/plain"), &[])
            .fails(Form::Scim, &[404]),
        kept("/openapi.json", "getOpenApi", "Get this document", Content::Json("OpenApi")),
        kept("/docs", "getDocumentation", "Read this document as a page", Content::Text("text/html")),
        kept("/docs/style.css", "getDocumentationStyle", "Get the style sheet of the pages", Content::Text("text/css")),
        at("GET", "/", "getIndex", "Find your way")
            .answers(200, "A page of links.", Content::Text("text/html"), &[])
            .fails(Form::Scim, &[503]),
    ]
}
