//! Membership of groups (RFC 7643 §4.2), which is kept as rows beside the resources.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::identifier::ResourceId;
use crate::schema::ResourceType;

use super::location;

/// A member of a group.
#[derive(Debug, Clone)]
pub struct Member {
    /// `value`: the member's id.
    pub id: ResourceId,
    /// `type`: the member's resource type.
    pub resource_type: Arc<ResourceType>,
    /// `display`: see [`Resource::display`](super::Resource::display).
    pub display: Option<String>,
}

/// A group that a resource is in.
#[derive(Debug, Clone)]
pub struct GroupMembership {
    /// `value`: the group's id.
    pub id: ResourceId,
    /// The group's resource type.
    pub resource_type: Arc<ResourceType>,
    /// `display`: the group's name.
    pub display: Option<String>,
    /// `type`: `direct`, or `indirect` through a group that is a member of this one.
    pub direct: bool,
}

/// What a write does to the members of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberChange {
    /// These come in and those go; the others stay. No id is in both.
    Delta {
        /// To be members afterwards.
        add: BTreeSet<ResourceId>,
        /// Not to be members afterwards.
        remove: BTreeSet<ResourceId>,
    },
    /// Exactly these are members afterwards.
    Replace(BTreeSet<ResourceId>),
}

impl Default for MemberChange {
    /// No change.
    fn default() -> Self {
        Self::Delta { add: BTreeSet::new(), remove: BTreeSet::new() }
    }
}

impl MemberChange {
    /// Whether nothing can change, whoever the members are.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::Delta { add, remove } if add.is_empty() && remove.is_empty())
    }

    /// After this change, `id` is a member as well.
    pub fn add(&mut self, id: ResourceId) {
        match self {
            Self::Delta { add, remove } => {
                remove.remove(&id);
                add.insert(id);
            }
            Self::Replace(members) => {
                members.insert(id);
            }
        }
    }

    /// After this change, `id` is no member either.
    pub fn remove(&mut self, id: ResourceId) {
        match self {
            Self::Delta { add, remove } => {
                add.remove(&id);
                remove.insert(id);
            }
            Self::Replace(members) => {
                members.remove(&id);
            }
        }
    }

    /// After this change, there are no members.
    pub fn clear(&mut self) {
        *self = Self::Replace(BTreeSet::new());
    }
}

impl Member {
    /// The JSON object, with `$ref` relative to the mount.
    pub fn to_json(&self) -> Value {
        reference_object(self.id, &self.resource_type, self.display.as_deref(), self.resource_type.name())
    }
}

impl GroupMembership {
    /// The JSON object, with `$ref` relative to the mount.
    pub fn to_json(&self) -> Value {
        let kind = if self.direct { "direct" } else { "indirect" };
        reference_object(self.id, &self.resource_type, self.display.as_deref(), kind)
    }
}

fn reference_object(
    id: ResourceId,
    resource_type: &ResourceType,
    display: Option<&str>,
    kind: &str,
) -> Value {
    let mut object = Map::new();
    object.insert("value".into(), Value::String(id.to_string()));
    object.insert("$ref".into(), Value::String(location(resource_type, id)));
    if let Some(display) = display {
        object.insert("display".into(), Value::String(display.to_owned()));
    }
    object.insert("type".into(), Value::String(kind.to_owned()));
    Value::Object(object)
}
