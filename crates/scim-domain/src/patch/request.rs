//! Reading the body of a PATCH request (RFC 7644 §3.5.2).

use serde_json::{Map, Value};

use crate::attribute::AttributeRef;
use crate::error::ScimError;
use crate::identifier::ResourceId;
use crate::json::member;
use crate::leniency;
use crate::message;
use crate::projection::add_written;
use crate::schema::ResourceType;
use crate::tenant::TenantConfig;
use crate::validation::excerpt;

use super::operation::{Action, Change, Edit, MemberAction, Step};
use super::target::Binder;

/// The URN of the PATCH message (RFC 7644 §3.5.2).
pub const PATCH_URN: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A PATCH request, bound to a resource type: well-formed, and every path of it names something
/// that may be written.
#[derive(Debug, Clone)]
pub struct PatchRequest {
    pub(super) steps: Vec<Step>,
}

/// What an operation does, before its value is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OperationKind {
    Add,
    Replace,
    Remove,
}

impl PatchRequest {
    /// Reads the body of a PATCH request on a resource of this type. `base_url` is the mount, without
    /// which no filter can compare a `$ref`.
    ///
    /// # Errors
    /// With `Operations[i]` in the detail where one operation is to blame:
    /// `invalidSyntax` for a body that is no PATCH message; `invalidPath` for a path that is malformed or
    /// names nothing; `invalidFilter` for a filter in a path that is; `mutability` for a path to a readOnly
    /// attribute; `noTarget` for `remove` without a path; `invalidValue` for a missing value, or one that
    /// cannot hold attributes or members, or more members than the tenant's config allows.
    pub fn parse(
        body: &Value,
        resource_type: &ResourceType,
        config: &TenantConfig,
        base_url: &str,
    ) -> Result<Self, ScimError> {
        let body = message::read(body, PATCH_URN)?;
        let operations = match member(body, "Operations") {
            Some(Value::Array(operations)) => operations,
            Some(_) => return Err(ScimError::invalid_syntax("Operations: expected an array")),
            None => return Err(ScimError::invalid_syntax("Operations: required in a PATCH message")),
        };
        if operations.is_empty() && !leniency::empty_operations(config) {
            return Err(ScimError::invalid_syntax("Operations: expected one operation or more"));
        }
        check_members(config, body, &["schemas", "Operations"])?;
        let mut steps = Vec::with_capacity(operations.len());
        for (index, operation) in operations.iter().enumerate() {
            let binder = Binder { resource_type, config, base_url };
            let actions = read_operation(&binder, operation)
                .map_err(|error| error.within(format_args!("Operations[{index}]")))?;
            steps.extend(actions.into_iter().map(|action| Step { index, action }));
        }
        Ok(Self { steps })
    }

    /// Whether [`PatchEngine::apply`](super::PatchEngine::apply) has to see the current members of the
    /// group: only where a filter asks for more of them than their ids (`members[display eq "x"]`).
    pub fn needs_members(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.action, Action::Members(MemberAction::RemoveMatching(_))))
    }

    /// The stored attributes that the operations give values to and that are returned on `request`,
    /// sub-attributes included: what
    /// [`Projection::for_write`](crate::projection::Projection::for_write) takes for a PATCH.
    pub fn written_attributes(&self) -> Vec<AttributeRef> {
        let mut written = Vec::new();
        for step in &self.steps {
            if let Action::Change(Change {
                attribute, edit: Edit::Add(value) | Edit::Replace(value), ..
            }) = &step.action
            {
                add_written(&mut written, attribute.clone(), value);
            }
        }
        written
    }

    /// Which of `Operations` is the last to make `id` a member: the one to blame where there is no such resource.
    pub fn operation_adding(&self, id: ResourceId) -> Option<usize> {
        let adds = |step: &&Step| {
            matches!(
                &step.action,
                Action::Members(MemberAction::Add(ids) | MemberAction::Replace(ids)) if ids.contains(&id)
            )
        };
        self.steps.iter().rev().find(adds).map(|step| step.index)
    }

    /// Which of `Operations` is the last to write to the stored attribute at `path`, or to the attribute
    /// around it: the one to blame where a [unique value](crate::resource::UniqueValue) is taken.
    pub fn operation_writing(&self, path: &str) -> Option<usize> {
        let writes = |step: &&Step| match &step.action {
            Action::Change(change) => {
                let rest = path.strip_prefix(&change.attribute.whole().to_string());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            }
            Action::Members(_) => false,
        };
        self.steps.iter().rev().find(writes).map(|step| step.index)
    }

    /// Whether any operation is on the members of the group.
    pub fn changes_members(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.action, Action::Members(_)))
    }
}

