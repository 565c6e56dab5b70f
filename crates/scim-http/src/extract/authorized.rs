//! Who asks. An endpoint that takes [`Authorized`] cannot be reached without a credential.

use std::future::{Ready, ready};
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use scim_application::{
    AnswerShape, Attempt, DiscoveryEndpoint, Mount, RequestContext, ResourceTarget, ScimService,
};
use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::listing::parameters::ListParameters;
use scim_domain::precondition::{IfNoneMatch, VersionCondition};
use scim_domain::schema::ResourceType;
use serde_json::Value;

use crate::AppState;
use crate::limits::Place;
use crate::middleware::admission::Absence;
use crate::middleware::request_notes::RequestNotes;
use crate::respond::HttpError;
use crate::routes::MountPoint;

use super::{
    answer_shape, base_url, bearer, body, client_address, media_type, preconditions, query, request_id,
    segment,
};

/// The most bytes that a bulk request may have, whatever the tenant's config says.
const MAX_BULK_SIZE: usize = 64 * 1024 * 1024;

/// A request under a mount, of which nothing was verified.
pub(crate) struct Visitor {
    state: web::Data<AppState>,
    request: HttpRequest,
    mount: Mount,
    base_url: String,
    request_id: String,
    client_address: Option<IpAddr>,
}

impl Visitor {
    fn of(request: &HttpRequest) -> Result<Self, HttpError> {
        RequestNotes::routed(request);
        let state = request.app_data::<web::Data<AppState>>().ok_or_else(misplaced)?.clone();
        let point = *request.app_data::<MountPoint>().ok_or_else(misplaced)?;
        let base_url = base_url::base_url(request, point, &state.settings)?;
        Ok(Self {
            state,
            request: request.clone(),
            mount: point.mount(request),
            base_url,
            request_id: request_id(request),
            client_address: client_address(request),
        })
    }

    /// The discovery document at `endpoint`; whether it takes a credential is the tenant's to say.
    pub(crate) async fn discover(&self, endpoint: &DiscoveryEndpoint) -> Result<Value, HttpError> {
        let query = query::pairs(self.request.query_string());
        // What cannot be read is told only to those who may come in.
        let has_filter = query
            .as_ref()
            .is_ok_and(|pairs| pairs.iter().any(|(name, _)| name.eq_ignore_ascii_case("filter")));
        let discovery = self.state.service.discovery();
        let tenant = discovery.admit(self.attempt()).await?;
        RequestNotes::let_in(&self.request, Some(&tenant), None);
        let document = discovery.document(&tenant, &self.base_url, endpoint, has_filter)?;
        query?;
        media_type::check_accept(self.request.headers())?;
        Ok(document)
    }

    /// What the request shows of who asks.
    fn attempt(&self) -> Attempt<'_> {
        Attempt {
            mount: &self.mount,
            token: bearer::token(self.request.headers()),
            request_id: &self.request_id,
            client_address: self.client_address,
        }
    }

    /// A segment of the path.
    pub(crate) fn segment(&self, name: &str) -> String {
        segment(&self.request, name)
    }

    async fn authorize(self, payload: Payload) -> Result<Authorized, HttpError> {
        let context = self.state.service.authenticate(self.attempt(), self.base_url.clone()).await?;
        RequestNotes::let_in(&self.request, Some(context.tenant()), Some(&context.principal.actor));
        media_type::check_accept(self.request.headers())?;
        Ok(Authorized { context, state: self.state, request: self.request, payload })
    }
}

impl FromRequest for Visitor {
    type Error = HttpError;
    type Future = Ready<Result<Self, HttpError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// A request under a mount, with a credential that opens it.
pub(crate) struct Authorized {
    /// Who asks, and where.
    pub(crate) context: RequestContext,
    state: web::Data<AppState>,
    request: HttpRequest,
    payload: Payload,
}

impl Authorized {
    /// The use cases.
    pub(crate) fn service(&self) -> &ScimService {
        &self.state.service
    }

    /// The request.
    pub(crate) fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// The resource type at `/{endpoint}`, or 404.
    pub(crate) fn resource_type(&self) -> Result<Arc<ResourceType>, ScimError> {
        let endpoint = segment(&self.request, "endpoint");
        self.context
            .resource_type_at(&endpoint)
            .ok_or_else(|| ScimError::not_found(format!("there is no endpoint '/{endpoint}'")))
    }

    /// The resource that `/{endpoint}/{id}` names.
    pub(crate) fn target(&self) -> Result<ResourceTarget, ScimError> {
        Ok(ResourceTarget { resource_type: self.resource_type()?, id: segment(&self.request, "id") })
    }

    /// What the client wants to see of a resource.
    pub(crate) fn answer_shape(&self) -> Result<AnswerShape, ScimError> {
        answer_shape::answer_shape(&self.request)
    }

    /// The parameters of a query by GET (RFC 7644 §3.4.2).
    pub(crate) fn list_parameters(&self) -> Result<ListParameters, ScimError> {
        ListParameters::from_query(query::pairs(self.request.query_string())?)
    }

    /// The parameters of a query by POST (RFC 7644 §3.4.3).
    pub(crate) async fn search_request(&mut self) -> Result<ListParameters, ScimError> {
        ListParameters::from_search_request(&self.json().await?)
    }

    /// `If-Match`
    pub(crate) fn if_match(&self) -> Result<Option<VersionCondition>, ScimError> {
        preconditions::if_match(self.request.headers())
    }

    /// `If-None-Match`
    pub(crate) fn if_none_match(&self) -> Result<Option<IfNoneMatch>, ScimError> {
        preconditions::if_none_match(self.request.headers())
    }

    /// The body, of at most `MAX_REQUEST_SIZE` bytes.
    pub(crate) async fn json(&mut self) -> Result<Value, ScimError> {
        let limit = self.state.settings.max_request_size;
        body::json(&self.request, &mut self.payload, limit, media_type::SCIM_BODIES).await
    }

    /// The body of a bulk request, whose size is the tenant's to limit.
    pub(crate) async fn bulk_json(&mut self) -> Result<Value, ScimError> {
        let limit = self.context.tenant().config.bulk.max_payload_size.min(MAX_BULK_SIZE);
        body::json(&self.request, &mut self.payload, limit, media_type::SCIM_BODIES).await
    }

    /// A place among the bulk requests that run at once; 503 where too many wait for one. Others may work while it waits.
    pub(crate) async fn bulk_place(&self) -> Result<Place, ScimError> {
        let mut entering = pin!(self.state.gates.bulk.enter());
        if let Some(entered) = entering.as_mut().now_or_never() {
            return Ok(entered?);
        }
        let mut absence = Absence::of(&self.request);
        absence.begin();
        let entered = entering.await?;
        absence.end().await?;
        Ok(entered)
    }
}

impl FromRequest for Authorized {
    type Error = HttpError;
    type Future = LocalBoxFuture<'static, Result<Self, HttpError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let visitor = Visitor::of(request);
        let payload = payload.take();
        Box::pin(async move { visitor?.authorize(payload).await })
    }
}

fn misplaced() -> ScimError {
    ScimError::new(ErrorKind::Internal, "the request could not be processed")
}
