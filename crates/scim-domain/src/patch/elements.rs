//! Edits of multi-valued attributes: of all elements, or of those that a filter selects.

use serde_json::{Map, Value};

use crate::attribute::{AttributeDefinition, AttributeRef, AttributeType};
use crate::error::ScimError;
use crate::leniency;

use super::engine::Run;
use super::identity::{Listed, Positions, key};
use super::operation::{Change, Edit, Selection};
use super::request::OperationKind;
use super::single::{elements_from, object_from};

/// The positions of the elements that an operation made primary.
type Primaries = Vec<usize>;

impl Run<'_> {
    /// A multi-valued attribute after `change`.
    pub(super) fn change_elements(
        &self,
        change: &Change,
        old: Option<Value>,
    ) -> Result<Option<Value>, ScimError> {
        let attribute = &change.attribute;
        let mut elements = elements_from(old);
        let primaries = match (&change.selection, &attribute.sub_attribute, &change.edit) {
            (None, None, Edit::Add(value)) => self.append(attribute, &mut elements, value)?,
            (None, None, Edit::Replace(value)) => return self.whole_list(attribute, value),
            (None, None, Edit::Remove(listed)) => {
                self.remove_listed(attribute, &mut elements, listed.as_ref())?;
                Primaries::new()
            }
            (selection, _, edit) => {
                self.change_selected(attribute, &mut elements, selection.as_ref(), edit)?
            }
        };
        hold_one_primary(attribute, &mut elements, &primaries)?;
        elements.retain(|element| {
            !element.is_null() && element.as_object().is_none_or(|parts| !parts.is_empty())
        });
        Ok((!elements.is_empty()).then_some(Value::Array(elements)))
    }

    /// RFC 7644 §3.5.2.1: each new element comes after those that are there; one that is there already
    /// is not added again.
    pub(super) fn append(
        &self,
        attribute: &AttributeRef,
        elements: &mut Vec<Value>,
        value: &Value,
    ) -> Result<Primaries, ScimError> {
        let given = match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        self.budget.spend(elements, 1)?;
        let mut positions = Positions::of(attribute, elements);
        let mut primaries = Primaries::new();
        for item in given {
            let item = leniency::unwrapped(self.validator.config, attribute.leaf(), item);
            let Some(new) = self.validator.element(attribute, &item)? else { continue };
            let is_primary = is_primary(attribute, &new);
            let position = positions.find_or_insert(key(attribute, &new), elements.len());
            match (position.and_then(|position| elements.get_mut(position)), new) {
                (Some(Value::Object(same)), Value::Object(new)) => {
                    self.merge(attribute, same, &new, OperationKind::Add)?;
                }
                (Some(_), _) => {}
                (None, new) => elements.push(new),
            }
            if is_primary {
                primaries.push(position.unwrap_or(elements.len().saturating_sub(1)));
            }
        }
        primaries.sort_unstable();
        primaries.dedup();
        Ok(primaries)
    }

    /// RFC 7644 §3.5.2.3: "the attribute and all values are replaced".
    pub(super) fn whole_list(
        &self,
        attribute: &AttributeRef,
        value: &Value,
    ) -> Result<Option<Value>, ScimError> {
        let Value::Array(items) = value else {
            let value = leniency::unwrapped(self.validator.config, attribute.leaf(), value);
            return self.validator.value(attribute, &value);
        };
        let unwrap = |item| leniency::unwrapped(self.validator.config, attribute.leaf(), item).into_owned();
        self.validator.value(attribute, &Value::Array(items.iter().map(unwrap).collect()))
    }

    /// RFC 7644 §3.5.2.2: all values go; outside strict mode, where a client lists some, those.
    pub(super) fn remove_listed(
        &self,
        attribute: &AttributeRef,
        elements: &mut Vec<Value>,
        listed: Option<&Value>,
    ) -> Result<(), ScimError> {
        let Some(value) = listed.filter(|_| leniency::removes_listed_values(self.validator.config)) else {
            elements.clear();
            return Ok(());
        };
        let items = match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        self.budget.spend(elements, 1)?;
        let mut listed = Listed::default();
        for item in items {
            let item = leniency::unwrapped(self.validator.config, attribute.leaf(), item);
            if let Some(item) = self.validator.element(attribute, &item)? {
                listed.insert(attribute, &item);
            }
        }
        elements.retain(|element| !listed.contains(attribute, element));
        Ok(())
    }

    /// The elements that `selection` selects, or all of them, after `edit`.
    fn change_selected(
        &self,
        attribute: &AttributeRef,
        elements: &mut Vec<Value>,
        selection: Option<&Selection>,
        edit: &Edit,
    ) -> Result<Primaries, ScimError> {
        self.budget.spend(elements, selection.map_or(1, |selection| selection.filter.comparisons()))?;
        let is_selected = |element: &Value| selection.is_none_or(|selection| selection.selects(element));
        let selected: Vec<usize> = elements
            .iter()
            .enumerate()
            .filter(|(_, element)| is_selected(element))
            .map(|(position, _)| position)
            .collect();
        if selected.is_empty() {
            return self.change_none(attribute, elements, selection, edit);
        }
        if let Edit::Add(value) | Edit::Replace(value) | Edit::Remove(Some(value)) = edit {
            self.budget.spend(std::slice::from_ref(value), selected.len())?;
        }
        let mut primaries = Primaries::new();
        for position in selected {
            let Some(element) = elements.get_mut(position) else { continue };
            let sets_primary = self.change_element(attribute, element, edit)?;
            if sets_primary && is_primary(attribute, element) {
                primaries.push(position);
            }
        }
        Ok(primaries)
    }

    /// One element after `edit`, or null where nothing is left of it; and whether the edit was of
    /// its `primary`.
    fn change_element(
        &self,
        attribute: &AttributeRef,
        element: &mut Value,
        edit: &Edit,
    ) -> Result<bool, ScimError> {
        let is_complex = attribute.attribute.data_type == AttributeType::Complex;
        let (kind, value) = match (edit, &attribute.sub_attribute) {
            (_, Some(part)) => {
                let mut object = object_from(Some(element.take()));
                self.edit_part(attribute, &mut object, edit)?;
                *element = Value::Object(object);
                return Ok(part.name.matches("primary"));
            }
            (Edit::Remove(_), None) => {
                *element = Value::Null;
                return Ok(false);
            }
            (Edit::Add(value), None) => (OperationKind::Add, value),
            (Edit::Replace(value), None) => (OperationKind::Replace, value),
        };
        if !is_complex {
            let value = leniency::unwrapped(self.validator.config, &attribute.attribute, value);
            *element = self.validator.element(attribute, &value)?.unwrap_or_default();
            return Ok(false);
        }
        let given = self.object(attribute, value)?;
        let mut object = object_from(Some(element.take()));
        self.merge(attribute, &mut object, &given, kind)?;
        *element = Value::Object(object);
        Ok(given.keys().any(|name| name.eq_ignore_ascii_case("primary")))
    }

    /// What an operation does whose filter selects nothing.
    ///
    /// # Errors
    /// `noTarget` (RFC 7644 §3.5.2.3, §3.12) where nothing can come of it.
    fn change_none(
        &self,
        attribute: &AttributeRef,
        elements: &mut Vec<Value>,
        selection: Option<&Selection>,
        edit: &Edit,
    ) -> Result<Primaries, ScimError> {
        let config = self.validator.config;
        let no_target = |selection: &Selection| {
            ScimError::no_target(format!("{}: no element of the resource matches", selection.text))
        };
        let (value, creates) = match (edit, selection) {
            (Edit::Remove(_), Some(selection)) if !leniency::removes_nothing(config) => {
                return Err(no_target(selection));
            }
            (Edit::Remove(_), _) => return Ok(Primaries::new()),
            (Edit::Add(value), _) => (value, true),
            (Edit::Replace(value), _) => (value, leniency::replace_creates_selected_element(config)),
        };
        // Without a filter the path names an attribute that does not exist, which RFC 7644 §3.5.2.3 adds.
        let mut object = match selection {
            None => Map::new(),
            Some(selection) => {
                selection.template.clone().filter(|_| creates).ok_or_else(|| no_target(selection))?
            }
        };
        match &attribute.sub_attribute {
            Some(part) => {
                let value = leniency::unwrapped(config, part, value).into_owned();
                object.insert(part.name.as_str().to_owned(), value);
            }
            None => {
                for (name, value) in self.object(attribute, value)?.iter() {
                    let part = attribute.sub(name);
                    let name = part.as_ref().map_or(name.as_str(), |part| part.leaf().name.as_str());
                    object.insert(name.to_owned(), value.clone());
                }
            }
        }
        let whole = attribute.whole();
        let Some(new) = self.validator.element(&whole, &Value::Object(object))? else {
            return Ok(Primaries::new());
        };
        elements.push(new);
        let last = elements.len().saturating_sub(1);
        Ok(elements.last().filter(|new| is_primary(&whole, new)).map(|_| last).into_iter().collect())
    }
}

