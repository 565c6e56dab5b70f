//! The admin API.

use serde_json::json;

use super::failures::Form;
use super::operation::{Content, Operation, Place};

const JSON: [&str; 1] = ["application/json"];

/// How any request of the operator may fail.
const ANY: &[u16] = &[400, 401, 429, 500, 503];
/// How a request with a body may fail as well.
const BODY: &[u16] = &[408, 413, 415];

const PAGE: &[&str] = &["limit", "adminCursor"];

/// The operations of the admin API.
pub(super) fn operations() -> Vec<Operation> {
    let mut operations = tenants();
    operations.extend(credentials());
    operations.extend(definitions());
    operations.extend(figures());
    operations
}

/// An operation; where its path names anything, 404 may be the answer.
fn at(method: &'static str, pattern: &'static str, tag: &'static str, id: &str, summary: &str) -> Operation {
    let operation = Operation::new(Place::Elsewhere, (method, pattern), tag, id, summary)
        .fails(Form::Problem, ANY)
        .secured_by(json!([{"operatorSecret": []}]));
    if pattern.contains('{') { operation.fails(Form::Problem, &[404]) } else { operation }
}

fn tenants() -> Vec<Operation> {
    const ALL: &str = "/admin/tenants";
    const ONE: &str = "/admin/tenants/{tenant}";
    let at = |method, pattern, id: &str, summary: &str| at(method, pattern, "Tenants", id, summary);
    vec![
        at("GET", ALL, "listTenants", "List tenants")
            .takes(PAGE)
            .answers(200, "A page of them, in the order of their ids.", Content::Json("TenantList"), &[]),
        at("POST", ALL, "createTenant", "Create a tenant")
            .describe("It is seeded with the schemas and resource types of its preset. A slug that is in use is 409.")
            .with_body(&JSON, "TenantInput", true)
            .answers(201, "It is made.", Content::Json("Tenant"), &["Location", "ETag"])
            .fails(Form::Problem, BODY)
            .fails(Form::Problem, &[409]),
        at("GET", ONE, "getTenant", "Get a tenant")
            .answers(200, "The tenant.", Content::Json("Tenant"), &["ETag"]),
        at("PATCH", ONE, "patchTenant", "Change a tenant")
            .describe("What changes nothing keeps the version. The change is in force at once, and on other replicas within a second.")
            .takes(&["ifMatch"])
            .with_body(&["application/merge-patch+json", "application/json"], "TenantPatch", true)
            .answers(200, "The tenant as it is now.", Content::Json("Tenant"), &["ETag"])
            .fails(Form::Problem, BODY)
            .fails(Form::Problem, &[409, 412]),
        at("DELETE", ONE, "deleteTenant", "Delete a tenant")
            .describe("And all that it has, but for its activity, which stays under its id. The tenant `default` is not deleted (409).")
            .takes(&["ifMatch"])
            .answers(204, "It is gone.", Content::None, &[])
            .fails(Form::Problem, &[409, 412]),
    ]
}

fn credentials() -> Vec<Operation> {
    const ALL: &str = "/admin/tenants/{tenant}/credentials";
    let at = |method, pattern, id: &str, summary: &str| at(method, pattern, "Credentials", id, summary);
    vec![
        at("GET", ALL, "listCredentials", "List the credentials of a tenant").takes(PAGE).answers(
            200,
            "A page of them, the oldest first. Nothing in it opens anything.",
            Content::Json("CredentialList"),
            &[],
        ),
        at("POST", ALL, "createCredential", "Make a credential")
            .with_body(&JSON, "CredentialInput", true)
            .answers(
                201,
                "It is made; the secret is in this answer alone.",
                Content::Json("CredentialSecret"),
                &["Cache-Control"],
            )
            .fails(Form::Problem, BODY),
        at(
            "DELETE",
            "/admin/tenants/{tenant}/credentials/{credential}",
            "revokeCredential",
            "Revoke a credential",
        )
        .answers(
            204,
            "It opens nothing any more; with an OAuth client its tokens end.",
            Content::None,
            &[],
        ),
        at(
            "POST",
            "/admin/tenants/{tenant}/credentials/{credential}/rotate",
            "rotateCredential",
            "Replace the secret of a credential",
        )
        .describe("One that was rotated out before ends at once. A credential that has expired is 409.")
        .with_body(&JSON, "Rotation", false)
        .answers(
            200,
            "It has another secret, which is in this answer alone.",
            Content::Json("CredentialSecret"),
            &["Cache-Control"],
        )
        .fails(Form::Problem, BODY)
        .fails(Form::Problem, &[409]),
    ]
}

