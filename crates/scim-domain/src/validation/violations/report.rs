//! How many stored resources would violate a change of definitions, and how.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::identifier::ResourceId;
use crate::resource::UniqueValue;

use super::{Violation, ViolationReason};

/// What was found in the resources that were looked at. It grows with the violations, not with the
/// resources.
#[derive(Debug, Clone, Default)]
pub struct ViolationReport {
    affected: BTreeSet<ResourceId>,
    violations: BTreeMap<(String, Violation), BTreeSet<ResourceId>>,
    unique: HashMap<(String, UniqueValue), ResourceId>,
}

impl ViolationReport {
    /// At most so many ids are named for one violation.
    const EXAMPLES: usize = 5;

    /// Notes what was found in the resource `id` of this type.
    pub fn add(
        &mut self,
        resource_type: &str,
        id: ResourceId,
        violations: impl IntoIterator<Item = Violation>,
    ) {
        for violation in violations {
            self.affected.insert(id);
            self.violations.entry((resource_type.to_owned(), violation)).or_default().insert(id);
        }
    }

    /// Notes the values of the resource `id` that have to be its own alone; where another one has the
    /// same, both violate. Every value is kept until the report is dropped.
    pub fn add_unique(
        &mut self,
        resource_type: &str,
        id: ResourceId,
        values: impl IntoIterator<Item = UniqueValue>,
    ) {
        for value in values {
            let violation =
                Violation { attribute: value.attribute.clone(), reason: ViolationReason::Uniqueness };
            let first = *self.unique.entry((resource_type.to_owned(), value)).or_insert(id);
            if first != id {
                self.add(resource_type, first, [violation.clone()]);
                self.add(resource_type, id, [violation]);
            }
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.violations.is_empty()
    }

    /// How many resources violate anything.
    pub fn affected(&self) -> usize {
        self.affected.len()
    }

    /// The report: how many resources are affected, and for each violation how many have it, with the ids
    /// of the oldest few.
    pub fn to_json(&self) -> Value {
        let violation = |((resource_type, violation), ids): (&(String, Violation), &BTreeSet<ResourceId>)| {
            let examples: Vec<String> = ids.iter().take(Self::EXAMPLES).map(ToString::to_string).collect();
            json!({
                "resourceType": resource_type,
                "attribute": violation.attribute,
                "reason": violation.reason.as_str(),
                "count": ids.len(),
                "examples": examples,
            })
        };
        json!({
            "affected": self.affected(),
            "violations": self.violations.iter().map(violation).collect::<Vec<_>>(),
        })
    }
}
