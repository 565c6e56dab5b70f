//! What is written down of every change and of every refused authentication: who did what, to which
//! resource, by which request, and how it went. The names of changed attributes are kept, their
//! values never.

mod filter;

use std::net::IpAddr;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::identifier::{AuditEventId, CredentialId, ResourceId, TenantId, Timestamp, Version};
use crate::resource::{Attributes, MemberChange};

pub use filter::{AuditAttribute, AuditFilter, AuditOperand};

/// Who acts, and by which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Who acts.
    pub actor: Actor,
    /// The id of the request, as `X-Request-Id` shows it.
    pub request_id: String,
    /// Where the request came from.
    pub client_address: Option<IpAddr>,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The operator, by the operator's secret.
    Operator,
    /// The command line, at the database itself.
    CommandLine,
    /// The service itself.
    Service,
    /// A credential of the tenant, and the user it speaks for.
    Credential {
        /// The credential.
        id: CredentialId,
        /// The user.
        subject: Option<ResourceId>,
    },
    /// A token of an issuer that the tenant trusts.
    Issuer {
        /// The issuer (`iss`).
        issuer: String,
        /// Whom the issuer made it for (`sub`).
        name: Option<String>,
        /// The user it speaks for.
        subject: Option<ResourceId>,
    },
    /// Somebody who could not show who they are.
    Unknown {
        /// The credential whose id the refused token carries.
        credential: Option<CredentialId>,
    },
}

impl Actor {
    /// What kind of actor it is, as the log shows it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::CommandLine => "commandLine",
            Self::Service => "service",
            Self::Credential { .. } => "credential",
            Self::Issuer { .. } => "issuer",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// The credential it acts by, or tried to.
    pub fn credential(&self) -> Option<CredentialId> {
        match self {
            Self::Credential { id, .. } => Some(*id),
            Self::Unknown { credential } => *credential,
            Self::Operator | Self::CommandLine | Self::Service | Self::Issuer { .. } => None,
        }
    }

    /// The user it speaks for.
    pub fn subject(&self) -> Option<ResourceId> {
        match self {
            Self::Credential { subject, .. } | Self::Issuer { subject, .. } => *subject,
            Self::Operator | Self::CommandLine | Self::Service | Self::Unknown { .. } => None,
        }
    }

    /// The issuer that it comes from.
    pub fn issuer(&self) -> Option<&str> {
        match self {
            Self::Issuer { issuer, .. } => Some(issuer),
            _ => None,
        }
    }

    /// What the issuer calls it.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Issuer { name, .. } => name.as_deref(),
            _ => None,
        }
    }

    /// The actor that is written down in these parts; `None` where they do not fit together.
    pub fn from_parts(
        kind: &str,
        credential: Option<CredentialId>,
        subject: Option<ResourceId>,
        issuer: Option<String>,
        name: Option<String>,
    ) -> Option<Self> {
        Some(match kind {
            "operator" => Self::Operator,
            "commandLine" => Self::CommandLine,
            "service" => Self::Service,
            "credential" => Self::Credential { id: credential?, subject },
            "issuer" => Self::Issuer { issuer: issuer?, name, subject },
            "unknown" => Self::Unknown { credential },
            _ => return None,
        })
    }
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Its name, as the log shows it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The one of this name.
            pub fn named(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

named! {
    /// What was done.
    AuditOperation {
        /// POST (RFC 7644 §3.3).
        Create = "create",
        /// PUT (RFC 7644 §3.5.1).
        Replace = "replace",
        /// PATCH (RFC 7644 §3.5.2).
        Modify = "modify",
        /// DELETE (RFC 7644 §3.6), and the revocation of a credential.
        Delete = "delete",
        /// A credential got another secret.
        Rotate = "rotate",
        /// Somebody asked to be let in.
        Authenticate = "authenticate",
    }
}

named! {
    /// How it went.
    AuditOutcome {
        /// It was done.
        Success = "success",
        /// It was refused.
        Refused = "refused",
    }
}

/// What something was done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditTarget {
    /// The name of its resource type; for what is no resource one of `tenant`, `credential`,
    /// `schema`, `resourceType`.
    pub resource_type: String,
    /// Its id, URN or name.
    pub id: String,
}

/// What the application knows of a change before it is written; the store adds the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The id of the record to be.
    pub id: AuditEventId,
    /// Who does it, and by which request.
    pub origin: Arc<Origin>,
    /// What is done.
    pub operation: AuditOperation,
    /// The names of the attributes that change.
    pub attributes: Vec<String>,
}

impl AuditEntry {
    /// The record of a change that was made.
    pub fn record(
        &self,
        tenant: TenantId,
        at: Timestamp,
        target: AuditTarget,
        version_before: Option<Version>,
        version_after: Option<Version>,
    ) -> AuditEvent {
        AuditEvent {
            id: self.id,
            at,
            tenant,
            origin: Arc::clone(&self.origin),
            operation: self.operation,
            target: Some(target),
            outcome: AuditOutcome::Success,
            version_before,
            version_after,
            attributes: self.attributes.clone(),
            occurrences: 1,
        }
    }
}

/// A record of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Its id.
    pub id: AuditEventId,
    /// When.
    pub at: Timestamp,
    /// In which tenant.
    pub tenant: TenantId,
    /// Who, and by which request.
    pub origin: Arc<Origin>,
    /// What was done.
    pub operation: AuditOperation,
    /// To what.
    pub target: Option<AuditTarget>,
    /// How it went.
    pub outcome: AuditOutcome,
    /// The version before, where there was one.
    pub version_before: Option<Version>,
    /// The version after, where there is one.
    pub version_after: Option<Version>,
    /// The names of the attributes that changed.
    pub attributes: Vec<String>,
    /// How many times: more than once only for refusals that came faster than they are written down.
    pub occurrences: u32,
}

