//! What a change of a tenant's definitions means for the resources that are stored: which types it
//! affects, what has to be looked at, and what has to be worked out anew.
//!
//! The domain compares; the application reads the resources of every type that is
//! [to be checked](TypeChange::checks_resources), collects what [`TypeChange::violations`] finds in a
//! [`ViolationReport`](crate::validation::ViolationReport), and takes the change where that is empty.

use std::sync::Arc;

use crate::attribute::{
    AttributeDefinition, AttributeRef, AttributeSource, Mutability, Returned, Uniqueness,
};
use crate::resource::{Attributes, Resource, UniqueValue, unique_values_of};
use crate::tenant::TenantConfig;
use crate::validation::{SchemaValidator, Violation, ViolationReason};

use super::{ResourceType, TenantSchema};

/// What differs between two schemas of one tenant.
#[derive(Debug, Clone)]
pub struct DefinitionChange {
    /// The resource types that were there before and are not the same any more, in their order. Types
    /// that are new have no resources, and are not among them.
    pub types: Vec<TypeChange>,
}

/// What becomes of one resource type.
#[derive(Debug, Clone)]
pub struct TypeChange {
    /// The type as it was.
    pub old: Arc<ResourceType>,
    /// The type as it is to be; `None` where it is deleted.
    pub new: Option<Arc<ResourceType>>,
    /// Whether a resource that is stored may not go with the new type, so that all have to be looked at.
    pub checks_resources: bool,
    /// Whether the keys that a store keeps beside a resource follow from the attributes otherwise than
    /// before, so that they have to be made anew: how values compare, which are unique, which are never
    /// returned.
    pub needs_reindex: bool,
    /// The attributes whose values have to be unique and did not, or were equal by other keys.
    pub newly_unique: Vec<AttributeRef>,
}

impl DefinitionChange {
    /// What differs between `old` and `new`.
    pub fn between(old: &TenantSchema, new: &TenantSchema) -> Self {
        let change = |old: &Arc<ResourceType>| match new.resource_type(old.name()) {
            Some(new) => TypeChange::between(old, new),
            None => Some(TypeChange {
                old: Arc::clone(old),
                new: None,
                checks_resources: true,
                needs_reindex: false,
                newly_unique: Vec::new(),
            }),
        };
        Self { types: old.resource_types().iter().filter_map(change).collect() }
    }

    /// Whether any stored resource has to be looked at before the change can be taken.
    pub fn checks_resources(&self) -> bool {
        self.types.iter().any(|change| change.checks_resources)
    }
}

impl TypeChange {
    fn between(old: &Arc<ResourceType>, new: &Arc<ResourceType>) -> Option<Self> {
        if is_same(old, new) {
            return None;
        }
        let both: Vec<(AttributeRef, Option<AttributeRef>)> =
            parts(old).map(|part| (part.clone(), parts(new).find(|new| new.same_as(&part)))).collect();
        let (mut checks_resources, mut needs_reindex) = (asks_for_extension(old, new), false);
        let mut newly_unique = Vec::new();
        for (old, new) in &both {
            checks_resources |= new.as_ref().is_none_or(|new| narrows(old, new));
            needs_reindex |= new.as_ref().is_some_and(|new| keys_differ(old, new));
        }
        for part in parts(new) {
            let known = both.iter().find(|(old, _)| old.same_as(&part));
            // What is new and required is missing everywhere.
            checks_resources |= known.is_none() && asks_for(part.leaf());
            let is_unique = is_unique(&part);
            if is_unique && known.is_some_and(|(old, _)| !self::is_unique(old) || equal_otherwise(old, &part))
            {
                newly_unique.push(part);
            }
        }
        Some(Self {
            old: Arc::clone(old),
            new: Some(Arc::clone(new)),
            checks_resources: checks_resources || !newly_unique.is_empty(),
            needs_reindex,
            newly_unique,
        })
    }

    /// Whether the members of resources have to be read to [check](Self::violations) them.
    pub fn needs_members(&self) -> bool {
        let is_required =
            |new: &ResourceType| new.members().is_some_and(|members| members.attribute.required);
        let stay = self.new.as_ref().is_some_and(|new| new.members().is_some() && !is_required(new));
        self.old.members().is_some() && !stay
    }

