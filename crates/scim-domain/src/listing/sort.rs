//! Sorting (RFC 7644 §3.4.2.3).

use std::cmp::Ordering;

use serde_json::{Number, Value};

use crate::attribute::{AttributeRef, AttributeType};
use crate::comparison::{compare_numbers, ordering_key};
use crate::resource::Resource;

/// `sortOrder`: by default ascending.
pub type SortOrder = Direction;

/// One of the two ways to go along an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// From the least to the greatest.
    #[default]
    Ascending,
    /// From the greatest to the least.
    Descending,
}

impl Direction {
    /// The order of two things whose ascending order is `ordering`.
    pub fn apply(self, ordering: Ordering) -> Ordering {
        match self {
            Self::Ascending => ordering,
            Self::Descending => ordering.reverse(),
        }
    }
}

/// What a resource is sorted by. Keys of one attribute are of one variant.
#[derive(Debug, Clone, PartialEq)]
pub enum SortKey {
    /// `false` comes before `true`.
    Boolean(bool),
    /// By exact value.
    Number(Number),
    /// The [`ordering_key`], by code point.
    Text(String),
}

impl SortKey {
    /// The key of `resource` for `sort_by`: of a multi-valued attribute the primary value, or else
    /// the first (RFC 7644 §3.4.2.3); of a complex one its `value`. `None` where there is no value.
    pub fn of(resource: &Resource, sort_by: &AttributeRef) -> Option<Self> {
        let simple = simple_attribute(sort_by)?;
        if !simple.attribute.multi_valued || simple.sub_attribute.is_none() {
            return Self::from_value(&simple, resource.values(&simple).first()?);
        }
        let elements = resource.values(&simple.whole());
        let primary = simple.attribute.sub_attribute("primary").map(|primary| primary.name.as_str());
        let is_primary = |element: &&std::borrow::Cow<'_, Value>| {
            primary.and_then(|name| element.get(name)).and_then(Value::as_bool).unwrap_or(false)
        };
        let chosen = elements.iter().find(is_primary).or_else(|| elements.first())?;
        let value = chosen.get(simple.leaf().name.as_str())?;
        Self::from_value(&simple, value.as_array().map_or(Some(value), |items| items.first())?)
    }

    fn from_value(attribute: &AttributeRef, value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Boolean(*value)),
            Value::Number(value) => Some(Self::Number(value.clone())),
            Value::String(text) => Some(Self::Text(ordering_key(attribute, text).into_owned())),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// The ascending order of two optional keys: a resource without a value comes last
    /// (RFC 7644 §3.4.2.3), hence first when descending.
    pub fn compare(left: Option<&Self>, right: Option<&Self>) -> Ordering {
        match (left, right) {
            (Some(left), Some(right)) => left.compare_present(right),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }

    fn compare_present(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(left), Self::Boolean(right)) => left.cmp(right),
            (Self::Number(left), Self::Number(right)) => compare_numbers(left, right),
            (Self::Text(left), Self::Text(right)) => left.cmp(right),
            // A root query may sort types that define one name differently: by kind, then.
            (left, right) => left.rank().cmp(&right.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Boolean(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
        }
    }
}

/// The simple attribute that `sort_by` stands for: itself, or the `value` of a complex one.
/// `None` where a complex attribute has no `value`: then nothing can be sorted by it.
pub fn simple_attribute(sort_by: &AttributeRef) -> Option<AttributeRef> {
    if sort_by.leaf().data_type == AttributeType::Complex {
        sort_by.sub("value")
    } else {
        Some(sort_by.clone())
    }
}
