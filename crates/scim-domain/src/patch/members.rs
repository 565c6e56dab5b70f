//! Operations on the members of a group, which never read or write stored attributes.
//!
//! What an operation does is known from the operation alone, so it costs by what it names and not by
//! the group. The exception is a filter on more than the ids of members.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::attribute::{AttributeRef, Mutability};
use crate::error::{ErrorKind, ScimError};
use crate::filter::{ComparisonOperator, Operand, TypedFilter};
use crate::identifier::ResourceId;
use crate::json;
use crate::resource::{Member, MemberChange, Resource};
use crate::validation::SchemaValidator;

use super::engine::Budget;
use super::operation::{MemberAction, Selection};
use super::request::OperationKind;

/// What an operation does to the members; `None` where that is nothing.
///
/// # Errors
/// `mutability` for a path to parts of a member; `invalidValue` for a value that names no members, or
/// more than the tenant's config lets one operation add or remove.
pub(super) fn action(
    validator: SchemaValidator<'_>,
    kind: OperationKind,
    attribute: &AttributeRef,
    selection: Option<Selection>,
    value: Option<&Value>,
) -> Result<Option<MemberAction>, ScimError> {
    if attribute.sub_attribute.is_some() {
        return Err(ScimError::mutability(format!("{attribute}: fixed when a member is added")));
    }
    if attribute.attribute.mutability == Mutability::Immutable {
        return Err(ScimError::mutability(format!("{attribute}: immutable")));
    }
    let value = value.filter(|value| !value.is_null());
    let action = match (kind, selection, value) {
        (OperationKind::Remove, Some(selection), _) => match selected_ids(&selection.filter) {
            Some(ids) => MemberAction::Remove(ids),
            None => MemberAction::RemoveMatching(selection.filter),
        },
        (_, Some(selection), _) => {
            return Err(ScimError::mutability(format!(
                "{}: the parts of a member are fixed when it is added",
                selection.text
            )));
        }
        (OperationKind::Add, None, None) => return Ok(None),
        (OperationKind::Add, None, Some(value)) => MemberAction::Add(added(validator, value)?),
        (OperationKind::Replace, None, value) => {
            let ids = value.map(|value| validator.members(value)).transpose()?.unwrap_or_default();
            if ids.is_empty() { MemberAction::RemoveAll } else { MemberAction::Replace(ids) }
        }
        (OperationKind::Remove, None, None) => MemberAction::RemoveAll,
        (OperationKind::Remove, None, Some(value)) => MemberAction::Remove(listed(attribute, value)?),
    };
    check_limits(validator, attribute, &action)?;
    Ok(Some(action))
}

/// RFC 7644 §3.5.2.1: a new value, or several, are added.
fn added(validator: SchemaValidator<'_>, value: &Value) -> Result<BTreeSet<ResourceId>, ScimError> {
    match value {
        Value::Array(_) => validator.members(value),
        one => validator.members(&Value::Array(vec![one.clone()])),
    }
}

/// The ids in the `value` of a `remove`. An id that no resource can have is no member's: nothing of it
/// is left to remove.
fn listed(attribute: &AttributeRef, value: &Value) -> Result<BTreeSet<ResourceId>, ScimError> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut ids = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let id = match item {
            Value::String(id) => Some(id.as_str()),
            Value::Object(member) => id_of(member),
            _ => None,
        };
        let id = id.ok_or_else(|| {
            ScimError::invalid_value(format!("{attribute}[{index}].value: required, the id of the member"))
        })?;
        ids.extend(ResourceId::parse(id));
    }
    Ok(ids)
}

fn id_of(member: &Map<String, Value>) -> Option<&str> {
    json::member(member, "value")?.as_str()
}

/// The only ids that `filter` can match, where it compares nothing but ids.
fn selected_ids(filter: &TypedFilter) -> Option<BTreeSet<ResourceId>> {
    match filter {
        TypedFilter::Compare {
            attribute,
            operator: ComparisonOperator::Equal,
            operand: Operand::Text(id),
        } if attribute.leaf().name.matches("value") => Some(ResourceId::parse(id).into_iter().collect()),
        TypedFilter::Or(any) => {
            let mut ids = BTreeSet::new();
            for filter in any {
                ids.extend(selected_ids(filter)?);
            }
            Some(ids)
        }
        _ => None,
    }
}