    /// What of `resource`, one of the old type, does not go with the new one; each attribute and reason
    /// once. That its unique values are nobody else's is not looked at: see
    /// [`newly_unique_values`](Self::newly_unique_values).
    pub fn violations(&self, config: &TenantConfig, resource: &Resource) -> Vec<Violation> {
        match &self.new {
            Some(new) => SchemaValidator::new(new, config).violations(resource),
            None => {
                vec![Violation { attribute: String::new(), reason: ViolationReason::ResourceTypeRemoved }]
            }
        }
    }

    /// The values of a resource with these attributes that would have to be its own alone, and did not
    /// have to be before. Two resources with one of them violate the new type.
    pub fn newly_unique_values(&self, attributes: &Attributes) -> Vec<UniqueValue> {
        unique_values_of(&self.newly_unique, attributes)
    }
}

/// Names compare without regard to case, but values are stored under the spelling that they have.
fn is_same(old: &ResourceType, new: &ResourceType) -> bool {
    let spelling = |part: AttributeRef| part.to_string();
    old.definition == new.definition
        && schemas(old).eq(schemas(new))
        && parts(old).map(spelling).eq(parts(new).map(spelling))
}

fn schemas(resource_type: &ResourceType) -> impl Iterator<Item = &super::SchemaDefinition> {
    let extensions = resource_type.extensions.iter().map(|extension| extension.schema.as_ref());
    std::iter::once(resource_type.schema.as_ref()).chain(extensions)
}

/// Every attribute that a schema of the type defines, each followed by its sub-attributes.
fn parts(resource_type: &ResourceType) -> impl Iterator<Item = AttributeRef> + '_ {
    let is_defined = |attribute: &AttributeRef| {
        !matches!(attribute.source, AttributeSource::Id | AttributeSource::Schemas | AttributeSource::Meta)
    };
    resource_type.attributes().filter(is_defined).flat_map(AttributeRef::with_subs)
}

/// Whether an extension is required that was not.
fn asks_for_extension(old: &ResourceType, new: &ResourceType) -> bool {
    new.extensions
        .iter()
        .filter(|extension| extension.required)
        .any(|extension| old.extension(extension.schema.id.as_str()).is_none_or(|old| !old.required))
}

/// Whether clients have to send the attribute.
fn asks_for(definition: &AttributeDefinition) -> bool {
    definition.required && definition.mutability != Mutability::ReadOnly
}

/// Whether a value that `old` allows may be one that `new` does not.
fn narrows(old: &AttributeRef, new: &AttributeRef) -> bool {
    let (was, is) = (old.leaf(), new.leaf());
    let canonical = &is.canonical_values;
    was.name.as_str() != is.name.as_str()
        || old.source != new.source
        || was.data_type != is.data_type
        || was.multi_valued != is.multi_valued
        || (asks_for(is) && !asks_for(was))
        || (!canonical.is_empty()
            && (was.canonical_values.is_empty()
                || was.is_case_exact() != is.is_case_exact()
                || !was.canonical_values.iter().all(|value| canonical.contains(value))))
}

fn is_unique(attribute: &AttributeRef) -> bool {
    attribute.source == AttributeSource::Stored && attribute.leaf().uniqueness != Uniqueness::None
}

/// Whether values that were not equal may be equal now.
fn equal_otherwise(old: &AttributeRef, new: &AttributeRef) -> bool {
    (old.leaf().data_type, old.leaf().is_case_exact(), old.is_user_name())
        != (new.leaf().data_type, new.leaf().is_case_exact(), new.is_user_name())
}

fn keys_differ(old: &AttributeRef, new: &AttributeRef) -> bool {
    let is_hidden = |attribute: &AttributeRef| attribute.leaf().returned == Returned::Never;
    equal_otherwise(old, new) || is_unique(old) != is_unique(new) || is_hidden(old) != is_hidden(new)
}

#[cfg(test)]
mod tests;
