//! What an operation is on: paths and the attributes of value objects, bound to a resource type
//! (RFC 7644 §3.5.2, §3.10).

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::attribute::{
    AttributeDefinition, AttributeRef, AttributeSource, AttributeType, Mutability, SchemaUrn,
};
use crate::error::ScimError;
use crate::filter::{Binding, Filter, PatchPath, UnknownAttribute};
use crate::leniency;
use crate::schema::{ResolvedPath, ResourceType};
use crate::tenant::TenantConfig;
use crate::validation::{SchemaValidator, excerpt};

use super::members;
use super::operation::{Action, Change, Selection, VALUE};
use super::request::OperationKind;
use super::template;

/// Binds operations to a resource type.
#[derive(Clone, Copy)]
pub(super) struct Binder<'a> {
    pub(super) resource_type: &'a ResourceType,
    pub(super) config: &'a TenantConfig,
    pub(super) base_url: &'a str,
}

/// What a path names.
enum Target {
    /// An attribute or sub-attribute, and which of its elements.
    Attribute(AttributeRef, Option<Selection>),
    /// An extension as a whole.
    Extension(SchemaUrn),
    /// The resource as a whole.
    Resource,
}

impl Binder<'_> {
    /// An operation with a `path`.
    pub(super) fn path(
        &self,
        kind: OperationKind,
        path: &str,
        value: Option<&Value>,
    ) -> Result<Vec<Action>, ScimError> {
        let parsed = PatchPath::parse(path)?;
        let Some(target) = self.resolve(&parsed)? else {
            return Err(ScimError::invalid_path(format!(
                "path: '{}' names no attribute of {}",
                excerpt(path),
                self.resource_type.name()
            )));
        };
        match target {
            Target::Attribute(attribute, selection) => {
                if is_read_only(&attribute) {
                    return Err(ScimError::mutability(format!("{attribute}: readOnly")));
                }
                Ok(self.attribute(kind, attribute, selection, value)?.into_iter().collect())
            }
            Target::Extension(urn) => self.extension(kind, &urn, value),
            Target::Resource => self.resource(kind, value),
        }
    }

    /// An operation without a `path`: its value is an object of attributes.
    pub(super) fn resource(
        &self,
        kind: OperationKind,
        value: Option<&Value>,
    ) -> Result<Vec<Action>, ScimError> {
        if kind == OperationKind::Remove {
            return Err(ScimError::no_target("path: required for 'remove'"));
        }
        let mut actions = Vec::new();
        for (key, value) in attributes_of(value, "without a path")? {
            if self.resource_type.schema.id.matches(key) {
                actions.extend(self.resource(kind, Some(value))?);
            } else if let Some(extension) = self.resource_type.extension(key) {
                actions.extend(self.extension(kind, &extension.schema.id, Some(value))?);
            } else if let Some(attribute) = self.resource_type.core_attribute(key) {
                actions.extend(self.entry(kind, attribute, None, value)?);
            } else {
                actions.extend(self.verbose(kind, key, None, value)?);
            }
        }
        Ok(actions)
    }

    /// An operation on an extension as a whole: its value is an object of the extension's attributes.
    fn extension(
        &self,
        kind: OperationKind,
        urn: &SchemaUrn,
        value: Option<&Value>,
    ) -> Result<Vec<Action>, ScimError> {
        let removes = kind == OperationKind::Remove
            || (kind == OperationKind::Replace && value.is_some_and(Value::is_null));
        let mut actions = Vec::new();
        if removes {
            for attribute in self.resource_type.attributes() {
                if attribute.extension.as_ref() == Some(urn) {
                    actions.extend(self.entry(OperationKind::Remove, attribute, None, &Value::Null)?);
                }
            }
            return Ok(actions);
        }
        if value.is_some_and(Value::is_null) {
            return Ok(actions);
        }
        for (key, value) in attributes_of(value, urn.as_str())? {
            match self.resource_type.extension_attribute(urn.as_str(), key) {
                Some(attribute) => actions.extend(self.entry(kind, attribute, None, value)?),
                None => actions.extend(self.verbose(kind, key, Some(urn), value)?),
            }
        }
        Ok(actions)
    }

    /// A key of a value object that is no attribute's name: a path where the tenant takes those for
    /// paths (`verbosePatch`), otherwise an unknown attribute.
    fn verbose(
        &self,
        kind: OperationKind,
        key: &str,
        extension: Option<&SchemaUrn>,
        value: &Value,
    ) -> Result<Vec<Action>, ScimError> {
        if self.config.verbose_patch && key.contains(['.', ':', '[']) {
            let path = match extension {
                Some(urn) => PatchPath::parse(&format!("{urn}:{key}")),
                None => PatchPath::parse(key),
            };
            let target = match path {
                Ok(path) => self.resolve(&path)?,
                // No attribute has a bracket in its name: whoever writes one means a path.
                Err(error) if key.contains('[') => return Err(error),
                Err(_no_path) => None,
            };
            if let Some(Target::Attribute(attribute, selection)) = target {
                return Ok(self.entry(kind, attribute, selection, value)?.into_iter().collect());
            }
        }
        if leniency::ignores_unknown_attributes(self.config) {
            return Ok(Vec::new());
        }
        Err(ScimError::invalid_syntax(format!(
            "{}: no schema of resource type {} defines this attribute",
            excerpt(key),
            self.resource_type.name()
        )))
    }

    /// An attribute among others in a value object. One that is readOnly is ignored there, as in the
    /// whole of a resource (RFC 7644 §3.5.1).
    fn entry(
        &self,
        kind: OperationKind,
        attribute: AttributeRef,
        selection: Option<Selection>,
        value: &Value,
    ) -> Result<Option<Action>, ScimError> {
        if is_read_only(&attribute) {
            return Ok(None);
        }
        self.attribute(kind, attribute, selection, Some(value))
    }

    fn attribute(
        &self,
        kind: OperationKind,
        attribute: AttributeRef,
        selection: Option<Selection>,
        value: Option<&Value>,
    ) -> Result<Option<Action>, ScimError> {
        if attribute.source == AttributeSource::Members {
            return members::action(
                SchemaValidator::new(self.resource_type, self.config),
                kind,
                &attribute,
                selection,
                value,
            )
            .map(|action| action.map(Action::Members));
        }
        Ok(kind.edit(value).map(|edit| Action::Change(Change { attribute, selection, edit })))
    }

    /// What `path` names; `None` where it names nothing.
    fn resolve(&self, path: &PatchPath) -> Result<Option<Target>, ScimError> {
        let Some(resolved) = self.resource_type.resolve(&path.path) else { return Ok(None) };
        let attribute = match (resolved, &path.filter) {
            (ResolvedPath::Attribute(attribute), None) => {
                return Ok(Some(Target::Attribute(attribute, None)));
            }
            (ResolvedPath::Extension(urn), None) => return Ok(Some(Target::Extension(urn))),
            (ResolvedPath::Base, None) => return Ok(Some(Target::Resource)),
            (ResolvedPath::Attribute(attribute), Some(_)) => attribute,
            (ResolvedPath::Extension(_) | ResolvedPath::Base, Some(_)) => return Ok(None),
        };
        let Some(filter) = &path.filter else { return Ok(None) };
        if !attribute.attribute.multi_valued || attribute.sub_attribute.is_some() {
            return Err(ScimError::invalid_path(format!(
                "path: '{attribute}' has one value, so that no filter can select among several"
            )));
        }
        let selection = self.select(&attribute, filter)?;
        let target = match &path.sub_attribute {
            None => Some(attribute),
            Some(name) => attribute.sub(name.as_str()),
        };
        Ok(target.map(|attribute| Target::Attribute(attribute, Some(selection))))
    }

    fn select(&self, attribute: &AttributeRef, filter: &Filter) -> Result<Selection, ScimError> {
        let filter = leniency::filter_booleans(self.config, &attribute.attribute, filter);
        let binding = Binding { base_url: self.base_url, unknown: UnknownAttribute::Refuse };
        Ok(Selection {
            text: format!("{attribute}[{filter}]"),
            template: template::from_filter(attribute, &filter),
            filter: filter.bind_to_elements(&as_complex(attribute), &binding)?,
        })
    }
}