fn definitions() -> Vec<Operation> {
    let of = |[all, one]: [&'static str; 2],
              id: &str,
              ids: &str,
              [definition, list]: [&'static str; 2],
              what: &str| {
        let at = |method, pattern, verb: &str, id: &str, summary: String| {
            at(method, pattern, "Definitions", &format!("{verb}{id}"), &summary)
        };
        vec![
            at("GET", all, "list", ids, format!("List the {what}s of a tenant"))
                .takes(PAGE)
                .answers(200, "A page of them, in the order of discovery.", Content::Json(list), &[]),
            at("GET", one, "get", id, format!("Get a {what} of a tenant"))
                .answers(200, "The definition.", Content::Json(definition), &[]),
            at("PUT", one, "put", id, format!("Put in a {what}"))
                .describe("In the place of the one of this name. Where stored resources do not go with it, nothing changes, and the problem has a report.")
                .takes(&["dryRun"])
                .with_body(&JSON, definition, true)
                .answers(200, "It took the place of another; or the report, of a dry run.", Content::Either(definition, "ViolationReport"), &[])
                .answers(201, "There was none.", Content::Json(definition), &[])
                .fails(Form::Problem, BODY)
                .fails(Form::Problem, &[409]),
            at("DELETE", one, "delete", id, format!("Take out a {what}"))
                .describe("One that is still needed is 409.")
                .takes(&["dryRun"])
                .answers(200, "The report, of a dry run.", Content::Json("ViolationReport"), &[])
                .answers(204, "It is gone.", Content::None, &[])
                .fails(Form::Problem, &[409]),
        ]
    };
    let mut operations = of(
        ["/admin/tenants/{tenant}/schemas", "/admin/tenants/{tenant}/schemas/{urn}"],
        "TenantSchema",
        "TenantSchemas",
        ["SchemaDefinition", "SchemaDefinitionList"],
        "schema",
    );
    operations.extend(of(
        ["/admin/tenants/{tenant}/resource-types", "/admin/tenants/{tenant}/resource-types/{name}"],
        "TenantResourceType",
        "TenantResourceTypes",
        ["ResourceTypeDefinition", "ResourceTypeDefinitionList"],
        "resource type",
    ));
    operations
}

fn figures() -> Vec<Operation> {
    let at = |pattern, id: &str, summary: &str| at("GET", pattern, "Figures and activity", id, summary);
    vec![
        at("/admin/tenants/{tenant}/stats", "getTenantStatistics", "Count what a tenant has").answers(
            200,
            "The figures.",
            Content::Json("Statistics"),
            &[],
        ),
        at("/admin/stats", "getStatistics", "Count what all tenants have").answers(
            200,
            "The figures.",
            Content::Json("TotalStatistics"),
            &[],
        ),
        at("/admin/tenants/{tenant}/activity", "listActivity", "List what happened in a tenant")
            .describe("The audit log, the newest record first. A tenant that was deleted is named by its id.")
            .takes(&["activityFilter", "limit", "adminCursor"])
            .answers(200, "A page of records.", Content::Json("AuditRecordList"), &[]),
        at("/admin/version", "getVersion", "Tell what the server is and runs on").answers(
            200,
            "The version.",
            Content::Json("Version"),
            &[],
        ),
    ]
}