/// `primary` of RFC 7643 §2.4, where the elements of the attribute have it.
fn primary_of(attribute: &AttributeRef) -> Option<&AttributeDefinition> {
    let primary = attribute.attribute.sub_attribute("primary")?;
    (primary.data_type == AttributeType::Boolean && !primary.multi_valued).then_some(&**primary)
}

fn is_primary(attribute: &AttributeRef, element: &Value) -> bool {
    primary_of(attribute)
        .is_some_and(|primary| element.get(primary.name.as_str()) == Some(&Value::Bool(true)))
}

/// RFC 7644 §3.5.2: where an operation makes one element primary, the others are so no more.
///
/// # Errors
/// `invalidValue` where it makes more than one primary.
fn hold_one_primary(
    attribute: &AttributeRef,
    elements: &mut [Value],
    primaries: &[usize],
) -> Result<(), ScimError> {
    let (Some(primary), Some(first)) = (primary_of(attribute), primaries.first()) else { return Ok(()) };
    if primaries.len() > 1 {
        return Err(ScimError::invalid_value(format!(
            "{}: expected {} to be true in at most one element, got {}",
            attribute.whole(),
            primary.name,
            primaries.len()
        )));
    }
    let others = elements.iter_mut().enumerate().filter(|(position, _)| position != first);
    for (_, element) in others {
        if let Some(value) = element.get_mut(primary.name.as_str())
            && *value == Value::Bool(true)
        {
            *value = Value::Bool(false);
        }
    }
    Ok(())
}