fn check_limits(
    validator: SchemaValidator<'_>,
    attribute: &AttributeRef,
    action: &MemberAction,
) -> Result<(), ScimError> {
    let config = validator.config;
    match action {
        MemberAction::Add(ids) | MemberAction::Replace(ids) if ids.len() > 1 && !config.multi_member_add => {
            Err(ScimError::invalid_value(format!(
                "{attribute}: this tenant takes one member in one operation (multiMemberAdd), got {}",
                ids.len()
            )))
        }
        MemberAction::Remove(ids) if ids.len() > 1 => check_removal(validator, attribute, ids.len()),
        MemberAction::RemoveAll if attribute.attribute.required => {
            Err(ScimError::mutability(format!("{attribute}: required, cannot be removed")))
        }
        MemberAction::RemoveAll if !config.allow_remove_all_members => {
            Err(ScimError::invalid_value(format!(
                "{attribute}: this tenant removes members by filter or value only (allowRemoveAllMembers)"
            )))
        }
        _ => Ok(()),
    }
}

fn check_removal(
    validator: SchemaValidator<'_>,
    attribute: impl std::fmt::Display,
    count: usize,
) -> Result<(), ScimError> {
    if count < 2 || validator.config.multi_member_remove {
        return Ok(());
    }
    Err(ScimError::invalid_value(format!(
        "{attribute}: this tenant removes one member in one operation (multiMemberRemove), got {count}"
    )))
}

/// The members while the operations of a request run.
pub(super) struct MemberRun<'a> {
    current: Option<&'a [Member]>,
    /// What has become of them so far.
    pub(super) change: MemberChange,
}

impl<'a> MemberRun<'a> {
    pub(super) fn new(current: &'a Resource) -> Self {
        Self { current: current.members.as_deref(), change: MemberChange::default() }
    }

    /// # Errors
    /// `invalidValue` where a filter selects more members than one operation may remove.
    pub(super) fn apply(
        &mut self,
        validator: SchemaValidator<'_>,
        budget: &Budget,
        action: &MemberAction,
    ) -> Result<(), ScimError> {
        match action {
            MemberAction::Add(ids) => ids.iter().for_each(|id| self.change.add(*id)),
            MemberAction::Remove(ids) => ids.iter().for_each(|id| self.change.remove(*id)),
            MemberAction::Replace(ids) => self.change = MemberChange::Replace(ids.clone()),
            MemberAction::RemoveAll => self.change.clear(),
            MemberAction::RemoveMatching(filter) => {
                let ids = self.matching(budget, filter)?;
                check_removal(validator, "members", ids.len())?;
                ids.into_iter().for_each(|id| self.change.remove(id));
            }
        }
        Ok(())
    }

    /// Whether a current member still is one.
    fn has(&self, id: ResourceId) -> bool {
        match &self.change {
            MemberChange::Delta { remove, .. } => !remove.contains(&id),
            MemberChange::Replace(ids) => ids.contains(&id),
        }
    }

    /// The members that `filter` selects after the operations so far. Of those which the same request
    /// added no more than the id is known.
    fn matching(&self, budget: &Budget, filter: &TypedFilter) -> Result<Vec<ResourceId>, ScimError> {
        let current = self.current.ok_or_else(|| {
            // The caller did not ask `needs_members`.
            ScimError::new(ErrorKind::Internal, "the members of the group were not read")
        })?;
        let (MemberChange::Delta { add: added, .. } | MemberChange::Replace(added)) = &self.change;
        budget
            .spend_weight(current.len().saturating_add(added.len()).saturating_mul(filter.comparisons()))?;
        let known = current
            .iter()
            .filter(|member| self.has(member.id))
            .filter(|member| filter.matches_element(&member.to_json()))
            .map(|member| member.id);
        let is_known = |id: &ResourceId| current.binary_search_by_key(id, |member| member.id).is_ok();
        let new = added.iter().filter(|id| !is_known(id)).copied().filter(|id| {
            let element = Map::from_iter([("value".to_owned(), Value::String(id.to_string()))]);
            filter.matches_element(&Value::Object(element))
        });
        Ok(known.chain(new).collect())
    }
}
