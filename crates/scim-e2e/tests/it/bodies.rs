//! Bodies that many tests send.

use scim_e2e::Client;
use serde_json::{Value, json};

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(crate) const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
pub(crate) const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
pub(crate) const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
pub(crate) const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// A user with nothing but a name.
pub(crate) fn user(user_name: &str) -> Value {
    json!({"schemas": [USER], "userName": user_name})
}

/// A group with these members.
pub(crate) fn group(display_name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    json!({"schemas": [GROUP], "displayName": display_name, "members": members})
}

/// A PATCH message.
pub(crate) fn patch(operations: &Value) -> Value {
    json!({"schemas": [PATCH_OP], "Operations": operations})
}

/// Creates a user, and answers its id.
pub(crate) async fn created(client: &Client, user_name: &str) -> String {
    client.post("/Users", &user(user_name)).await.expect(201).id()
}

/// Creates a group, and answers its id.
pub(crate) async fn created_group(client: &Client, display_name: &str, members: &[&str]) -> String {
    client.post("/Groups", &group(display_name, members)).await.expect(201).id()
}

/// The ids of a group's members, in the order of the answer.
pub(crate) async fn members(client: &Client, group: &str) -> Vec<String> {
    let answer = client.get(&format!("/Groups/{group}")).await.expect(200);
    let members = answer.body["members"].as_array().cloned().unwrap_or_default();
    members.iter().filter_map(|member| member["value"].as_str().map(str::to_owned)).collect()
}
