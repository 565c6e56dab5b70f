//! A record of the audit log as it is kept.

use std::sync::Arc;

use scim_domain::audit::{AuditEntry, AuditEvent, AuditOperation, AuditOutcome, AuditTarget, Origin};
use scim_domain::identifier::{AuditEventId, ResourceId, TenantId, Timestamp, Version};
use scim_domain::schema::ResourceType;

/// What is written down of a change, made ready before any lock is taken.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    id: AuditEventId,
    origin: Arc<Origin>,
    operation: AuditOperation,
    attributes: Names,
}

/// What something was done to. The name of a type and the text of an id are made when they are read.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Nothing,
    Resource(Arc<ResourceType>, ResourceId),
    Other(Box<AuditTarget>),
}

/// Names of attributes, as a JSON array: one allocation for all of them.
#[derive(Debug, Clone)]
struct Names(Box<str>);

/// A record.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(super) id: AuditEventId,
    pub(super) at: Timestamp,
    origin: Arc<Origin>,
    operation: AuditOperation,
    outcome: AuditOutcome,
    target: Target,
    before: Option<Version>,
    after: Option<Version>,
    attributes: Names,
    occurrences: u32,
}

impl Names {
    fn new(names: &[String]) -> Self {
        let text = if names.is_empty() { None } else { serde_json::to_string(names).ok() };
        Self(text.unwrap_or_default().into_boxed_str())
    }

    fn list(&self) -> Vec<String> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

impl From<&AuditEntry> for Entry {
    fn from(entry: &AuditEntry) -> Self {
        let AuditEntry { id, origin, operation, attributes } = entry;
        let (origin, attributes) = (Arc::clone(origin), Names::new(attributes));
        Self { id: *id, origin, operation: *operation, attributes }
    }
}

impl Entry {
    /// The record of a change that was made.
    pub(super) fn record(
        self,
        at: Timestamp,
        target: Target,
        before: Option<Version>,
        after: Option<Version>,
    ) -> Record {
        let Self { id, origin, operation, attributes } = self;
        let outcome = AuditOutcome::Success;
        Record { id, at, origin, operation, outcome, target, before, after, attributes, occurrences: 1 }
    }
}

impl Target {
    /// A tenant, a credential, a schema or a resource type.
    pub(crate) fn other(resource_type: &str, id: impl ToString) -> Self {
        Self::Other(Box::new(AuditTarget { resource_type: resource_type.to_owned(), id: id.to_string() }))
    }
}

impl From<AuditEvent> for Record {
    fn from(event: AuditEvent) -> Self {
        Self {
            id: event.id,
            at: event.at,
            origin: event.origin,
            operation: event.operation,
            outcome: event.outcome,
            target: event.target.map_or(Target::Nothing, |target| Target::Other(Box::new(target))),
            before: event.version_before,
            after: event.version_after,
            attributes: Names::new(&event.attributes),
            occurrences: event.occurrences,
        }
    }
}

impl Record {
    /// The record as it is answered.
    pub(super) fn into_event(self, tenant: TenantId) -> AuditEvent {
        let target = match self.target {
            Target::Nothing => None,
            Target::Resource(resource_type, id) => {
                Some(AuditTarget { resource_type: resource_type.name().to_owned(), id: id.to_string() })
            }
            Target::Other(target) => Some(*target),
        };
        AuditEvent {
            id: self.id,
            at: self.at,
            tenant,
            origin: self.origin,
            operation: self.operation,
            target,
            outcome: self.outcome,
            version_before: self.before,
            version_after: self.after,
            attributes: self.attributes.list(),
            occurrences: self.occurrences,
        }
    }
}
