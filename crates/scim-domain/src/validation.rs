//! Bodies and values against the schema: what a client sent becomes what is stored.
//!
//! [`SchemaValidator`] checks a body (RFC 7644 §3.3, §3.5.1) or one value (for PATCH, §3.5.2) by the
//! definitions of the resource type (RFC 7643 §2, §7) and brings it into their spelling. What clients
//! may send against the letter of the RFC is in [`leniency`](crate::leniency).
//!
//! Two things are not decided here: whether unique values are free, and whether members exist. Only
//! the store knows.

mod body;
mod location;
mod members;
mod mutability;
mod primary;
mod required;
#[cfg(test)]
mod sample;
mod scalar;
mod stored;
mod value;
mod violations;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::attribute::{AttributeRef, AttributeSource};
use crate::error::ScimError;
use crate::identifier::ResourceId;
use crate::resource::{Attributes, Resource};
use crate::schema::ResourceType;
use crate::tenant::TenantConfig;

use body::Body;
use location::Location;

pub(crate) use location::excerpt;
pub(crate) use mutability::comparable;
pub use value::drop_repeats;
pub use violations::{Violation, ViolationReason, ViolationReport};

/// Checks and normalises what clients send for resources of one type in one tenant.
#[derive(Debug, Clone, Copy)]
pub struct SchemaValidator<'a> {
    /// The resource type.
    pub resource_type: &'a ResourceType,
    /// The tenant's rules.
    pub config: &'a TenantConfig,
}

/// A resource as a client would have it: valid, but not yet written.
#[derive(Debug, Clone, PartialEq)]
pub struct ResourceDraft {
    /// The attributes to store. A `password` that the client sent is still in plain text:
    /// see [`password`](crate::password).
    pub attributes: Attributes,
    /// The members to have, by their ids; `None` where the body of a create names no members, and for
    /// resources that are not groups.
    pub members: Option<BTreeSet<ResourceId>>,
}

impl<'a> SchemaValidator<'a> {
    /// A validator for resources of this type under these rules.
    pub fn new(resource_type: &'a ResourceType, config: &'a TenantConfig) -> Self {
        Self { resource_type, config }
    }

    /// The resource that the body of a POST describes (RFC 7644 §3.3).
    ///
    /// # Errors
    /// - `invalidSyntax`: a body that is no object, is without its `schemas`, names an attribute twice,
    ///   or in strict mode names one that no schema defines.
    /// - `invalidValue`: a value that is not of its attribute's type, or a required one that is missing.
    pub fn create(&self, body: &Value) -> Result<ResourceDraft, ScimError> {
        let Body { attributes, members, .. } = Body::read(self.resource_type, self.config, body)?;
        self.complete(ResourceDraft { attributes, members })
    }

    /// The resource that the body of a PUT makes of `current` (RFC 7644 §3.5.1). What the body leaves
    /// out is cleared, but for what a client cannot write or read: values that are readOnly,
    /// immutable, writeOnly or never returned stay. A group without `members` in the body has none afterwards.
    ///
    /// # Errors
    /// As for [`create`](Self::create), and `mutability` where an immutable value would change.
    pub fn replace(&self, current: &Resource, body: &Value) -> Result<ResourceDraft, ScimError> {
        let mut body = Body::read(self.resource_type, self.config, body)?;
        let mut attributes = std::mem::take(&mut body.attributes);
        let named = |attribute: &AttributeRef| body.names(attribute);
        mutability::keep_unwritten(self.resource_type, &current.attributes, named, &mut attributes);
        self.check_immutable(&current.attributes, &attributes)?;
        let members = self.resource_type.members().map(|_| body.members.unwrap_or_default());
        self.complete(ResourceDraft { attributes, members })
    }

    /// A whole value of `attribute`, an array where it is multi-valued, as it is stored; `None` where
    /// the value is unassigned (RFC 7643 §2.5).
    ///
    /// The mutability of `attribute` itself is the caller's to mind; readOnly sub-attributes of the
    /// value are left out.
    ///
    /// # Errors
    /// `invalidValue` for a value that is not of the attribute's type, `invalidSyntax` in strict mode
    /// for a sub-attribute that is not defined.
    pub fn value(&self, attribute: &AttributeRef, value: &Value) -> Result<Option<Value>, ScimError> {
        value::whole(self.config, attribute.leaf(), value, &Location::of(attribute))
    }

    /// One element of `attribute` where it is multi-valued, else its value: as [`value`](Self::value).
    ///
    /// # Errors
    /// As for [`value`](Self::value).
    pub fn element(&self, attribute: &AttributeRef, value: &Value) -> Result<Option<Value>, ScimError> {
        value::single(self.config, attribute.leaf(), value, &Location::of(attribute))
    }

    /// The ids of the members in `value`, what a client sent for `members`: an array of members, or
    /// outside strict mode one of them. Empty for resources that are not groups.
    ///
    /// # Errors
    /// `invalidValue` for a member without an id, with one that no resource can have, or with a `type`
    /// that is no member's.
    pub fn members(&self, value: &Value) -> Result<BTreeSet<ResourceId>, ScimError> {
        match self.resource_type.members() {
            Some(members) => members::ids(self.config, members, value),
            None => Ok(BTreeSet::new()),
        }
    }

    /// Whether `attributes` have everything that is required (RFC 7643 §2.2, §6).
    ///
    /// # Errors
    /// `invalidValue` that names what is missing.
    pub fn check_required(&self, attributes: &Attributes) -> Result<(), ScimError> {
        required::check(self.resource_type, attributes)
    }

    /// Whether `attribute`, by itself, has what is required of it.
    ///
    /// # Errors
    /// As for [`check_required`](Self::check_required).
    pub fn check_required_attribute(
        &self,
        attributes: &Attributes,
        attribute: &AttributeRef,
    ) -> Result<(), ScimError> {
        required::check_attribute(attributes, attribute)
    }

    /// Whether `new` keeps every immutable value that `current` has (RFC 7643 §7).
    ///
    /// # Errors
    /// `mutability` that names one which it does not keep.
    pub fn check_immutable(&self, current: &Attributes, new: &Attributes) -> Result<(), ScimError> {
        mutability::check_immutable(self.resource_type, current, new)
    }

    /// Whether each multi-valued attribute has at most one primary element (RFC 7643 §2.4).
    ///
    /// # Errors
    /// `invalidValue` that names an attribute with more.
    pub fn check_primary(&self, attributes: &Attributes) -> Result<(), ScimError> {
        let is_stored = |attribute: &AttributeRef| attribute.source == AttributeSource::Stored;
        for attribute in self.resource_type.attributes().filter(is_stored) {
            if let Some(Value::Array(elements)) = stored::get(attributes, &attribute) {
                primary::check_primary(&attribute.attribute, elements, &Location::of(&attribute))?;
            }
        }
        Ok(())
    }

    fn complete(&self, draft: ResourceDraft) -> Result<ResourceDraft, ScimError> {
        self.check_required(&draft.attributes)?;
        let no_members = draft.members.as_ref().is_none_or(BTreeSet::is_empty);
        match self.resource_type.members() {
            Some(members) if members.attribute.required && no_members => {
                Err(ScimError::invalid_value(format!("{members}: required")))
            }
            _ => Ok(draft),
        }
    }
}
