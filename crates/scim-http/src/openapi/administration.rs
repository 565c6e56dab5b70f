//! The schemas of the admin API: tenants, credentials, definitions, and its problem documents (RFC 9457).

use scim_domain::attribute::{AttributeType, Mutability, Returned, Uniqueness};
use scim_domain::credential::CredentialKind;
use scim_domain::tenant::Preset;
use serde_json::{Map, Value, json};

use super::tenant_config::words;
use super::{Schemas, named, object, schema};

/// The schemas.
pub(super) fn schemas() -> Schemas {
    named([
        ("Tenant", tenant()),
        ("TenantInput", tenant_input()),
        ("TenantPatch", tenant_patch()),
        ("TenantList", list_of("Tenant")),
        ("Scope", scope()),
        (
            "Credential",
            credential(
                &[
                    ("lastUsedAt", date_time_or_null("When it last opened the tenant.")),
                    (
                        "previousExpiresAt",
                        date_time_or_null(
                            "Until when the secret before the last rotation opens the tenant too.",
                        ),
                    ),
                    ("clientId", text("The client id, of an OAuth client.")),
                ],
                &["lastUsedAt", "previousExpiresAt"],
            ),
        ),
        ("CredentialInput", credential_input()),
        (
            "CredentialSecret",
            credential(
                &[
                    ("token", text("The token, of a bearer credential.")),
                    ("clientId", text("The client id, of an OAuth client.")),
                    ("clientSecret", text("Its secret.")),
                    (
                        "previousExpiresAt",
                        date_time("Until when the old secret opens the tenant too, where it does."),
                    ),
                ],
                &[],
            ),
        ),
        ("CredentialList", list_of("Credential")),
        ("Rotation", rotation()),
        ("AttributeDefinition", attribute_definition()),
        ("SchemaDefinition", schema_definition()),
        ("SchemaDefinitionList", list_of("SchemaDefinition")),
        ("ResourceTypeDefinition", resource_type_definition()),
        ("ResourceTypeDefinitionList", list_of("ResourceTypeDefinition")),
    ])
}

