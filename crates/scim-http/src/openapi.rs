//! The OpenAPI 3.1 document of everything that is served, made from the code.
//!
//! Its paths and methods are those of [`routes::table`](crate::routes::table): a route that nothing here
//! describes is not in it, which a test forbids. The bodies of resources are computed from the schema
//! definitions of `scim-domain` (RFC 7643 §7), the errors from its table of errors (RFC 7644 §3.12), the limits of
//! a tenant's config from the config itself.
//!
//! It is put together as JSON, not with the macros of a library for OpenAPI: those describe a handler and a
//! struct each, and here three mounts share their handlers, one handler serves every resource type,
//! and the resources are data that no struct mirrors.
//!
//! | module | what lives there |
//! |---|---|
//! | `operation` | one method of one route, as it is described |
//! | `scim`, `admin`, `service` | the descriptions: below the mounts, the operator's, the others |
//! | `parameters` | parameters and headers |
//! | `failures` | answers of requests that fail |
//! | `resources` | schemas of resources, from their definitions |
//! | `messages` | schemas of the other SCIM bodies |
//! | `tenant_config` | the schema of a tenant's config |
//! | `administration`, `figures` | schemas of the admin API |
//! | `others` | schemas of OAuth and of health |

mod admin;
mod administration;
mod failures;
mod figures;
mod messages;
mod operation;
mod others;
mod parameters;
mod resources;
mod scim;
mod service;
mod tenant_config;

use scim_domain::schema::TenantSchema;
use serde_json::{Map, Value, json};

use crate::routes::{MountPoint, table};

use operation::Operation;

/// What the API is about, for the head of the document.
const DESCRIPTION: &str = "\
A SCIM 2.0 service provider (RFC 7643, RFC 7644, RFC 9865) for many tenants.

SCIM is served at three mounts, which have the same endpoints: `/scim/v2` is the tenant that the credential belongs to, \
`/tenants/{tenant}` the tenant with that id or slug, and `/tenants/{tenant}/scim/v2` another spelling of the second. Wherever there is \
GET, there is HEAD.

The schemas of users and groups are those that a new tenant is seeded with. A tenant may have other attributes, extensions and resource \
types: `/Schemas` and `/ResourceTypes` say which.

Every request may have an `X-Request-Id`, visible ASCII of at most 128 characters. Every answer has it, or one that is made, and the log and the activity name it. A request that is not understood is never answered with 5xx. Under more \
load than it can serve, the server answers 503 with `Retry-After`.";

/// A group of operations, and what to say of it.
const TAGS: [(&str, &str); 11] = [
    ("Users", "Users, with the enterprise extension (RFC 7643 §4.1, §4.3)."),
    ("Groups", "Groups and their members (RFC 7643 §4.2). A group may be a member of another."),
    (
        "Resources",
        "The resources of any other type that the tenant has: `{endpoint}` is the type's endpoint.",
    ),
    (
        "Queries and bulk",
        "Queries over all resource types (RFC 7644 §3.4.3) and many operations in one request (§3.7).",
    ),
    (
        "Me",
        "The user that the credential speaks for (RFC 7644 §3.11); 501 for a credential that speaks for nobody.",
    ),
    (
        "Discovery",
        "What this service provider can do for the tenant (RFC 7644 §4). Open without a credential where the tenant's `anonymousDiscovery` is on.",
    ),
    (
        "Tenants",
        "Tenants and their rules. The admin API takes the operator's secret and nothing else; its errors are problem documents (RFC 9457), its lists have a `nextCursor`.",
    ),
    (
        "Credentials",
        "What opens a tenant: bearer tokens and OAuth clients. A secret is answered when it is made, and never again.",
    ),
    (
        "Definitions",
        "The schemas and resource types of a tenant (RFC 7643 §6, §7). A change that stored resources do not go with is refused with a report; `dryRun` answers the report alone.",
    ),
    ("Figures and activity", "What is stored, what happened, and what the server runs on."),
    ("Service", "Tokens, health, and this documentation."),
];

