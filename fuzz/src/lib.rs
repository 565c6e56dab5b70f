//! What every fuzz target does with its input: it reads it as the server would, and holds what comes
//! out to the laws of the domain. Nothing that a client sends may panic, overflow the stack or take
//! much longer than its length.
//!
//! `crates/scim-domain/tests/fuzz_corpus.rs` includes this file and replays the corpus through it.

use std::sync::{Arc, LazyLock};

use scim_domain::filter::{Binding, Filter, PatchPath, UnknownAttribute};
use scim_domain::identifier::{ResourceId, Timestamp, Version};
use scim_domain::json;
use scim_domain::patch::{PatchEngine, PatchRequest};
use scim_domain::resource::Resource;
use scim_domain::schema::{ResourceType, TenantSchema};
use scim_domain::tenant::TenantConfig;
use scim_domain::validation::SchemaValidator;
use serde_json::Value;
use time::OffsetDateTime;

/// What a target does with one input.
pub type Entry = fn(&[u8]);

/// Every target: its name, which is that of its file and of its corpus, and what it does.
pub const TARGETS: &[(&str, Entry)] =
    &[("filter", filter), ("json", json_body), ("patch_body", patch_body), ("patch_path", patch_path)];

const BASE_URL: &str = "https://example.com/scim/v2";

/// Filters (RFC 7644 §3.4.2.2): what can be read prints as what reads the same, binds or is refused,
/// and matches or doesn't.
pub fn filter(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(filter) = Filter::parse(text) else { return };
    let printed = filter.to_string();
    assert_eq!(Filter::parse(&printed).as_ref(), Ok(&filter), "{text:?} prints as {printed:?}");
    for resource in RESOURCES.iter() {
        for unknown in [UnknownAttribute::Refuse, UnknownAttribute::Absent] {
            let binding = Binding { base_url: BASE_URL, unknown };
            if let Ok(bound) = filter.bind(&resource.resource_type, &binding) {
                let matches = bound.matches(resource);
                assert_eq!(bound.matches(resource), matches, "{text:?} is not sure");
            }
        }
    }
}

/// Paths of PATCH operations (RFC 7644 §3.5.2): what can be read prints as what reads the same.
pub fn patch_path(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(path) = PatchPath::parse(text) else { return };
    let printed = path.to_string();
    assert_eq!(PatchPath::parse(&printed).as_ref(), Ok(&path), "{text:?} prints as {printed:?}");
}

/// Bodies of PATCH requests: applied to a user and a group, by the letter and leniently, they leave
/// attributes that are normalised, the same ones each time.
pub fn patch_body(input: &[u8]) {
    let Ok(body) = json::parse(input) else { return };
    for config in CONFIGS.iter() {
        for resource in RESOURCES.iter() {
            let resource_type = &*resource.resource_type;
            let Ok(request) = PatchRequest::parse(&body, resource_type, config, BASE_URL) else { continue };
            let engine = PatchEngine { validator: SchemaValidator::new(resource_type, config) };
            let outcome = engine.apply(resource, &request);
            assert_eq!(engine.apply(resource, &request), outcome, "the outcome is not sure");
            if let Ok(Some(attributes)) = outcome.map(|outcome| outcome.attributes) {
                assert!(attributes.values().all(is_assigned), "not normalised: {attributes:?}");
            }
        }
    }
}

/// Bodies that create or replace a resource: what is valid is normalised, and what can be read can be
/// written and read again.
pub fn json_body(input: &[u8]) {
    let Ok(body) = json::parse(input) else { return };
    assert_eq!(json::parse(body.to_string().as_bytes()).as_ref(), Ok(&body), "not the same once written");
    for config in CONFIGS.iter() {
        for resource in RESOURCES.iter() {
            let validator = SchemaValidator::new(&resource.resource_type, config);
            for draft in [validator.create(&body), validator.replace(resource, &body)].into_iter().flatten() {
                let attributes = draft.attributes;
                assert!(attributes.values().all(is_assigned), "not normalised: {attributes:?}");
            }
        }
    }
}

/// Whether a value is one that is stored: no `null`, no empty array and no empty object anywhere
/// (RFC 7643 §2.5).
fn is_assigned(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty() && items.iter().all(is_assigned),
        Value::Object(members) => !members.is_empty() && members.values().all(is_assigned),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

/// The rules of a tenant without settings, and those of one that goes by the letter.
static CONFIGS: LazyLock<[TenantConfig; 2]> = LazyLock::new(|| {
    [TenantConfig::default(), TenantConfig { strict_mode: true, ..TenantConfig::default() }]
});

/// A user and a group, as they would be stored.
static RESOURCES: LazyLock<Vec<Resource>> = LazyLock::new(|| {
    let schema = TenantSchema::rfc7643().expect("the schemas of the RFC compile");
    let samples = [("User", USER), ("Group", GROUP)];
    samples.map(|(name, body)| resource(schema.resource_type(name).expect("a type of the RFC"), body)).into()
});

fn resource(resource_type: &Arc<ResourceType>, body: &str) -> Resource {
    let body = json::parse(body.as_bytes()).expect("a sample is JSON");
    let config = TenantConfig::default();
    let draft = SchemaValidator::new(resource_type, &config).create(&body).expect("a sample is valid");
    let moment = Timestamp::new(OffsetDateTime::UNIX_EPOCH);
    Resource {
        id: ResourceId::parse("2819c223-7f76-453a-919d-413861904646").expect("an id"),
        resource_type: Arc::clone(resource_type),
        attributes: draft.attributes,
        version: Version::FIRST,
        created: moment,
        last_modified: moment,
        members: Some(Vec::new()),
        groups: Some(Vec::new()),
    }
}

const USER: &str = r#"{
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
    "userName": "bjensen", "externalId": "701984", "active": true, "title": "Tour Guide",
    "name": {"givenName": "Barbara", "familyName": "Jensen"},
    "emails": [{"value": "bjensen@example.com", "type": "work", "primary": true}, {"value": "babs@example.org", "type": "home"}],
    "x509Certificates": [{"value": "AAEC"}],
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": "1", "manager": {"value": "26118915-6090-4610-87e4-49d8ca9f808d"}}
}"#;

const GROUP: &str = r#"{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Tour Guides", "externalId": "7"}"#;
