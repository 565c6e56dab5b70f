//! What every fuzz target does with its input: it reads it as the server would, and holds what comes
//! out to the laws of the domain. Nothing that a client sends may panic, overflow the stack or take
//! much longer than its length.
//!
//! `crates/scim-domain/tests/fuzz_corpus.rs` includes this file and replays the corpus through it.

use std::sync::{Arc, LazyLock};

use scim_domain::bulk::{BulkMethod, BulkPlan, BulkRequest, bulk_ids, substitute};
use scim_domain::filter::limits::MAX_LENGTH;
use scim_domain::filter::{Binding, Filter, PatchPath, UnknownAttribute};
use scim_domain::identifier::{ResourceId, TenantId, Timestamp, Version};
use scim_domain::json;
use scim_domain::listing::query::KeysetPosition;
use scim_domain::listing::{Cursor, CursorSealer, Direction, QueryFingerprint, SortKey};
use scim_domain::patch::{PatchEngine, PatchRequest};
use scim_domain::resource::Resource;
use scim_domain::schema::core::GROUP_URN;
use scim_domain::schema::{
    DefinitionChange, ResourceType, ResourceTypeDefinition, SchemaDefinition, TenantDefinitions, TenantSchema,
};
use scim_domain::tenant::TenantConfig;
use scim_domain::validation::SchemaValidator;
use serde_json::Value;
use time::OffsetDateTime;

/// What a target does with one input.
pub type Entry = fn(&[u8]);

/// Every target: its name, which is that of its file and of its corpus, and what it does.
pub const TARGETS: &[(&str, Entry)] = &[
    ("admin_body", admin_body),
    ("bulk_body", bulk_body),
    ("cursor", cursor),
    ("filter", filter),
    ("json", json_body),
    ("patch_body", patch_body),
    ("patch_path", patch_path),
];

const ID: &str = "2819c223-7f76-453a-919d-413861904646";
const BASE_URL: &str = "https://example.com/scim/v2";

