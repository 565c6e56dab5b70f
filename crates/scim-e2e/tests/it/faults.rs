//! A store that fails: the client is told as much as it may know, and the server goes on.

use std::sync::Arc;

use scim_domain::identifier::{ResourceId, Version};
use scim_domain::listing::{Include, ResourcePage, ResourceQuery};
use scim_domain::resource::{StoredAttributes, StoredResource};
use scim_domain::schema::ResourceType;
use scim_domain::tenant::{Tenant, TenantConfig};
use scim_e2e::SECRET;
use scim_ports::{
    Clock, DeleteResource, NewResource, RefusedCreate, RepositoryError, ResourceRepository, UpdateResource,
    Updated,
};
use scim_server::adapters::{SystemClock, UuidV7Ids};
use scim_server::wiring::Store;

use crate::TestApp;
use crate::hostile::raw;

/// What only the log may know.
const CAUSE: &str = "relation scim_resource does not exist";

/// A store that panics when it is read, or gives what is no resource, is out of reach when it is searched, and fails
/// otherwise.
struct Faulty;

/// The user that the store has, of which it gives what is no resource.
const SPOILT: &str = "01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a0a";

fn failed() -> RepositoryError {
    RepositoryError::Internal(CAUSE.into())
}

#[async_trait::async_trait]
impl ResourceRepository for Faulty {
    async fn resource_create_all(
        &self,
        _: &Tenant,
        _: Vec<NewResource>,
        _: Include,
    ) -> Result<Vec<StoredResource>, RefusedCreate> {
        Err(RefusedCreate { index: 0, error: failed() })
    }

    async fn resource_get(
        &self,
        _: &Tenant,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        _: Include,
    ) -> Result<Option<StoredResource>, RepositoryError> {
        assert_eq!(id.to_string(), SPOILT, "{CAUSE}");
        Ok(Some(StoredResource {
            id,
            resource_type: Arc::clone(resource_type),
            attributes: StoredAttributes::new(format!("[\"{CAUSE}\"]")),
            version: Version::FIRST,
            created: SystemClock.now(),
            last_modified: SystemClock.now(),
            members: None,
            groups: None,
        }))
    }

    async fn resource_update(
        &self,
        _: &Tenant,
        _: UpdateResource,
        _: Include,
    ) -> Result<Updated, RepositoryError> {
        Err(failed())
    }

    async fn resource_delete(&self, _: &Tenant, _: DeleteResource) -> Result<(), RepositoryError> {
        // A store that never answers.
        std::future::pending().await
    }

    async fn resource_search(&self, _: &Tenant, _: &ResourceQuery) -> Result<ResourcePage, RepositoryError> {
        Err(RepositoryError::Unavailable(CAUSE.into()))
    }

    async fn resource_reindex(
        &self,
        _: &Tenant,
        _: &Arc<ResourceType>,
        _: Option<ResourceId>,
        _: usize,
    ) -> Result<Option<ResourceId>, RepositoryError> {
        Err(failed())
    }

    async fn ping(&self) -> Result<(), RepositoryError> {
        Err(RepositoryError::Unavailable(CAUSE.into()))
    }
}

#[tokio::test]
async fn failures_are_opaque_and_every_request_is_answered() {
    let ids = UuidV7Ids::new(Arc::new(SystemClock));
    let store = Store {
        resources: Arc::new(Faulty),
        ..Store::in_memory(TenantConfig::default(), &ids).expect("a store")
    };
    let app = TestApp::builder()
        .store(store)
        .http(|http| http.request_timeout = std::time::Duration::from_millis(300))
        .start()
        .await
        .expect("a server");
    let user = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"x"}"#;
    let id = "01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09";
    for (line, body, status) in [
        (format!("GET /scim/v2/Users/{id}"), "", "500"),
        (format!("GET /scim/v2/Users/{SPOILT}"), "", "500"),
        (format!("PUT /scim/v2/Users/{SPOILT}"), user, "500"),
        ("POST /scim/v2/Users".to_owned(), user, "500"),
        ("GET /scim/v2/Users".to_owned(), "", "503"),
        (format!("DELETE /scim/v2/Users/{id}"), "", "503"),
    ] {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nX-Request-Id: r-1\r\n\
             Content-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = raw(&app, request.as_bytes()).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {answer}");
        assert!(answer.contains(&format!("\"status\":\"{status}\"")), "{line}: {answer}");
        assert!(answer.contains("x-request-id: r-1\r\n"), "{line}: {answer}");
        assert_eq!(answer.contains("retry-after: 1\r\n"), status == "503", "{line}: {answer}");
        assert!(!answer.contains("relation"), "{line}: {answer}");
    }
    let ready = app.anonymous().at("").get("/ready").await.expect(503);
    assert_eq!(ready.body["checks"][0]["healthy"], false);
    assert!(!ready.body.to_string().contains("relation"));
    app.anonymous().at("").get("/health").await.expect(200);
}
