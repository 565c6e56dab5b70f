//! A resource as it is kept: its attributes as JSON text, which is a ninth of the size of a tree.

use std::sync::Arc;

use scim_domain::identifier::{ResourceId, Timestamp, Version};
use scim_domain::resource::{
    Attributes, Resource, StoredAttributes, StoredResource, UniqueValue, display, unique_values,
};
use scim_domain::schema::ResourceType;
use scim_ports::RepositoryError;

use crate::equality::LeafHasher;
use crate::postings::KeyedHash;
use crate::slots::Slot;
use crate::unique::UniqueKey;

/// The type whose resources are counted as users.
const USER: &str = "User";

/// One resource. Rows are shared with readers and never change: a write puts a new one in the slot.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) id: ResourceId,
    /// Where it is, for as long as it is stored.
    pub(crate) slot: Slot,
    /// The type as it was when the row was last written; what counts is its name.
    pub(crate) resource_type: Arc<ResourceType>,
    pub(crate) version: Version,
    pub(crate) created: Timestamp,
    pub(crate) last_modified: Timestamp,
    /// The attributes, as compact JSON.
    payload: Box<str>,
    /// See [`Resource::display`]: kept apart, so that a list of members parses no payload.
    pub(crate) display: Option<Box<str>>,
    /// Whether it is a user whose `active` is true: kept apart, so that counting them parses no payload.
    pub(crate) is_active_user: bool,
    /// What it holds in the unique index.
    pub(crate) unique: Arc<[UniqueKey]>,
}

/// All that a write of attributes needs, worked out before any lock is taken.
#[derive(Debug)]
pub(crate) struct Content {
    payload: Box<str>,
    display: Option<Box<str>>,
    is_active_user: bool,
    pub(crate) unique: Arc<[UniqueKey]>,
    /// Of every value among the attributes, ascending.
    pub(crate) leaves: Vec<KeyedHash>,
}

impl Content {
    /// Prepares `attributes` of a resource of this type.
    pub(crate) fn new(
        hasher: &LeafHasher,
        resource_type: &ResourceType,
        attributes: &Attributes,
        unique_values: Vec<UniqueValue>,
    ) -> Result<Self, RepositoryError> {
        let payload = serde_json::to_string(attributes).map_err(unreadable)?;
        Ok(Self {
            payload: payload.into_boxed_str(),
            display: display(attributes).map(Into::into),
            is_active_user: resource_type.name() == USER
                && attributes.get("active").is_some_and(|active| active == true),
            unique: unique_keys(hasher, resource_type, unique_values).into(),
            leaves: hasher.leaves(resource_type.name(), attributes),
        })
    }
}

impl Row {
    /// A row at version 1.
    pub(crate) fn new(
        id: ResourceId,
        slot: Slot,
        resource_type: Arc<ResourceType>,
        content: Content,
        at: Timestamp,
    ) -> Self {
        Self {
            id,
            slot,
            resource_type,
            version: Version::FIRST,
            created: at,
            last_modified: at,
            payload: content.payload,
            display: content.display,
            is_active_user: content.is_active_user,
            unique: content.unique,
        }
    }

    /// The same row one version later.
    pub(crate) fn next_version(&self, at: Timestamp) -> Self {
        Self { version: self.version.next(), last_modified: at, ..self.clone() }
    }

    /// The same row with other attributes, of the type as it is now.
    pub(crate) fn with_content(self, resource_type: &Arc<ResourceType>, content: Content) -> Self {
        Self {
            resource_type: Arc::clone(resource_type),
            payload: content.payload,
            display: content.display,
            is_active_user: content.is_active_user,
            unique: content.unique,
            ..self
        }
    }

    /// The same row with other unique values, of the type as it is now.
    pub(crate) fn with_unique(&self, resource_type: &Arc<ResourceType>, unique: Vec<UniqueKey>) -> Self {
        Self { resource_type: Arc::clone(resource_type), unique: unique.into(), ..self.clone() }
    }

    /// The unique values among the attributes, by the type as it is now.
    pub(crate) fn unique_keys(
        &self,
        hasher: &LeafHasher,
        resource_type: &ResourceType,
    ) -> Result<Vec<UniqueKey>, RepositoryError> {
        Ok(unique_keys(hasher, resource_type, unique_values(resource_type, &self.attributes()?)))
    }

    /// Whether it is of this type.
    pub(crate) fn is_of(&self, resource_type: &ResourceType) -> bool {
        self.resource_type.name() == resource_type.name()
    }

    /// Whether the payload is letter for letter that of `content`; two that differ may still be equal.
    pub(crate) fn same_payload(&self, content: &Content) -> bool {
        self.payload == content.payload
    }

    /// The attributes, parsed.
    pub(crate) fn attributes(&self) -> Result<Attributes, RepositoryError> {
        serde_json::from_str(&self.payload).map_err(unreadable)
    }

    /// The resource without members and groups.
    pub(crate) fn resource(&self, resource_type: &Arc<ResourceType>) -> StoredResource {
        self.resource_with(resource_type, StoredAttributes::new(self.payload.clone()))
    }

    /// The resource with these attributes in place of its own.
    pub(crate) fn resource_with<A>(&self, resource_type: &Arc<ResourceType>, attributes: A) -> Resource<A> {
        Resource {
            id: self.id,
            resource_type: Arc::clone(resource_type),
            attributes,
            version: self.version,
            created: self.created,
            last_modified: self.last_modified,
            members: None,
            groups: None,
        }
    }
}

fn unique_keys(
    hasher: &LeafHasher,
    resource_type: &ResourceType,
    values: Vec<UniqueValue>,
) -> Vec<UniqueKey> {
    values.into_iter().map(|value| UniqueKey::new(hasher, resource_type, value)).collect()
}

fn unreadable(error: serde_json::Error) -> RepositoryError {
    RepositoryError::Internal(Box::new(error))
}