/// Filters (RFC 7644 §3.4.2.2): what can be read prints as what reads the same, binds or is refused,
/// and matches or doesn't.
pub fn filter(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(filter) = Filter::parse(text) else { return };
    let printed = filter.to_string();
    // Escapes may take more room than what was sent, and so be too long to be read again.
    if printed.len() <= MAX_LENGTH {
        assert_eq!(Filter::parse(&printed).as_ref(), Ok(&filter), "{text:?} prints as {printed:?}");
    }
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
    if printed.len() <= MAX_LENGTH {
        assert_eq!(PatchPath::parse(&printed).as_ref(), Ok(&path), "{text:?} prints as {printed:?}");
    }
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

/// What operators send: a config is written as what reads the same, and so is a definition; one that goes
/// with a tenant's others compiles, whichever way it is used.
pub fn admin_body(input: &[u8]) {
    let Ok(body) = json::parse(input) else { return };
    if let Ok(config) = TenantConfig::from_json(&body) {
        assert_eq!(TenantConfig::from_json(&config.to_json()).as_ref(), Ok(&config), "{body}");
        assert_eq!(config.merge_patch(&body).as_ref(), Ok(&config), "{body}");
    }
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let set = TenantDefinitions::rfc7643();
    let mut changed: Vec<TenantDefinitions> = Vec::new();
    if let Ok(schema) = SchemaDefinition::from_client(&body, text("id")) {
        let written = serde_json::to_value(&schema).expect("a definition is JSON");
        assert_eq!(SchemaDefinition::from_client(&written, text("id")).as_ref(), Ok(&schema), "{body}");
        let urn = schema.id.as_str().to_owned();
        let Ok(with_schema) = set.put_schema(schema) else { return };
        let base = serde_json::json!({"name": "Fuzz", "endpoint": "/Fuzz", "schema": urn});
        let extended = serde_json::json!({
            "name": "Group", "endpoint": "/Groups", "schema": GROUP_URN, "schemaExtensions": [{"schema": urn, "required": true}],
        });
        for (name, definition) in [("Fuzz", base), ("Group", extended)] {
            let definition = ResourceTypeDefinition::from_client(&definition, name).expect("a resource type");
            changed.extend(with_schema.put_resource_type(definition));
        }
        changed.push(with_schema);
    } else if let Ok(definition) = ResourceTypeDefinition::from_client(&body, text("name")) {
        changed.extend(set.put_resource_type(definition));
    }
    let old = set.compile().expect("compiles");
    for set in changed {
        let new = set.compile().expect("what goes together compiles");
        let change = DefinitionChange::between(&old, &new);
        for resource in RESOURCES.iter() {
            for change in
                change.types.iter().filter(|change| change.old.name() == resource.resource_type.name())
            {
                for config in CONFIGS.iter() {
                    let violations = change.violations(config, resource);
                    assert!(change.checks_resources || violations.is_empty(), "{violations:?} of {body}");
                }
            }
        }
        let back = DefinitionChange::between(&new, &old);
        assert!(back.types.len() >= change.types.len(), "{body}");
    }
}

/// Bodies of bulk requests (RFC 7644 §3.7): every operation is refused or has exactly one place in the
/// plan, circles are of POSTs, and no reference to a known name is left once all have an id.
pub fn bulk_body(input: &[u8]) {
    let Ok(body) = json::parse(input) else { return };
    for config in CONFIGS.iter() {
        let Ok(request) = BulkRequest::parse(&body, config) else { continue };
        let plan = BulkPlan::new(&request);
        let mut planned: Vec<usize> = plan.steps.iter().flatten().copied().collect();
        planned.sort_unstable();
        assert!(planned.into_iter().eq(0..request.operations.len()), "not each once: {:?}", plan.steps);
        for step in plan.steps.iter().filter(|step| step.len() > 1) {
            for operation in step.iter().filter_map(|index| request.operations.get(*index)) {
                let is_post = operation.as_ref().is_ok_and(|operation| operation.method == BulkMethod::Post);
                assert!(is_post, "a circle of more than POSTs: {operation:?}");
            }
        }
        for operation in request.operations.iter().flatten() {
            let mut data = operation.data.clone();
            substitute(&mut data, &|_name| Some(ID.to_owned()));
            assert_eq!(bulk_ids(&data), Vec::<&str>::new(), "left in {data}");
        }
    }
}

/// Cursors (RFC 9865): what a client makes up does not open; what was sealed opens as it was, but not
/// once it is changed, and not for another query.
pub fn cursor(input: &[u8]) {
    let sealer = CursorSealer::new([7; 32]);
    let fingerprint = |tenant: &str| {
        let tenant = TenantId::parse(tenant).expect("an id");
        QueryFingerprint::new(tenant, &[], Direction::Ascending)
    };
    let query = fingerprint(ID);
    if let Ok(text) = std::str::from_utf8(input) {
        assert!(sealer.open(text, &query, moment()).is_err(), "a forgery opened: {text:?}");
    }

    let Some((&[kind, direction, count, changed, ref number @ ..], rest)) = input.split_first_chunk::<12>()
    else {
        return;
    };
    let number = i64::from_be_bytes(*number);
    let sort_key = match kind % 4 {
        0 => None,
        1 => Some(SortKey::Boolean(number % 2 == 0)),
        2 => Some(SortKey::Number(number.into())),
        _ => Some(SortKey::Text(String::from_utf8_lossy(rest).into_owned())),
    };
    let id = ResourceId::parse(ID).expect("an id");
    let sealed = Cursor {
        position: (kind >= 8).then_some(KeysetPosition { sort_key, id }),
        direction: if direction % 2 == 0 { Direction::Ascending } else { Direction::Descending },
        count: count.into(),
        issued_at: moment(),
    };
    let Ok(text) = sealer.seal(&sealed, &query, [changed; 24]) else { return };
    assert_eq!(sealer.open(&text, &query, moment()).as_ref(), Ok(&sealed));
    let other = fingerprint("26118915-6090-4610-87e4-49d8ca9f808d");
    assert!(sealer.open(&text, &other, moment()).is_err(), "opened for another tenant");
    let place = usize::from(changed) % text.len();
    let other_letter = if text.as_bytes().get(place) == Some(&b'A') { 'B' } else { 'A' };
    let mut altered = text.clone();
    altered.replace_range(place..=place, other_letter.encode_utf8(&mut [0; 4]));
    assert!(sealer.open(&altered, &query, moment()).is_err(), "opened though changed: {altered:?}");
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

fn moment() -> Timestamp {
    Timestamp::new(OffsetDateTime::UNIX_EPOCH)
}

fn resource(resource_type: &Arc<ResourceType>, body: &str) -> Resource {
    let body = json::parse(body.as_bytes()).expect("a sample is JSON");
    let config = TenantConfig::default();
    let draft = SchemaValidator::new(resource_type, &config).create(&body).expect("a sample is valid");
    Resource {
        id: ResourceId::parse(ID).expect("an id"),
        resource_type: Arc::clone(resource_type),
        attributes: draft.attributes,
        version: Version::FIRST,
        created: moment(),
        last_modified: moment(),
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
