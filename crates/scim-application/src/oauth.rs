//! OAuth 2.0: access tokens for clients (RFC 6749 §4.4, RFC 9068), the keys that sign them
//! (RFC 7517), and what clients can find out about both (RFC 8414); and the tokens of other issuers
//! that a tenant trusts.

mod access_token;
mod issuer_keys;
mod jwt;
mod sealing;
mod server;
mod signing_keys;
mod token_error;
mod trusted_issuers;
mod verifier;

pub use access_token::{AccessToken, AccessTokens};
pub use sealing::Sealer;
pub use server::{OauthServer, TokenAnswer, TokenRequest};
pub use signing_keys::SigningKeys;
pub use token_error::{TokenError, TokenErrorKind};
pub use trusted_issuers::{IssuedToken, TrustedIssuers};

pub(crate) use jwt::is_jwt;
pub(crate) use verifier::SignedTokens;

#[cfg(test)]
mod tests;
