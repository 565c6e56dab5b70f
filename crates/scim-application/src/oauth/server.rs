//! The token endpoint (RFC 6749 §3.2) for `client_credentials`, and the documents about it.

use std::net::IpAddr;
use std::sync::Arc;

use scim_domain::credential::{BearerToken, Secret, parse_client_id};
use scim_domain::scope::Scopes;
use scim_ports::Clock;
use serde_json::{Value, json};

use crate::{Authentication, ServiceError};

use super::{AccessTokens, TokenError, TokenErrorKind};

/// A request for a token.
#[derive(Debug, Clone, Copy)]
pub struct TokenRequest<'a> {
    /// `grant_type`
    pub grant_type: Option<&'a str>,
    /// The client, by `client_secret_basic` or `client_secret_post` (RFC 6749 §2.3.1).
    pub client_id: Option<&'a str>,
    /// Its secret.
    pub client_secret: Option<&'a str>,
    /// `scope`, separated by spaces.
    pub scope: Option<&'a str>,
    /// The base URL of this server: who the token is from.
    pub issuer: &'a str,
    /// The id of the request.
    pub request_id: &'a str,
    /// Where it came from.
    pub client_address: Option<IpAddr>,
}

/// A token (RFC 6749 §5.1).
#[derive(Debug, Clone)]
pub struct TokenAnswer {
    /// The token.
    pub access_token: String,
    /// After how many seconds it expires.
    pub expires_in: i64,
    /// What it allows.
    pub scopes: Scopes,
}

impl TokenAnswer {
    /// The body of the answer.
    pub fn to_json(&self) -> Value {
        json!({
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "scope": self.scopes.to_string(),
        })
    }
}

/// The authorization server.
pub struct OauthServer {
    tokens: Arc<AccessTokens>,
    authentication: Arc<Authentication>,
    clock: Arc<dyn Clock>,
}

impl OauthServer {
    pub(crate) fn new(
        tokens: Arc<AccessTokens>,
        authentication: Arc<Authentication>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { tokens, authentication, clock }
    }

    /// Makes a token for a client (RFC 6749 §4.4).
    ///
    /// # Errors
    /// As RFC 6749 §5.2 has them; the same for an unknown client as for a wrong secret.
    pub async fn token(&self, request: TokenRequest<'_>) -> Result<TokenAnswer, TokenError> {
        match request.grant_type {
            Some("client_credentials") => {}
            Some(other) => {
                let detail = format!("grant_type: expected client_credentials, got '{other}'");
                return Err(TokenError::new(TokenErrorKind::UnsupportedGrantType, detail));
            }
            None => {
                return Err(TokenError::new(TokenErrorKind::InvalidRequest, "grant_type: is required"));
            }
        }
        let (tenant, credential) = request.client_id.and_then(parse_client_id).ok_or_else(unknown_client)?;
        let secret = request.client_secret.and_then(Secret::parse).ok_or_else(unknown_client)?;
        let shown = BearerToken { tenant, credential, secret };
        let client = self.authentication.client(&shown, request.request_id, request.client_address).await?;
        let client = client.ok_or_else(unknown_client)?;
        let scopes = match request.scope {
            None => client.scopes.clone(),
            Some(asked) => narrowed(asked, &client.scopes)?,
        };
        let whose = (tenant, credential);
        let now = self.clock.now();
        let (access_token, expires_in) =
            self.tokens.issue(request.issuer, whose, &scopes, client.expires_at, now).await?;
        Ok(TokenAnswer { access_token, expires_in, scopes })
    }

    /// The public keys of the tokens (RFC 7517 §5).
    ///
    /// # Errors
    /// 503 where they are out of reach.
    pub async fn jwks(&self) -> Result<Value, ServiceError> {
        self.tokens.jwks(self.clock.now()).await
    }

    /// The metadata of the server (RFC 8414 §2), whose base URL is `issuer`.
    pub fn metadata(&self, issuer: &str) -> Value {
        json!({
            "issuer": issuer,
            "token_endpoint": format!("{issuer}/oauth/token"),
            "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
            "scopes_supported": ["read", "write", "bulk", "discovery"],
            "response_types_supported": [],
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        })
    }
}

/// What is asked for, where the client has it.
fn narrowed(asked: &str, own: &Scopes) -> Result<Scopes, TokenError> {
    let refused = |detail: String| TokenError::new(TokenErrorKind::InvalidScope, detail);
    let scopes = Scopes::parse(asked.split(' ').filter(|scope| !scope.is_empty()))
        .map_err(|unknown| refused(format!("scope: '{unknown}' is none")))?;
    if scopes.is_empty() {
        return Err(refused("scope: expected at least one".to_owned()));
    }
    if !own.include(&scopes) {
        return Err(refused(format!("scope: expected at most '{own}', which the client has")));
    }
    Ok(scopes)
}

fn unknown_client() -> TokenError {
    TokenError::new(TokenErrorKind::InvalidClient, "the client id and secret are not those of a client")
}
