//! The operator. An endpoint that takes [`Operator`] cannot be reached without the operator's secret.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use scim_application::{AdminContext, Administration, Parameters};
use scim_domain::audit::Actor;
use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::precondition::VersionCondition;
use serde_json::Value;

use crate::AppState;
use crate::middleware::request_notes::RequestNotes;
use crate::respond::Problem;

use super::{bearer, body, client_address, media_type, preconditions, query, request_id, segment};

/// A request with the operator's secret.
pub(crate) struct Operator {
    /// Who asks, for the audit log.
    pub(crate) context: AdminContext,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: Payload,
}

impl Operator {
    fn of(request: &HttpRequest, payload: &mut Payload) -> Result<Self, Problem> {
        RequestNotes::routed(request);
        let state = request
            .app_data::<web::Data<AppState>>()
            .cloned()
            .ok_or_else(|| ScimError::new(ErrorKind::Internal, "the request could not be processed"))?;
        let token = bearer::token(request.headers());
        let (request_id, client_address) = (request_id(request), client_address(request));
        let context = state.service.administration().authenticate(token, &request_id, client_address)?;
        RequestNotes::let_in(request, None, Some(&Actor::Operator));
        Ok(Self { context, state, request: request.clone(), payload: payload.take() })
    }

    /// The use cases.
    pub(crate) fn administration(&self) -> &Administration {
        self.state.service.administration()
    }

    /// What it takes to do the work without the request.
    pub(crate) fn into_parts(self) -> (Arc<AppState>, AdminContext) {
        (self.state.into_inner(), self.context)
    }

    /// The request.
    pub(crate) fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// The tenant that the path names, by its id or slug.
    pub(crate) fn tenant(&self) -> String {
        self.segment("tenant")
    }

    /// A segment of the path.
    pub(crate) fn segment(&self, name: &str) -> String {
        segment(&self.request, name)
    }

    /// The parameters.
    pub(crate) fn parameters(&self) -> Result<Parameters, ScimError> {
        let pairs = query::pairs(self.request.query_string())?;
        Parameters::new(pairs.into_iter().map(|(name, value)| (name.into_owned(), value.into_owned())))
    }

    /// Refuses parameters, for endpoints that have none.
    pub(crate) fn without_parameters(&self) -> Result<(), ScimError> {
        self.parameters()?.allow(&[])
    }

    /// `If-Match`
    pub(crate) fn if_match(&self) -> Result<Option<VersionCondition>, ScimError> {
        preconditions::if_match(self.request.headers())
    }

    /// The body.
    pub(crate) async fn json(&mut self) -> Result<Value, ScimError> {
        let limit = self.state.settings.max_request_size;
        body::json(&self.request, &mut self.payload, limit, media_type::JSON_BODIES).await
    }

    /// The body, where there is one.
    pub(crate) async fn optional_json(&mut self) -> Result<Option<Value>, ScimError> {
        let limit = self.state.settings.max_request_size;
        body::optional_json(&self.request, &mut self.payload, limit, media_type::JSON_BODIES).await
    }

    /// The merge patch in the body (RFC 7396).
    pub(crate) async fn merge_patch(&mut self) -> Result<Value, ScimError> {
        let limit = self.state.settings.max_request_size;
        body::json(&self.request, &mut self.payload, limit, media_type::MERGE_PATCH_BODIES).await
    }
}

impl FromRequest for Operator {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        ready(Self::of(request, payload))
    }
}
