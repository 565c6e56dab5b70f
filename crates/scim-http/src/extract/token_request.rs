//! A token request: a form, and the client's credentials in it or in `Authorization` (RFC 6749 §2.3.1, §3.2).

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use actix_web::{FromRequest, HttpRequest, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::LocalBoxFuture;
use scim_application::oauth::{TokenError, TokenErrorKind, TokenRequest};
use scim_domain::error::ScimError;

use crate::AppState;
use crate::middleware::request_notes::RequestNotes;
use crate::respond::OauthError;

use super::{base_url, body, client_address, query, request_id};

/// The most bytes of a form.
const MAX_SIZE: usize = 16 * 1024;
/// The parameters that count; others are ignored (RFC 6749 §3.2).
const PARAMETERS: [&str; 4] = ["grant_type", "client_id", "client_secret", "scope"];

/// What a client asks of the token endpoint.
pub(crate) struct TokenForm {
    parameters: [Option<String>; 4],
    issuer: String,
    request_id: String,
    request: HttpRequest,
}

impl TokenForm {
    /// The request, for the use case.
    pub(crate) fn request(&self) -> TokenRequest<'_> {
        let [grant_type, client_id, client_secret, scope] = &self.parameters;
        TokenRequest {
            grant_type: grant_type.as_deref(),
            client_id: client_id.as_deref(),
            client_secret: client_secret.as_deref(),
            scope: scope.as_deref(),
            issuer: &self.issuer,
            request_id: &self.request_id,
            client_address: client_address(&self.request),
        }
    }

    async fn read(request: HttpRequest, mut payload: Payload) -> Result<Self, OauthError> {
        RequestNotes::routed(&request);
        let invalid = |detail: String| TokenError::new(TokenErrorKind::InvalidRequest, detail);
        if !is_form(request.headers()) {
            return Err(invalid("expected a body of application/x-www-form-urlencoded".to_owned()).into());
        }
        let state = request.app_data::<web::Data<AppState>>().cloned();
        // Nobody knows whose form it is.
        let share = state.as_ref().map(|state| state.gates.unverified.take(MAX_SIZE));
        let _share = share.transpose().map_err(ScimError::from)?;
        let bytes = body::bytes(&request, &mut payload, MAX_SIZE).await?;
        let form =
            std::str::from_utf8(&bytes).map_err(|_invalid| invalid("the form is not UTF-8".to_owned()))?;
        let pairs = query::pairs(form).map_err(|error| invalid(error.detail))?;
        let mut parameters = [const { None }; 4];
        for (name, value) in pairs {
            let place = PARAMETERS.iter().position(|parameter| *parameter == name);
            let Some(slot) = place.and_then(|place| parameters.get_mut(place)) else { continue };
            if slot.is_some() {
                return Err(invalid(format!("{name}: is there more than once")).into());
            }
            // A parameter without a value counts as left out (RFC 6749 §3.2).
            *slot = Some(value.into_owned()).filter(|value| !value.is_empty());
        }
        if let Some(credentials) = request.headers().get(AUTHORIZATION) {
            let [_, client_id, client_secret, _] = &mut parameters;
            if client_secret.is_some() {
                let detail = "the client shows its secret twice: in the form and in Authorization";
                return Err(invalid(detail.to_owned()).into());
            }
            let unknown = || TokenError::new(TokenErrorKind::InvalidClient, "Authorization: expected Basic");
            let (id, secret) = credentials.to_str().ok().and_then(basic).ok_or_else(unknown)?;
            if client_id.as_ref().is_some_and(|form_id| *form_id != id) {
                let detail = "client_id: is another than the one in Authorization";
                return Err(invalid(detail.to_owned()).into());
            }
            (*client_id, *client_secret) = (Some(id), Some(secret));
        }
        let issuer = issuer(&request)?;
        let request_id = request_id(&request);
        Ok(Self { parameters, issuer, request_id, request })
    }
}

impl FromRequest for TokenForm {
    type Error = OauthError;
    type Future = LocalBoxFuture<'static, Result<Self, OauthError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        Box::pin(Self::read(request.clone(), payload.take()))
    }
}

/// The base URL of this server as the client knows it.
pub(crate) fn issuer(request: &HttpRequest) -> Result<String, OauthError> {
    let state = request.app_data::<web::Data<AppState>>();
    let settings = state.map(|state| &state.settings);
    base_url::origin(request, settings.and_then(|settings| settings.public_base_url.as_deref()))
        .map_err(|error| TokenError::new(TokenErrorKind::InvalidRequest, error.detail).into())
}

fn is_form(headers: &HeaderMap) -> bool {
    let essence = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()?.split(';').next());
    essence.is_some_and(|name| name.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

/// The id and the secret of `client_secret_basic`: both are form-encoded before they are joined
/// (RFC 6749 §2.3.1).
fn basic(value: &str) -> Option<(String, String)> {
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((query::decode(id)?.into_owned(), query::decode(secret)?.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Option<(&str, &str)>) {
        assert_eq!(basic(value), expected.map(|(id, secret)| (id.to_owned(), secret.to_owned())));
    }

    #[test]
    fn basic_credentials_are_form_encoded() {
        check(&format!("Basic {}", STANDARD.encode("id:secret")), Some(("id", "secret")));
        check(&format!("basic {}", STANDARD.encode("i%3Ad:se+cr%25et")), Some(("i:d", "se cr%et")));
        check(&format!("Basic {}", STANDARD.encode("id:a:b")), Some(("id", "a:b")));
        check(&format!("Basic {}", STANDARD.encode("id")), None);
        check("Basic !", None);
        check("Bearer abc", None);
        check("Basic", None);
    }
}
