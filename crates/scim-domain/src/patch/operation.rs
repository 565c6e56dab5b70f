//! One change of one attribute: what operations of a request become once their paths are bound.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::attribute::AttributeRef;
use crate::filter::TypedFilter;
use crate::identifier::ResourceId;

/// A part of an operation. An operation without a path has one for each attribute in its value.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// Which of `Operations` it comes from.
    pub(super) index: usize,
    /// What it does.
    pub(super) action: Action,
}

#[derive(Debug, Clone)]
pub(super) enum Action {
    /// To stored attributes.
    Change(Change),
    /// To the members of a group.
    Members(MemberAction),
}

/// What happens to one attribute.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// Which attribute or sub-attribute; never one that is readOnly.
    pub(super) attribute: AttributeRef,
    /// Which of its elements, where a filter selects some.
    pub(super) selection: Option<Selection>,
    /// What happens.
    pub(super) edit: Edit,
}

/// What happens to a value.
#[derive(Debug, Clone)]
pub(super) enum Edit {
    /// RFC 7644 §3.5.2.1
    Add(Value),
    /// RFC 7644 §3.5.2.3, with a value that is not unassigned.
    Replace(Value),
    /// RFC 7644 §3.5.2.2, with the values that are to go where a client lists them.
    Remove(Option<Value>),
}

/// The name under which a filter compares an element that is not complex (RFC 7644 §3.5.2.2).
pub(super) const VALUE: &str = "value";

/// The elements that the filter of a path selects.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    /// The filter as it was written, for the details of errors.
    pub(super) text: String,
    /// What an element has to match.
    pub(super) filter: TypedFilter,
    /// What a new element has to have to match, where the filter says so: its `eq` conditions.
    pub(super) template: Option<Map<String, Value>>,
}

impl Selection {
    /// Whether `element` is one of them.
    pub(super) fn selects(&self, element: &Value) -> bool {
        if element.is_object() {
            return self.filter.matches_element(element);
        }
        let complex = Map::from_iter([(VALUE.to_owned(), element.clone())]);
        self.filter.matches_element(&Value::Object(complex))
    }
}

/// What happens to the members of a group.
#[derive(Debug, Clone)]
pub(super) enum MemberAction {
    /// These are members as well.
    Add(BTreeSet<ResourceId>),
    /// These are the members.
    Replace(BTreeSet<ResourceId>),
    /// These are no members any more.
    Remove(BTreeSet<ResourceId>),
    /// There are no members any more.
    RemoveAll,
    /// Members that match are members no more. To know them one has to see the members.
    RemoveMatching(TypedFilter),
}
