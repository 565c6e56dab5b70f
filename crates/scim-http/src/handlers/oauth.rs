//! `/oauth/token` (RFC 6749 §3.2), and what clients can find out about it (RFC 7517, RFC 8414).

use actix_web::{HttpRequest, HttpResponse, web};

use super::Answer;
use crate::AppState;
use crate::extract::{TokenForm, issuer};
use crate::respond::{self, OauthError};

/// POST `/oauth/token`
pub(crate) async fn token(state: web::Data<AppState>, form: TokenForm) -> Result<HttpResponse, OauthError> {
    let answer = state.service.oauth().token(form.request()).await?;
    Ok(respond::unstored(&answer.to_json()))
}

/// GET `/.well-known/jwks.json`
pub(crate) async fn jwks(state: web::Data<AppState>) -> Answer {
    Ok(respond::json(&state.service.oauth().jwks().await?))
}

/// GET `/.well-known/oauth-authorization-server`
pub(crate) async fn metadata(
    state: web::Data<AppState>,
    request: HttpRequest,
) -> Result<HttpResponse, OauthError> {
    Ok(respond::json(&state.service.oauth().metadata(&issuer(&request)?)))
}