/// A page of a list of the admin API.
pub(super) fn list_of(name: &str) -> Value {
    object(
        "A page of a list.",
        &["items", "nextCursor"],
        json!({
            "items": {"type": "array", "items": schema(name)},
            "nextCursor": {"type": ["string", "null"], "description": "The `cursor` of the next page; `null` on the last one."},
        }),
    )
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn id(description: &str) -> Value {
    json!({"type": "string", "format": "uuid", "description": description})
}

pub(super) fn date_time(description: &str) -> Value {
    json!({"type": "string", "format": "date-time", "description": description})
}

pub(super) fn date_time_or_null(description: &str) -> Value {
    json!({"type": ["string", "null"], "format": "date-time", "description": description})
}

fn slug() -> Value {
    json!({
        "type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        "description": "Its name in URLs: no UUID, and not `admin`, `all`, `none`, `operator`, `scim`, `system`, `tenants` or `unknown`.",
        "examples": ["acme"],
    })
}

fn display_name() -> Value {
    json!({"type": ["string", "null"], "maxLength": 200, "description": "For people; the slug where there is none."})
}

fn active() -> Value {
    json!({"type": "boolean", "default": true, "description": "An inactive tenant answers 403."})
}

fn config() -> Value {
    json!({"anyOf": [schema("TenantConfig"), {"type": "null"}]})
}

fn preset() -> Value {
    let names: Vec<&str> = Preset::names().collect();
    json!({"type": "string", "enum": names, "default": Preset::DEFAULT, "description": "What the tenant begins with. It cannot be changed."})
}

fn tenant() -> Value {
    object(
        "A tenant.",
        &["id", "slug", "displayName", "active", "preset", "config", "createdAt", "updatedAt"],
        json!({
            "id": id("Its id."),
            "slug": slug(),
            "displayName": {"type": "string", "description": "For people."},
            "active": active(),
            "preset": preset(),
            "config": schema("TenantConfig"),
            "createdAt": date_time("When it was created."),
            "updatedAt": date_time("When it was last changed."),
        }),
    )
}

fn tenant_input() -> Value {
    closed(object(
        "A tenant to be. Its config goes over that of the preset.",
        &["slug"],
        json!({"slug": slug(), "displayName": display_name(), "active": active(), "preset": preset(), "config": config()}),
    ))
}

fn tenant_patch() -> Value {
    let mut patch = closed(object(
        "A merge patch of a tenant (RFC 7396), and of its config: `null` takes a key back to its default. The members that cannot be changed may be sent as they are.",
        &[],
        json!({
            "id": {}, "preset": {}, "createdAt": {}, "updatedAt": {},
            "slug": slug(),
            "displayName": display_name(),
            "active": active(),
            "config": {"type": ["object", "null"], "description": "What changes of the config: keys as in TenantConfig, or `null`."},
        }),
    ));
    if let Some(patch) = patch.as_object_mut() {
        patch.insert(
            "examples".into(),
            json!([{"active": false, "config": {"bulk": {"maxOperations": 10}, "strictMode": null}}]),
        );
    }
    patch
}

/// The object with no members but those that are described.
fn closed(mut object: Value) -> Value {
    if let Some(object) = object.as_object_mut() {
        object.insert("additionalProperties".into(), json!(false));
    }
    object
}

fn scope() -> Value {
    json!({
        "type": "string", "pattern": "^(bulk|discovery|(read|write)(:[A-Za-z0-9._-]{1,128})?)$",
        "description": "What a credential allows; `read:` and `write:` may have the name of a resource type.",
        "examples": ["read", "write:User"],
    })
}

fn scopes() -> Value {
    json!({"type": "array", "minItems": 1, "items": schema("Scope"), "default": ["read", "write", "bulk"]})
}

fn kind() -> Value {
    let kinds = [CredentialKind::Bearer, CredentialKind::OauthClient].map(CredentialKind::as_str);
    json!({"type": "string", "enum": kinds, "default": CredentialKind::Bearer.as_str()})
}

/// A credential with these members beside those that it always has.
fn credential(others: &[(&str, Value)], always: &[&str]) -> Value {
    let mut properties = json!({
        "id": id("Its id."),
        "type": kind(),
        "label": text("For people."),
        "scopes": scopes(),
        "subject": {"type": ["string", "null"], "description": "The id of the user that `/Me` means."},
        "expiresAt": date_time_or_null("When it stops opening the tenant."),
        "createdAt": date_time("When it was made."),
    });
    if let Some(properties) = properties.as_object_mut() {
        let others: Map<String, Value> =
            others.iter().map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
        properties.extend(others);
    }
    let required = ["id", "type", "label", "scopes", "subject", "expiresAt", "createdAt"];
    object("What opens a tenant.", &[&required, always].concat(), properties)
}

fn credential_input() -> Value {
    closed(object(
        "A credential to be.",
        &[],
        json!({
            "type": kind(),
            "label": {"type": ["string", "null"], "maxLength": 200, "description": "For people."},
            "scopes": scopes(),
            "subject": {"type": ["string", "null"], "description": "The user that `/Me` means, by `id` or `userName`."},
            "expiresAt": date_time_or_null("A time to come."),
        }),
    ))
}

fn rotation() -> Value {
    closed(object(
        "How a secret is replaced.",
        &[],
        json!({"graceSeconds": {"type": "integer", "minimum": 0, "maximum": 2_592_000, "default": 0, "description": "How long the old secret lives on."}}),
    ))
}

fn attribute_definition() -> Value {
    closed(object(
        "An attribute (RFC 7643 §7).",
        &["name", "type"],
        json!({
            "name": {"type": "string", "examples": ["badgeCode"]},
            "type": {"type": "string", "enum": words(AttributeType::ALL)},
            "multiValued": {"type": "boolean", "default": false},
            "description": {"type": "string", "default": ""},
            "required": {"type": "boolean", "default": false},
            "canonicalValues": {"type": "array", "items": {"type": "string"}, "description": "Suggested values; enforced in strict mode."},
            "caseExact": {"type": "boolean", "default": false},
            "mutability": {"type": "string", "enum": words(Mutability::ALL), "default": Mutability::default().as_str()},
            "returned": {"type": "string", "enum": words(Returned::ALL), "default": Returned::default().as_str()},
            "uniqueness": {"type": "string", "enum": words(Uniqueness::ALL), "default": Uniqueness::default().as_str()},
            "referenceTypes": {"type": "array", "items": {"type": "string"}},
            "subAttributes": {"type": "array", "items": schema("AttributeDefinition"), "description": "The parts of a complex attribute."},
        }),
    ))
}

fn schema_definition() -> Value {
    object(
        "A schema (RFC 7643 §7).",
        &["id", "attributes"],
        json!({
            "id": {"type": "string", "description": "Its URN.", "examples": ["urn:example:Badge"]},
            "name": text("A name for people."),
            "description": {"type": "string", "default": ""},
            "attributes": {"type": "array", "items": schema("AttributeDefinition")},
        }),
    )
}

fn resource_type_definition() -> Value {
    let extension = object(
        "An extension of the type.",
        &["schema", "required"],
        json!({"schema": text("Its URN."), "required": {"type": "boolean", "description": "Whether every resource has to have it."}}),
    );
    object(
        "A resource type (RFC 7643 §6).",
        &["name", "endpoint", "schema"],
        json!({
            "name": {"type": "string", "description": "Its name, which is its id as well.", "examples": ["Device"]},
            "description": {"type": "string", "default": ""},
            "endpoint": {"type": "string", "pattern": "^/", "examples": ["/Devices"]},
            "schema": text("The URN of its schema."),
            "schemaExtensions": {"type": "array", "items": extension},
        }),
    )
}