/// The document; `public_base_url` is where the server is reached, without a slash at its end, and without
/// it URLs are relative to where the document came from.
pub fn openapi(public_base_url: Option<&str>) -> Value {
    json!({
        "openapi": "3.1.1",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "SCIM service provider",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "SCIM 2.0 for many tenants, and its administration.",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT"},
        },
        "servers": [{"url": public_base_url.unwrap_or("/")}],
        "tags": TAGS.map(|(name, description)| json!({"name": name, "description": description})),
        "security": [],
        "paths": paths(),
        "components": {
            "schemas": schemas(),
            "parameters": parameters::parameters(),
            "headers": parameters::headers(),
            "responses": failures::responses(),
            "securitySchemes": security_schemes(public_base_url.unwrap_or_default()),
        },
    })
}

/// A component of the document.
fn component(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// The schema of this name.
fn schema(name: &str) -> Value {
    component("schemas", name)
}

/// Every path with its operations: what the routing table has and something here describes.
fn paths() -> Value {
    let described = described();
    let mut paths = Map::new();
    for route in table() {
        for operation in described.iter().filter(|operation| operation.is_of(&route)) {
            let path = [route.mount.map_or("", MountPoint::pattern), &operation.path()].concat();
            let of_path = parameters::of_path(&path);
            let item = paths.entry(path).or_insert(of_path);
            if let Some(item) = item.as_object_mut() {
                item.insert(operation.method.to_ascii_lowercase(), operation.to_json(route.mount));
            }
        }
    }
    Value::Object(paths)
}

/// All descriptions, in the order in which people may read them.
fn described() -> Vec<Operation> {
    [scim::operations(), admin::operations(), service::operations()].concat()
}

fn schemas() -> Value {
    // The definitions are those of scim-domain, whose tests compile them.
    let known = TenantSchema::rfc7643().map(|known| resources::schemas(&known)).unwrap_or_default();
    let groups = [
        known,
        messages::schemas(),
        tenant_config::schemas(),
        administration::schemas(),
        figures::schemas(),
        others::schemas(),
    ];
    Value::Object(groups.into_iter().flatten().collect())
}

/// Schemas by their names.
type Schemas = Map<String, Value>;

/// Named schemas as a map.
fn named<const N: usize>(schemas: [(&str, Value); N]) -> Schemas {
    schemas.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// An object with these members; those in `required` are always there.
fn object(description: &str, required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "description": description, "required": required, "properties": properties})
}

fn security_schemes(base_url: &str) -> Value {
    json!({
        "tenantToken": {
            "type": "http",
            "scheme": "bearer",
            "description": "A bearer token of the tenant (RFC 6750): one that the operator made, or a JWT of an issuer that the tenant trusts. The scopes that an operation names are those that the token needs.",
        },
        "oauth2": {
            "type": "oauth2",
            "description": "An access token for a client of the tenant (RFC 6749 §4.4).",
            "flows": {
                "clientCredentials": {
                    "tokenUrl": format!("{base_url}/oauth/token"),
                    "scopes": {
                        "read": "GET and `.search`; `read:User` is for one resource type",
                        "write": "POST, PUT, PATCH and DELETE; `write:User` is for one resource type",
                        "bulk": "`/Bulk`, where each operation needs its own scope as well",
                        "discovery": "the discovery endpoints, and nothing else",
                    },
                },
            },
        },
        "operatorSecret": {
            "type": "http",
            "scheme": "bearer",
            "description": "The operator's secret (`SCIM_SHARED_SECRET`): it opens the admin API, and at `/scim/v2` the tenant `default`.",
        },
        "client": {
            "type": "http",
            "scheme": "basic",
            "description": "The id and the secret of an OAuth client, form-encoded (RFC 6749 §2.3.1).",
        },
    })
}

#[cfg(test)]
mod tests;
