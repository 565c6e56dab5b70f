//! What the tests of the admin API begin with.

use scim_e2e::{Answer, Backend, Client, TestApp};
use serde_json::{Value, json};

/// Creates a tenant of this slug.
pub(crate) async fn new_tenant(admin: &Client, slug: &str) -> Answer {
    admin.post("/tenants", &json!({"slug": slug})).await.expect(201)
}

/// Makes a credential.
pub(crate) async fn new_credential(admin: &Client, tenant: &str, body: &Value) -> Answer {
    admin.post(&format!("/tenants/{tenant}/credentials"), body).await.expect(201)
}

/// A client with a new credential of this tenant, at `/scim/v2`.
pub(crate) async fn client_of<B: Backend>(app: &TestApp<B>, tenant: &str) -> Client {
    let made = new_credential(&app.admin(), tenant, &json!({})).await;
    app.anonymous().with_token(&made.text("token"))
}

/// Changes the config of a tenant.
pub(crate) async fn configure(admin: &Client, tenant: &str, config: Value) -> Answer {
    admin.patch(&format!("/tenants/{tenant}"), &json!({"config": config})).await.expect(200)
}