impl AuditEvent {
    /// The record as the admin API shows it; what it has not is left out.
    pub fn to_json(&self) -> Value {
        let mut record = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                record.insert(name.to_owned(), value);
            }
        };
        let actor = &self.origin.actor;
        put("id", Some(json!(self.id.to_string())));
        put("at", Some(json!(self.at.to_string())));
        put("operation", Some(json!(self.operation.as_str())));
        put("outcome", Some(json!(self.outcome.as_str())));
        put("actor", Some(json!(actor.kind())));
        put("credentialId", actor.credential().map(|id| json!(id.to_string())));
        put("subject", actor.subject().map(|id| json!(id.to_string())));
        put("issuer", actor.issuer().map(Value::from));
        put("name", actor.name().map(Value::from));
        put("requestId", Some(json!(self.origin.request_id)));
        put("clientAddress", self.origin.client_address.map(|address| json!(address.to_string())));
        put("resourceType", self.target.as_ref().map(|target| json!(target.resource_type)));
        put("resourceId", self.target.as_ref().map(|target| json!(target.id)));
        put("versionBefore", self.version_before.map(|version| json!(version.to_string())));
        put("versionAfter", self.version_after.map(|version| json!(version.to_string())));
        put("attributes", (!self.attributes.is_empty()).then(|| json!(self.attributes)));
        put("occurrences", (self.occurrences > 1).then(|| json!(self.occurrences)));
        Value::Object(record)
    }
}

/// The names of the attributes that differ between two states of a resource: of its core schema by
/// their name, of an extension by URN and name (RFC 7644 §3.10); `members` where members change.
pub fn changed_attributes(before: &Attributes, after: &Attributes, members: &MemberChange) -> Vec<String> {
    let mut names = Vec::new();
    difference(&mut names, "", before, after);
    if !members.is_none() {
        names.push("members".to_owned());
    }
    names
}

fn difference(names: &mut Vec<String>, prefix: &str, before: &Attributes, after: &Attributes) {
    let gone =
        before.iter().filter(|(name, _)| !after.contains_key(name.as_str())).map(|(name, _)| (name, None));
    let there = after.iter().map(|(name, value)| (name, Some(value)));
    for (name, value) in there.chain(gone) {
        let old = before.get(name.as_str());
        if old == value || name == "schemas" {
            continue;
        }
        // Only the URN of an extension has a colon in it.
        if prefix.is_empty() && name.contains(':') {
            let nothing = Attributes::new();
            let object = |value: Option<&'_ Value>| value.and_then(Value::as_object).cloned();
            let (old, new) = (object(old), object(value));
            let prefix = format!("{name}:");
            difference(names, &prefix, old.as_ref().unwrap_or(&nothing), new.as_ref().unwrap_or(&nothing));
        } else {
            names.push(format!("{prefix}{name}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Attributes {
        value.as_object().expect("an object").clone()
    }

    #[track_caller]
    fn check(before: Value, after: Value, expected: &[&str]) {
        let names = changed_attributes(&object(before), &object(after), &MemberChange::default());
        assert_eq!(names, expected);
    }

    #[test]
    fn changed_attributes_are_named_and_nothing_else() {
        check(json!({"a": 1}), json!({"a": 1}), &[]);
        check(json!({"a": 1, "b": 2}), json!({"a": 2, "b": 2, "c": 3}), &["a", "c"]);
        check(json!({"a": 1, "b": {"c": 1}}), json!({"b": {"c": 2}}), &["b", "a"]);
        check(json!({}), json!({"urn:x:E": {"n": 1}}), &["urn:x:E:n"]);
        check(json!({"urn:x:E": {"n": 1, "m": 1}}), json!({"urn:x:E": {"n": 2, "m": 1}}), &["urn:x:E:n"]);
        check(json!({"urn:x:E": {"n": 1}}), json!({}), &["urn:x:E:n"]);
        check(json!({"schemas": ["a"]}), json!({"schemas": ["b"]}), &[]);
    }

    #[test]
    fn a_change_of_members_is_named() {
        let members = MemberChange::Replace(std::collections::BTreeSet::new());
        assert_eq!(changed_attributes(&Attributes::new(), &Attributes::new(), &members), ["members"]);
    }

    #[test]
    fn an_actor_is_what_its_parts_say() {
        let credential = CredentialId::parse("01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09");
        let subject = ResourceId::parse("01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a0a");
        let issuer = Actor::Issuer { issuer: "https://idp".into(), name: Some("sub".into()), subject };
        for actor in [
            Actor::Operator,
            Actor::CommandLine,
            Actor::Service,
            Actor::Credential { id: credential.expect("an id"), subject },
            Actor::Unknown { credential },
            Actor::Unknown { credential: None },
            issuer,
        ] {
            let again = Actor::from_parts(
                actor.kind(),
                actor.credential(),
                actor.subject(),
                actor.issuer().map(str::to_owned),
                actor.name().map(str::to_owned),
            );
            assert_eq!(again, Some(actor));
        }
        assert_eq!(Actor::from_parts("credential", None, None, None, None), None);
        assert_eq!(Actor::from_parts("nobody", None, None, None, None), None);
    }
}
