//! The schemas of tokens (RFC 6749, RFC 7517, RFC 8414) and of health.

use scim_application::oauth::TokenErrorKind;
use serde_json::{Value, json};

use super::{Schemas, named, object};

/// The schemas.
pub(super) fn schemas() -> Schemas {
    named([
        ("TokenRequest", token_request()),
        ("TokenResponse", token_response()),
        ("OAuthError", error()),
        ("JwkSet", jwk_set()),
        ("AuthorizationServer", authorization_server()),
        ("Health", health()),
        ("OpenApi", open_api()),
    ])
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn token_request() -> Value {
    object(
        "A request for a token (RFC 6749 §4.4.2). The client shows its id and secret here or in `Authorization`, not in both.",
        &["grant_type"],
        json!({
            "grant_type": {"type": "string", "const": "client_credentials"},
            "client_id": text("The client id."),
            "client_secret": text("Its secret."),
            "scope": text("The scopes that are asked for, with spaces between; those of the client where it is left out."),
        }),
    )
}

fn token_response() -> Value {
    object(
        "A token (RFC 6749 §5.1).",
        &["access_token", "token_type", "expires_in", "scope"],
        json!({
            "access_token": text("The token."),
            "token_type": {"type": "string", "const": "Bearer"},
            "expires_in": {"type": "integer", "minimum": 0, "description": "After how many seconds it expires."},
            "scope": text("What it allows."),
        }),
    )
}

fn error() -> Value {
    let kinds = [
        TokenErrorKind::InvalidRequest,
        TokenErrorKind::InvalidClient,
        TokenErrorKind::UnauthorizedClient,
        TokenErrorKind::UnsupportedGrantType,
        TokenErrorKind::InvalidScope,
        TokenErrorKind::TemporarilyUnavailable,
    ];
    object(
        "A refused token request (RFC 6749 §5.2).",
        &["error", "error_description"],
        json!({
            "error": {"type": "string", "enum": kinds.map(TokenErrorKind::as_str)},
            "error_description": text("A sentence for a person."),
        }),
    )
}

fn jwk_set() -> Value {
    let key = object(
        "A public key.",
        &["kty", "kid"],
        json!({"kty": text("The kind of key."), "kid": text("Its id."), "alg": text("What it signs with."), "use": text("`sig`"), "crv": text("The curve."), "x": text("The key.")}),
    );
    object(
        "Public keys (RFC 7517 §5).",
        &["keys"],
        json!({"keys": {"type": "array", "items": key, "description": "Empty where tokens are signed with a secret."}}),
    )
}

fn authorization_server() -> Value {
    let texts =
        |description: &str| json!({"type": "array", "items": {"type": "string"}, "description": description});
    object(
        "The authorization server (RFC 8414 §2).",
        &["issuer", "token_endpoint", "jwks_uri", "response_types_supported", "grant_types_supported"],
        json!({
            "issuer": text("The `iss` of its tokens."),
            "token_endpoint": text("Where tokens are."),
            "jwks_uri": text("Where the keys are."),
            "scopes_supported": texts("The scopes."),
            "response_types_supported": texts("None: there is no authorization endpoint."),
            "grant_types_supported": texts("The grants."),
            "token_endpoint_auth_methods_supported": texts("How a client shows its secret."),
        }),
    )
}

fn health() -> Value {
    let bytes = |description: &str| json!({"type": "integer", "minimum": 0, "description": description});
    let check = object(
        "One check.",
        &["name", "healthy"],
        json!({
            "name": text("What is checked."),
            "healthy": {"type": "boolean"},
            "usedBytes": bytes("The memory that is used, where it has a limit."),
            "limitBytes": bytes("The limit of it."),
        }),
    );
    object(
        "How the server is.",
        &["status", "checks", "timestamp", "version"],
        json!({
            "status": {"type": "string", "enum": ["ok", "degraded", "unavailable"]},
            "checks": {"type": "array", "items": check},
            "timestamp": {"type": "string", "format": "date-time"},
            "version": text("The version of the program."),
        }),
    )
}

fn open_api() -> Value {
    object(
        "An OpenAPI 3.1 document.",
        &["openapi", "info", "paths"],
        json!({"openapi": text("The version of OpenAPI."), "info": {"type": "object"}, "paths": {"type": "object"}}),
    )
}
