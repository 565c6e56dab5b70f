//! The schemas of what the operator is told: figures, activity, the version, reports and problems.

use scim_domain::validation::ViolationReason;
use serde_json::{Map, Value, json};

use super::administration::{date_time, date_time_or_null, list_of};
use super::tenant_config::words;
use super::{Schemas, named, object};

/// The schemas.
pub(super) fn schemas() -> Schemas {
    named([
        ("Statistics", statistics(&[])),
        ("TotalStatistics", statistics(&["tenants"])),
        ("AuditRecord", audit_record()),
        ("AuditRecordList", list_of("AuditRecord")),
        ("Version", version()),
        ("ViolationReport", violation_report()),
        ("Problem", problem()),
    ])
}

fn count(description: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": description})
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

/// Figures, with these beside those that there always are.
fn statistics(others: &[&str]) -> Value {
    let mut properties = json!({
        "resources": {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}, "description": "How many there are of each type.", "examples": [{"User": 1200, "Group": 40}]},
        "activeUsers": count("How many users are active."),
        "lastWriteAt": date_time_or_null("When a resource was last changed."),
    });
    if let Some(properties) = properties.as_object_mut() {
        properties.extend(others.iter().map(|name| ((*name).to_owned(), count("How many there are."))));
    }
    object(
        "What is stored, in figures.",
        &[&["resources", "activeUsers", "lastWriteAt"], others].concat(),
        properties,
    )
}

fn audit_record() -> Value {
    object(
        "A record of the audit log. It names what changed, and never has values.",
        &["id", "at", "operation", "outcome", "actor", "requestId"],
        json!({
            "id": text("Its id."),
            "at": date_time("When."),
            "operation": {"type": "string", "enum": ["create", "replace", "modify", "delete", "rotate", "authenticate"]},
            "outcome": {"type": "string", "enum": ["success", "refused"]},
            "actor": {"type": "string", "enum": ["operator", "commandLine", "service", "credential", "issuer", "unknown"]},
            "credentialId": text("The credential that was used, or tried."),
            "subject": text("The user that the actor speaks for."),
            "issuer": text("The issuer of the token."),
            "name": text("What the issuer calls the actor."),
            "requestId": text("The id of the request."),
            "clientAddress": text("Where the request came from."),
            "resourceType": text("The type of the resource; or `tenant`, `credential`, `schema`, `resourceType`."),
            "resourceId": text("Its id."),
            "versionBefore": text("The version before."),
            "versionAfter": text("The version after."),
            "attributes": {"type": "array", "items": {"type": "string"}, "description": "The names of what changed."},
            "occurrences": {"type": "integer", "minimum": 2, "description": "How many times, where it was more than once."},
        }),
    )
}

fn version() -> Value {
    let pool = object(
        "The connections to the database.",
        &["max", "open", "idle", "waiting"],
        json!({
            "max": count("The most connections."),
            "open": count("Those that are open."),
            "idle": count("Those of them that nobody uses."),
            "waiting": count("How many wait for one."),
        }),
    );
    object(
        "Which server this is, and what it runs on.",
        &["version", "commit", "persistenceBackend", "pool", "migration"],
        json!({
            "version": text("The version of the program."),
            "commit": {"type": ["string", "null"], "description": "The commit that it was built from."},
            "persistenceBackend": {"type": "string", "enum": ["inmemory", "postgres"]},
            "pool": {"anyOf": [pool, {"type": "null"}]},
            "migration": {"type": ["string", "null"], "description": "The newest migration that is applied."},
        }),
    )
}

fn violation_report() -> Value {
    let description = "How stored resources stand in the way of a definition.";
    object(description, &["affected", "violations"], Value::Object(report()))
}

/// The members of the report.
fn report() -> Map<String, Value> {
    let violation = object(
        "An attribute that does not go with its definition.",
        &["resourceType", "attribute", "reason", "count", "examples"],
        json!({
            "resourceType": text("The type of the resources."),
            "attribute": text("The path of the attribute; empty where the type itself is concerned."),
            "reason": {"type": "string", "enum": words(ViolationReason::ALL)},
            "count": count("How many resources have it."),
            "examples": {"type": "array", "maxItems": 5, "items": {"type": "string"}, "description": "The ids of the oldest few."},
        }),
    );
    named([
        ("affected", count("How many resources violate anything.")),
        ("violations", json!({"type": "array", "items": violation})),
    ])
}

fn problem() -> Value {
    let mut properties = named([
        ("type", json!({"type": "string", "enum": ["about:blank", "urn:scim-server:problem:stored-data"]})),
        ("title", text("The kind of problem.")),
        ("status", json!({"type": "integer", "description": "The HTTP status."})),
        ("detail", text("A sentence that names the member, and what was expected.")),
    ]);
    properties.extend(report());
    object(
        "A problem (RFC 9457); with the report where stored resources stand in the way of a definition.",
        &["type", "title", "status", "detail"],
        Value::Object(properties),
    )
}