/// The attributes in the value of an operation on a whole resource or extension.
fn attributes_of<'a>(value: Option<&'a Value>, target: &str) -> Result<&'a Map<String, Value>, ScimError> {
    value.and_then(Value::as_object).ok_or_else(|| {
        ScimError::invalid_value(format!("value: expected an object of attributes for an operation {target}"))
    })
}

/// RFC 7644 §3.5.2.2 compares a `value` also where the elements are simple: then it is the element itself.
fn as_complex(attribute: &AttributeRef) -> Cow<'_, AttributeRef> {
    let definition = &attribute.attribute;
    if definition.data_type == AttributeType::Complex {
        return Cow::Borrowed(attribute);
    }
    let value = AttributeDefinition {
        name: VALUE.into(),
        multi_valued: false,
        ..AttributeDefinition::clone(definition)
    };
    let complex = AttributeDefinition {
        multi_valued: true,
        returned: definition.returned,
        sub_attributes: vec![Arc::new(value)],
        ..AttributeDefinition::new(definition.name.as_str(), AttributeType::Complex)
    };
    Cow::Owned(AttributeRef { attribute: Arc::new(complex), ..attribute.clone() })
}

/// Whether clients may never write what is named (RFC 7643 §7).
fn is_read_only(attribute: &AttributeRef) -> bool {
    let computed = matches!(
        attribute.source,
        AttributeSource::Id | AttributeSource::Schemas | AttributeSource::Meta | AttributeSource::Groups
    );
    let parts = std::iter::once(&attribute.attribute).chain(&attribute.sub_attribute);
    computed || parts.into_iter().any(|part| part.mutability == Mutability::ReadOnly)
}
