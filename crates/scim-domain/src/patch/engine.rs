//! The engine: a request applied to a resource, all of it or nothing (RFC 7644 §3.5.2).

use std::borrow::Cow;
use std::cell::Cell;

use serde_json::{Map, Value};

use crate::attribute::AttributeRef;
use crate::error::{ErrorKind, ScimError};
use crate::resource::{Attributes, MemberChange, Resource};
use crate::validation::SchemaValidator;

use super::PatchRequest;
use super::members::MemberRun;
use super::operation::{Action, Change};
use super::touched::Touched;

/// Applies PATCH requests to resources of one type in one tenant.
#[derive(Debug, Clone, Copy)]
pub struct PatchEngine<'a> {
    /// Checks and normalises the values.
    pub validator: SchemaValidator<'a>,
}

/// What a PATCH request makes of a resource.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchOutcome {
    /// The attributes to store; `None` where they are as they were. A `password` that the client sent is
    /// in plain text: see [`password`](crate::password).
    pub attributes: Option<Attributes>,
    /// What becomes of the members.
    pub members: MemberChange,
}

impl PatchOutcome {
    /// Whether nothing can change, so that the resource keeps its version. (Members may also stay as they
    /// are by a change that is not none: only the store knows who they are.)
    pub fn is_unchanged(&self) -> bool {
        self.attributes.is_none() && self.members.is_none()
    }
}

impl PatchEngine<'_> {
    /// Applies the operations one after the other, each to what the one before made. `current` itself is
    /// not changed. It has its members where the request [needs them](PatchRequest::needs_members).
    ///
    /// # Errors
    /// With `Operations[i]` in the detail: `invalidValue` for a value that is not of its attribute's type,
    /// a required one that is missing, or more than one primary element; `mutability` where an immutable
    /// value would change or a required one would go; `noTarget` where a filter selects nothing to replace;
    /// `invalidSyntax` in strict mode for a sub-attribute that is not defined; `tooMany` where the
    /// operations would look at or write more than this server is willing to.
    pub fn apply(&self, current: &Resource, request: &PatchRequest) -> Result<PatchOutcome, ScimError> {
        let run = Run { validator: self.validator, budget: Budget::default() };
        let mut attributes = Cow::Borrowed(&current.attributes);
        let mut touched = Touched::default();
        let mut members = MemberRun::new(current);
        for step in &request.steps {
            match &step.action {
                Action::Change(change) => {
                    touched.insert(&change.attribute, step.index);
                    run.change(attributes.to_mut(), change)
                }
                Action::Members(action) => members.apply(self.validator, &run.budget, action),
            }
            .map_err(|error| error.within(format_args!("Operations[{}]", step.index)))?;
        }
        touched.check_required(self.validator, &current.attributes, &attributes)?;
        let attributes = match attributes {
            Cow::Owned(attributes) if attributes != current.attributes => Some(attributes),
            Cow::Owned(_) | Cow::Borrowed(_) => None,
        };
        Ok(PatchOutcome { attributes, members: members.change })
    }
}

/// How much more of the resource a request may look at or write. One operation looks at all elements of
/// its attribute and may write to each, so without a bound a body of many operations, or one with a long
/// filter or value, would cost its product with the resource.
#[derive(Debug)]
pub(super) struct Budget(Cell<usize>);

impl Budget {
    /// So many small values, or four times as many bytes of text.
    const VALUES: usize = 8_000_000;

    /// Takes what it costs to do something to `values` so many `times`.
    ///
    /// # Errors
    /// `tooMany` (RFC 7644 §3.12) where less is left.
    pub(super) fn spend(&self, values: &[Value], times: usize) -> Result<(), ScimError> {
        let weight = values.iter().map(weight).fold(0, usize::saturating_add);
        self.spend_weight(weight.saturating_mul(times))
    }

    /// # Errors
    /// As for [`spend`](Self::spend).
    pub(super) fn spend_weight(&self, weight: usize) -> Result<(), ScimError> {
        let left = self.0.get().checked_sub(weight).ok_or_else(|| {
            ScimError::new(
                ErrorKind::TooMany,
                "the operations look at or write too many values: send them in several requests",
            )
        })?;
        self.0.set(left);
        Ok(())
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self(Cell::new(Self::VALUES))
    }
}

/// What it costs to look at a value, or to copy it: its parts, and its text by length.
fn weight(value: &Value) -> usize {
    let parts = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len() / 4,
        Value::Array(items) => items.iter().map(weight).fold(0, usize::saturating_add),
        Value::Object(object) => object.values().map(weight).fold(0, usize::saturating_add),
    };
    parts.saturating_add(1)
}

/// One request at work on stored attributes.
pub(super) struct Run<'a> {
    pub(super) validator: SchemaValidator<'a>,
    pub(super) budget: Budget,
}

impl Run<'_> {
    fn change(&self, attributes: &mut Attributes, change: &Change) -> Result<(), ScimError> {
        let whole = change.attribute.whole();
        let old = take(attributes, &whole);
        let new = self.guarded(&whole, old, |old| {
            if whole.attribute.multi_valued {
                self.change_elements(change, old)
            } else {
                self.change_single(change, old)
            }
        })?;
        put(attributes, &whole, new);
        Ok(())
    }
}

fn take(attributes: &mut Attributes, attribute: &AttributeRef) -> Option<Value> {
    let container = match &attribute.extension {
        None => attributes,
        Some(urn) => attributes.get_mut(urn.as_str())?.as_object_mut()?,
    };
    container.remove(attribute.attribute.name.as_str())
}

/// Assigns `value`; an extension that has no attributes left goes.
fn put(attributes: &mut Attributes, attribute: &AttributeRef, value: Option<Value>) {
    let name = attribute.attribute.name.as_str();
    let Some(urn) = &attribute.extension else {
        attributes.extend(value.map(|value| (name.to_owned(), value)));
        return;
    };
    match value {
        Some(value) => {
            let extension = attributes.entry(urn.as_str()).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(extension) = extension {
                extension.insert(name.to_owned(), value);
            }
        }
        None => {
            let is_empty = attributes.get(urn.as_str()).and_then(Value::as_object).is_some_and(Map::is_empty);
            if is_empty {
                attributes.remove(urn.as_str());
            }
        }
    }
}
