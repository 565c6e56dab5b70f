//! Filters on the audit log: the grammar of RFC 7644 §3.4.2.2 on the members of a record. Text
//! compares byte by byte.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::error::ScimError;
use crate::filter::{AttributeTest, ComparisonOperator, Filter, Literal};
use crate::identifier::Timestamp;

use super::AuditEvent;

/// A filter on the audit log.
#[derive(Debug, Clone, PartialEq)]
pub enum AuditFilter {
    /// All of them match.
    And(Vec<AuditFilter>),
    /// At least one of them matches.
    Or(Vec<AuditFilter>),
    /// It does not match.
    Not(Box<AuditFilter>),
    /// `pr`
    Present(AuditAttribute),
    /// Some value compares so; for `ne`, or there is none.
    Compare {
        /// Which member of the record.
        attribute: AuditAttribute,
        /// How to compare.
        operator: ComparisonOperator,
        /// With what.
        operand: AuditOperand,
    },
}

/// What a member of a record is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditOperand {
    /// A text.
    Text(String),
    /// A time, for `at`.
    Time(Timestamp),
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The members of a record that filters may name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum AuditAttribute { $($(#[$doc])* $variant,)* }

        impl AuditAttribute {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in a record.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

attributes! {
    /// When.
    At = "at",
    /// What was done.
    Operation = "operation",
    /// How it went.
    Outcome = "outcome",
    /// The kind of the actor.
    Actor = "actor",
    /// The credential.
    CredentialId = "credentialId",
    /// The user that the actor speaks for.
    Subject = "subject",
    /// The issuer of the token.
    Issuer = "issuer",
    /// What the issuer calls the actor.
    Name = "name",
    /// The id of the request.
    RequestId = "requestId",
    /// Where the request came from.
    ClientAddress = "clientAddress",
    /// The type of the resource.
    ResourceType = "resourceType",
    /// The id of the resource.
    ResourceId = "resourceId",
    /// The names of the changed attributes.
    Attributes = "attributes",
}

impl AuditFilter {
    /// Reads a filter.
    ///
    /// # Errors
    /// `invalidFilter` where it does not parse, names what a record has not, or compares `at` with
    /// what is no dateTime.
    pub fn parse(text: &str) -> Result<Self, ScimError> {
        Self::from_syntax(&Filter::parse(text)?)
    }

    fn from_syntax(filter: &Filter) -> Result<Self, ScimError> {
        let all = |filters: &[Filter]| filters.iter().map(Self::from_syntax).collect::<Result<Vec<_>, _>>();
        match filter {
            Filter::And(filters) => Ok(Self::And(all(filters)?)),
            Filter::Or(filters) => Ok(Self::Or(all(filters)?)),
            Filter::Not(filter) => Ok(Self::Not(Box::new(Self::from_syntax(filter)?))),
            Filter::Attribute { path, test } => {
                let attribute = attribute_named(&path.to_string())?;
                match test {
                    AttributeTest::Present => Ok(Self::Present(attribute)),
                    AttributeTest::Compare(operator, literal) => {
                        let operand = operand(attribute, *operator, literal)?;
                        Ok(Self::Compare { attribute, operator: *operator, operand })
                    }
                }
            }
            Filter::ValuePath { path, .. } => {
                Err(ScimError::invalid_filter(format!("{path}: a record has no complex attributes")))
            }
        }
    }

    /// Whether the record matches.
    pub fn matches(&self, event: &AuditEvent) -> bool {
        match self {
            Self::And(filters) => filters.iter().all(|filter| filter.matches(event)),
            Self::Or(filters) => filters.iter().any(|filter| filter.matches(event)),
            Self::Not(filter) => !filter.matches(event),
            Self::Present(AuditAttribute::At) => true,
            Self::Present(attribute) => !texts(*attribute, event).is_empty(),
            Self::Compare { operator, operand: AuditOperand::Time(operand), .. } => {
                compares(*operator, &event.at, operand)
            }
            Self::Compare { attribute, operator, operand: AuditOperand::Text(operand) } => {
                let texts = texts(*attribute, event);
                (texts.is_empty() && *operator == ComparisonOperator::NotEqual)
                    || texts.iter().any(|text| match operator {
                        ComparisonOperator::Contains => text.contains(operand.as_str()),
                        ComparisonOperator::StartsWith => text.starts_with(operand.as_str()),
                        ComparisonOperator::EndsWith => text.ends_with(operand.as_str()),
                        _ => compares(*operator, text, operand),
                    })
            }
        }
    }
}

fn attribute_named(name: &str) -> Result<AuditAttribute, ScimError> {
    let found = AuditAttribute::ALL.iter().find(|attribute| attribute.as_str().eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| {
        let names: Vec<&str> = AuditAttribute::ALL.iter().map(|attribute| attribute.as_str()).collect();
        ScimError::invalid_filter(format!("{name}: expected one of {}", names.join(", ")))
    })
}

fn operand(
    attribute: AuditAttribute,
    operator: ComparisonOperator,
    literal: &Literal,
) -> Result<AuditOperand, ScimError> {
    use ComparisonOperator::{Contains, EndsWith, StartsWith};

    let name = attribute.as_str();
    let Literal::Text(text) = literal else {
        return Err(ScimError::invalid_filter(format!("{name}: expected a string to compare with")));
    };
    if attribute != AuditAttribute::At {
        return Ok(AuditOperand::Text(text.clone()));
    }
    if matches!(operator, Contains | StartsWith | EndsWith) {
        return Err(ScimError::invalid_filter(format!("{name}: a dateTime has no parts to look for")));
    }
    let moment = OffsetDateTime::parse(text, &Rfc3339).map_err(|_invalid| {
        ScimError::invalid_filter(format!(
            "{name}: expected a dateTime such as 2026-01-31T12:00:00Z, got '{text}'"
        ))
    })?;
    Ok(AuditOperand::Time(Timestamp::new(moment)))
}

fn compares<T: Ord + ?Sized>(operator: ComparisonOperator, value: &T, operand: &T) -> bool {
    match operator {
        ComparisonOperator::Equal => value == operand,
        ComparisonOperator::NotEqual => value != operand,
        ComparisonOperator::GreaterThan => value > operand,
        ComparisonOperator::GreaterOrEqual => value >= operand,
        ComparisonOperator::LessThan => value < operand,
        ComparisonOperator::LessOrEqual => value <= operand,
        ComparisonOperator::Contains | ComparisonOperator::StartsWith | ComparisonOperator::EndsWith => false,
    }
}

/// The values of a member other than `at`.
fn texts(attribute: AuditAttribute, event: &AuditEvent) -> Vec<String> {
    let actor = &event.origin.actor;
    let one = |text: Option<String>| text.into_iter().collect();
    match attribute {
        AuditAttribute::At => Vec::new(),
        AuditAttribute::Operation => one(Some(event.operation.as_str().to_owned())),
        AuditAttribute::Outcome => one(Some(event.outcome.as_str().to_owned())),
        AuditAttribute::Actor => one(Some(actor.kind().to_owned())),
        AuditAttribute::CredentialId => one(actor.credential().map(|id| id.to_string())),
        AuditAttribute::Subject => one(actor.subject().map(|id| id.to_string())),
        AuditAttribute::Issuer => one(actor.issuer().map(str::to_owned)),
        AuditAttribute::Name => one(actor.name().map(str::to_owned)),
        AuditAttribute::RequestId => one(Some(event.origin.request_id.clone())),
        AuditAttribute::ClientAddress => one(event.origin.client_address.map(|address| address.to_string())),
        AuditAttribute::ResourceType => one(event.target.as_ref().map(|target| target.resource_type.clone())),
        AuditAttribute::ResourceId => one(event.target.as_ref().map(|target| target.id.clone())),
        AuditAttribute::Attributes => event.attributes.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;
    use crate::audit::{Actor, AuditOperation, AuditOutcome, AuditTarget, Origin};
    use crate::identifier::{AuditEventId, TenantId};

    fn event() -> AuditEvent {
        AuditEvent {
            id: AuditEventId::new(Uuid::nil()),
            at: Timestamp::new(datetime!(2026-01-31 12:00 UTC)),
            tenant: TenantId::new(Uuid::nil()),
            origin: Arc::new(Origin {
                actor: Actor::Operator,
                request_id: "r-1".into(),
                client_address: "192.0.2.1".parse().ok(),
            }),
            operation: AuditOperation::Modify,
            target: Some(AuditTarget { resource_type: "User".into(), id: "42".into() }),
            outcome: AuditOutcome::Success,
            version_before: None,
            version_after: None,
            attributes: vec!["title".into(), "emails".into()],
            occurrences: 1,
        }
    }

    #[track_caller]
    fn check(filter: &str, expected: bool) {
        assert_eq!(AuditFilter::parse(filter).expect("a filter").matches(&event()), expected, "{filter}");
    }

    #[test]
    fn a_record_is_found_by_any_of_its_members() {
        check(r#"operation eq "modify""#, true);
        check(r#"OPERATION eq "create""#, false);
        check(r#"resourceType eq "User" and resourceId eq "42""#, true);
        check(r#"actor eq "credential" or outcome eq "refused""#, false);
        check(r#"not (actor eq "credential")"#, true);
        check(r#"attributes eq "emails""#, true);
        check(r#"attributes eq "userName""#, false);
        check(r#"at gt "2026-01-31T13:00:00+02:00""#, true);
        check(r#"at lt "2026-01-31T12:00:00Z""#, false);
        check(r#"clientAddress sw "192.0.2.""#, true);
        check(r#"requestId ew "-1" and requestId co "-""#, true);
        check(r#"credentialId ne "x""#, true);
        check("credentialId pr", false);
        check("at pr and attributes pr", true);
    }

    #[track_caller]
    fn refuse(filter: &str, detail: &str) {
        let error = AuditFilter::parse(filter).expect_err("refused");
        assert!(error.detail.contains(detail), "{}", error.detail);
    }

    #[test]
    fn what_a_record_has_not_is_refused() {
        refuse(r#"userName eq "x""#, "userName: expected one of at, operation");
        refuse(r#"at eq "yesterday""#, "at: expected a dateTime");
        refuse(r#"at co "2026""#, "at: a dateTime has no parts");
        refuse("operation eq 5", "operation: expected a string");
        refuse(r#"attributes[value eq "x"]"#, "no complex attributes");
        refuse("operation eq", "");
    }
}