fn read_operation(binder: &Binder<'_>, operation: &Value) -> Result<Vec<Action>, ScimError> {
    let operation =
        operation.as_object().ok_or_else(|| ScimError::invalid_syntax("expected an operation, an object"))?;
    let kind = match member(operation, "op") {
        Some(Value::String(op)) => read_op(op)?,
        Some(_) => return Err(ScimError::invalid_syntax("op: expected a string")),
        None => return Err(ScimError::invalid_syntax("op: required, one of 'add', 'remove' and 'replace'")),
    };
    check_members(binder.config, operation, &["op", "path", "value"])?;
    let path = match member(operation, "path") {
        None | Some(Value::Null) => None,
        Some(Value::String(path)) => Some(path.as_str()),
        Some(_) => return Err(ScimError::invalid_syntax("path: expected a string")),
    };
    let value = member(operation, "value");
    if kind != OperationKind::Remove && value.is_none() {
        return Err(ScimError::invalid_value("value: required for 'add' and 'replace'"));
    }
    match path {
        Some(path) => binder.path(kind, path, value),
        None => binder.resource(kind, value),
    }
}

/// The operation of this name, in any case: Microsoft Entra ID sends `Add`, `Remove` and `Replace`, and
/// strings of SCIM are not `caseExact` unless a definition says so (RFC 7643 §2.2).
fn read_op(op: &str) -> Result<OperationKind, ScimError> {
    let is = |name: &str| op.eq_ignore_ascii_case(name);
    if is("add") {
        Ok(OperationKind::Add)
    } else if is("replace") {
        Ok(OperationKind::Replace)
    } else if is("remove") {
        Ok(OperationKind::Remove)
    } else {
        Err(ScimError::invalid_syntax(format!(
            "op: expected 'add', 'remove' or 'replace', got '{}'",
            excerpt(op)
        )))
    }
}

/// # Errors
/// In strict mode `invalidSyntax` for a member of a message that no one defines.
fn check_members(
    config: &TenantConfig,
    object: &Map<String, Value>,
    known: &[&str],
) -> Result<(), ScimError> {
    let unknown = object.keys().find(|key| !known.iter().any(|name| key.eq_ignore_ascii_case(name)));
    match unknown {
        Some(key) if !leniency::ignores_unknown_attributes(config) => {
            Err(ScimError::invalid_syntax(format!("{}: not a part of a PATCH message", excerpt(key))))
        }
        _ => Ok(()),
    }
}

impl OperationKind {
    /// What this operation does with `value`; `None` where that is nothing.
    pub(super) fn edit(self, value: Option<&Value>) -> Option<Edit> {
        // RFC 7643 §2.5: null and an empty array are "unassigned".
        let assigned =
            value.filter(|value| !value.is_null() && value.as_array().is_none_or(|items| !items.is_empty()));
        match (self, assigned) {
            (Self::Add, Some(value)) => Some(Edit::Add(value.clone())),
            (Self::Add, None) => None,
            (Self::Replace, Some(value)) => Some(Edit::Replace(value.clone())),
            (Self::Replace, None) => Some(Edit::Remove(None)),
            // A list of nothing names nothing to remove; that is no wish to remove everything.
            (Self::Remove, _) => Some(Edit::Remove(value.filter(|value| !value.is_null()).cloned())),
        }
    }
}
