//! When two elements of a multi-valued attribute are one (RFC 7643 §2.4).

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::attribute::AttributeRef;
use crate::validation::comparable;

/// Under this key no two elements are the same one: the `type` and `value` of a complex element that
/// has a value (RFC 7643 §2.4), and otherwise all of it.
pub(super) fn key(attribute: &AttributeRef, element: &Value) -> String {
    match value_key(attribute, element) {
        Some(value) => format!("{value} {}", type_key(attribute, element).unwrap_or_default()),
        None => comparable(attribute, element).to_string(),
    }
}

fn value_key(attribute: &AttributeRef, element: &Value) -> Option<String> {
    part_key(attribute, element, "value")
}

fn type_key(attribute: &AttributeRef, element: &Value) -> Option<String> {
    part_key(attribute, element, "type")
}

fn part_key(attribute: &AttributeRef, element: &Value, name: &str) -> Option<String> {
    let part = attribute.sub(name)?;
    element.get(part.leaf().name.as_str()).map(|value| comparable(&part, value).to_string())
}

/// Where in a list each element is, by its [`key`].
pub(super) struct Positions(HashMap<String, usize>);

impl Positions {
    pub(super) fn of(attribute: &AttributeRef, elements: &[Value]) -> Self {
        let mut positions = HashMap::with_capacity(elements.len());
        for (position, element) in elements.iter().enumerate() {
            positions.entry(key(attribute, element)).or_insert(position);
        }
        Self(positions)
    }

    /// Where the element with this key is; `None`, and from now on `next`, where it is nowhere yet.
    pub(super) fn find_or_insert(&mut self, key: String, next: usize) -> Option<usize> {
        match self.0.entry(key) {
            std::collections::hash_map::Entry::Occupied(known) => Some(*known.get()),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(next);
                None
            }
        }
    }
}

/// The elements that a client lists to have them removed. One that has a `value` means the elements with
/// that value, of its `type` where it has one; any other means an element that equals it.
#[derive(Default)]
pub(super) struct Listed {
    by_value: HashSet<String>,
    by_key: HashSet<String>,
}

impl Listed {
    pub(super) fn insert(&mut self, attribute: &AttributeRef, element: &Value) {
        match (value_key(attribute, element), type_key(attribute, element)) {
            (Some(value), None) => self.by_value.insert(value),
            _ => self.by_key.insert(key(attribute, element)),
        };
    }

    pub(super) fn contains(&self, attribute: &AttributeRef, element: &Value) -> bool {
        value_key(attribute, element).is_some_and(|value| self.by_value.contains(&value))
            || self.by_key.contains(&key(attribute, element))
    }
}
