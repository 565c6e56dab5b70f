//! Edits of one value: simple ones, single-valued complex ones, and lists of simple values.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::attribute::{AttributeRef, AttributeType, Mutability};
use crate::error::ScimError;
use crate::leniency;
use crate::validation::{comparable, excerpt};

use super::engine::Run;
use super::operation::{Change, Edit};
use super::request::OperationKind;

impl Run<'_> {
    /// `old`, a value of `attribute`, after `change`; held to what mutability and `required` say.
    ///
    /// # Errors
    /// `mutability` where an immutable value would change (RFC 7644 §3.5.2) or a required one would become
    /// unassigned (§3.5.2.2).
    pub(super) fn guarded(
        &self,
        attribute: &AttributeRef,
        old: Option<Value>,
        change: impl FnOnce(Option<Value>) -> Result<Option<Value>, ScimError>,
    ) -> Result<Option<Value>, ScimError> {
        let leaf = attribute.leaf();
        let was_assigned = old.is_some();
        let fixed = old.as_ref().filter(|_| leaf.mutability == Mutability::Immutable).cloned();
        let fixed_parts = immutable_parts(attribute, old.as_ref());
        let new = change(old)?;
        if was_assigned && new.is_none() && leaf.required {
            return Err(ScimError::mutability(format!("{attribute}: required, cannot be removed")));
        }
        let is_fixed = |attribute: &AttributeRef| {
            ScimError::mutability(format!("{attribute}: immutable, its value is there already"))
        };
        for (part, value) in &fixed_parts {
            let now = new.as_ref().and_then(|new| new.get(part.leaf().name.as_str()));
            if now.is_none_or(|now| comparable(part, now) != comparable(part, value)) {
                return Err(is_fixed(part));
            }
        }
        let Some(fixed) = fixed else { return Ok(new) };
        if new.is_some_and(|new| comparable(attribute, &new) == comparable(attribute, &fixed)) {
            return Ok(Some(fixed));
        }
        Err(is_fixed(attribute))
    }

    /// A single-valued attribute after `change`.
    pub(super) fn change_single(
        &self,
        change: &Change,
        old: Option<Value>,
    ) -> Result<Option<Value>, ScimError> {
        let attribute = &change.attribute;
        let Some(sub_attribute) = &attribute.sub_attribute else {
            return self.edit(attribute, old, &change.edit);
        };
        if let Edit::Replace(value @ Value::String(_)) = &change.edit
            && sub_attribute.name.matches("value")
            && leniency::empties_complex(self.validator.config, &attribute.attribute, value)
        {
            return Ok(None);
        }
        let mut object = object_from(old);
        self.edit_part(attribute, &mut object, &change.edit)?;
        Ok((!object.is_empty()).then_some(Value::Object(object)))
    }

    /// The sub-attribute `part` of a complex value after `edit`.
    pub(super) fn edit_part(
        &self,
        part: &AttributeRef,
        object: &mut Map<String, Value>,
        edit: &Edit,
    ) -> Result<(), ScimError> {
        let name = part.leaf().name.as_str();
        let new = self.guarded(part, object.remove(name), |old| self.edit(part, old, edit))?;
        object.extend(new.map(|value| (name.to_owned(), value)));
        Ok(())
    }

    /// The value of `attribute`, which is no multi-valued complex one, after `edit`.
    pub(super) fn edit(
        &self,
        attribute: &AttributeRef,
        old: Option<Value>,
        edit: &Edit,
    ) -> Result<Option<Value>, ScimError> {
        let leaf = attribute.leaf();
        if leaf.multi_valued {
            return self.edit_list(attribute, old, edit);
        }
        let (Edit::Add(value) | Edit::Replace(value)) = edit else { return Ok(None) };
        let config = self.validator.config;
        let value = leniency::unwrapped(config, leaf, leniency::sole_element(config, value));
        let is_complex = leaf.data_type == AttributeType::Complex && attribute.sub_attribute.is_none();
        if is_complex {
            self.edit_complex(attribute, old, edit, &value)
        } else {
            self.assign(attribute, old, edit, &value)
        }
    }

    fn assign(
        &self,
        attribute: &AttributeRef,
        old: Option<Value>,
        edit: &Edit,
        value: &Value,
    ) -> Result<Option<Value>, ScimError> {
        let new = self.validator.value(attribute, value)?;
        Ok(match edit {
            Edit::Add(_) => new.or(old),
            Edit::Replace(_) | Edit::Remove(_) => new,
        })
    }

    /// RFC 7644 §3.5.2.3: the sub-attributes that the value has are replaced or added, the others stay.
    fn edit_complex(
        &self,
        attribute: &AttributeRef,
        old: Option<Value>,
        edit: &Edit,
        value: &Value,
    ) -> Result<Option<Value>, ScimError> {
        if leniency::empties_complex(self.validator.config, &attribute.attribute, value) {
            return Ok(old.filter(|_| matches!(edit, Edit::Add(_))));
        }
        if value.is_string() {
            // A plain string is the whole of the new value: what is known of another is not kept with it.
            let new = self.validator.element(attribute, value)?;
            let same = |old: &Value| {
                let part = attribute.sub("value");
                part.is_some_and(|part| {
                    let name = part.leaf().name.as_str();
                    let key = |value: &Value| value.get(name).map(|value| comparable(&part, value));
                    new.as_ref().and_then(key) == key(old)
                })
            };
            return Ok(old.filter(same).or(new));
        }
        let mut object = object_from(old);
        let kind = if matches!(edit, Edit::Add(_)) { OperationKind::Add } else { OperationKind::Replace };
        self.merge(attribute, &mut object, self.object(attribute, value)?.as_ref(), kind)?;
        Ok((!object.is_empty()).then_some(Value::Object(object)))
    }

    /// The value of an operation on a complex attribute or one element of it, as an object.
    ///
    /// # Errors
    /// `invalidValue` for a value that is none.
    pub(super) fn object<'v>(
        &self,
        attribute: &AttributeRef,
        value: &'v Value,
    ) -> Result<Cow<'v, Map<String, Value>>, ScimError> {
        let config = self.validator.config;
        let value = leniency::sole_element(config, value);
        match leniency::unwrapped(config, &attribute.attribute, value) {
            Cow::Borrowed(Value::Object(object)) => Ok(Cow::Borrowed(object)),
            Cow::Owned(Value::Object(object)) => Ok(Cow::Owned(object)),
            other => Ok(Cow::Owned(object_from(self.validator.element(&attribute.whole(), &other)?))),
        }
    }

    /// Each sub-attribute that `given` has, added to `object` or replaced in it. Those that are readOnly
    /// are ignored.
    ///
    /// # Errors
    /// As for [`guarded`](Self::guarded); `invalidSyntax` in strict mode for one that is not defined.
    pub(super) fn merge(
        &self,
        attribute: &AttributeRef,
        object: &mut Map<String, Value>,
        given: &Map<String, Value>,
        kind: OperationKind,
    ) -> Result<(), ScimError> {
        for (key, value) in given {
            match attribute.sub(key) {
                Some(part) if part.leaf().mutability == Mutability::ReadOnly => {}
                Some(part) => {
                    if let Some(edit) = kind.edit(Some(value)) {
                        self.edit_part(&part, object, &edit)?;
                    }
                }
                None if leniency::ignores_unknown_attributes(self.validator.config) => {}
                None => {
                    return Err(ScimError::invalid_syntax(format!(
                        "{}.{}: no schema of this resource type defines this sub-attribute",
                        attribute.whole(),
                        excerpt(key)
                    )));
                }
            }
        }
        Ok(())
    }

    /// A list of simple values after `edit`.
    fn edit_list(
        &self,
        attribute: &AttributeRef,
        old: Option<Value>,
        edit: &Edit,
    ) -> Result<Option<Value>, ScimError> {
        let mut values = elements_from(old);
        match edit {
            Edit::Add(value) => {
                self.append(attribute, &mut values, value)?;
            }
            Edit::Replace(value) => return self.whole_list(attribute, value),
            Edit::Remove(listed) => self.remove_listed(attribute, &mut values, listed.as_ref())?,
        }
        Ok((!values.is_empty()).then_some(Value::Array(values)))
    }
}

/// The immutable sub-attributes of a single-valued complex attribute that have a value, with it: they can
/// go neither by themselves nor with the value around them. Elements of a multi-valued attribute come and
/// go as wholes.
fn immutable_parts(attribute: &AttributeRef, value: Option<&Value>) -> Vec<(AttributeRef, Value)> {
    let Some(Value::Object(object)) = value else { return Vec::new() };
    if attribute.sub_attribute.is_some() || attribute.attribute.multi_valued {
        return Vec::new();
    }
    let subs = attribute.attribute.sub_attributes.iter();
    subs.filter(|sub| sub.mutability == Mutability::Immutable)
        .filter_map(|sub| {
            let value = object.get(sub.name.as_str())?.clone();
            Some((attribute.sub(sub.name.as_str())?, value))
        })
        .collect()
}

/// The object that a stored complex value is.
pub(super) fn object_from(value: Option<Value>) -> Map<String, Value> {
    match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// The elements that a stored multi-valued attribute has.
pub(super) fn elements_from(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(elements)) => elements,
        Some(single) => vec![single],
        None => Vec::new(),
    }
}
