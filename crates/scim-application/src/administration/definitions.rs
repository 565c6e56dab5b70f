//! The schemas and resource types of a tenant (RFC 7643 §6, §7): shown, put in, taken out, while
//! requests run.

mod change;

use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::schema::{
    DefinitionError, ResourceTypeDefinition, SchemaDefinition, SchemaError, TenantDefinitions,
};
use serde_json::{Map, Value};

use crate::ServiceError;

use super::page::PageOf;
use super::{AdminContext, AdminError, Administration, Parameters, bad_request, conflict};

use change::{Done, Edit, Edited};

/// What came of a definition that was put in.
#[derive(Debug, Clone)]
pub struct DefinitionAnswer {
    /// Whether there was none of its name.
    pub is_new: bool,
    /// The definition; of a dry run the report.
    pub body: Value,
}

/// The parameter that asks what a change would mean, and for nothing else.
const DRY_RUN: &str = "dryRun";

impl Administration {
    /// The schemas of a tenant, in the order in which discovery lists them.
    ///
    /// # Errors
    /// 404; 400 for parameters that there are not, or a wrong cursor.
    pub async fn schema_list(&self, tenant: &str, parameters: &Parameters) -> Result<Value, AdminError> {
        let tenant = self.tenant(tenant).await?;
        let schemas = TenantDefinitions::of(&tenant.schema).schemas;
        let schemas = schemas.iter().map(|schema| (schema.id.as_str(), serde_json::to_value(schema)));
        list(parameters, schemas)
    }

    /// A schema of a tenant.
    ///
    /// # Errors
    /// 404
    pub async fn schema_show(&self, tenant: &str, urn: &str) -> Result<Value, AdminError> {
        let tenant = self.tenant(tenant).await?;
        let schema = tenant.schema.schema(urn);
        let schema = schema.ok_or_else(|| ScimError::not_found(format!("{urn}: no such schema")))?;
        Ok(written(serde_json::to_value(&**schema))?)
    }

    /// Puts in a schema, in the place of the one with its URN. With `dryRun` nothing is done, and the
    /// answer is the report on the resources that stand in the way.
    ///
    /// # Errors
    /// 404; 400 for a schema that is wrong, or does not go with the others; 409 with the report where
    /// resources stand in the way.
    pub async fn schema_put(
        &self,
        context: &AdminContext,
        tenant: &str,
        urn: &str,
        body: &Value,
        parameters: &Parameters,
    ) -> Result<DefinitionAnswer, AdminError> {
        let is_dry = dry_run(parameters)?;
        let schema = SchemaDefinition::from_client(body, urn)?;
        let edit = |definitions: &TenantDefinitions| {
            Ok(Edited {
                definitions: definitions.put_schema(schema.clone())?,
                before: definitions.schema(urn).map(schema_members).transpose()?,
                after: Some(schema_members(&schema)?),
            })
        };
        let edit = Edit { kind: "schema", id: schema.id.as_str(), is_dry, edit: &edit };
        let done = self.change_definitions(context, tenant, &edit).await?;
        answer(done, serde_json::to_value(&schema))
    }

    /// Takes out a schema that no resource type has; with `dryRun` only tells whether it could.
    ///
    /// # Errors
    /// 404; 409 for a schema that a resource type has.
    pub async fn schema_delete(
        &self,
        context: &AdminContext,
        tenant: &str,
        urn: &str,
        parameters: &Parameters,
    ) -> Result<Option<Value>, AdminError> {
        let is_dry = dry_run(parameters)?;
        let edit = |definitions: &TenantDefinitions| {
            Ok(Edited {
                definitions: definitions.delete_schema(urn)?,
                before: definitions.schema(urn).map(schema_members).transpose()?,
                after: None,
            })
        };
        let edit = Edit { kind: "schema", id: urn, is_dry, edit: &edit };
        Ok(self.change_definitions(context, tenant, &edit).await?.report)
    }

    /// The resource types of a tenant, in the order in which discovery lists them.
    ///
    /// # Errors
    /// 404; 400 for parameters that there are not, or a wrong cursor.
    pub async fn resource_type_list(
        &self,
        tenant: &str,
        parameters: &Parameters,
    ) -> Result<Value, AdminError> {
        let tenant = self.tenant(tenant).await?;
        let known = TenantDefinitions::of(&tenant.schema).resource_types;
        list(parameters, known.iter().map(|known| (known.name.as_str(), serde_json::to_value(known))))
    }

    /// A resource type of a tenant.
    ///
    /// # Errors
    /// 404
    pub async fn resource_type_show(&self, tenant: &str, name: &str) -> Result<Value, AdminError> {
        let tenant = self.tenant(tenant).await?;
        let found = tenant.schema.resource_type(name);
        let missing = || ScimError::not_found(format!("{name}: no such resource type"));
        Ok(written(serde_json::to_value(&found.ok_or_else(missing)?.definition))?)
    }

    /// Puts in a resource type, in the place of the one with its name. With `dryRun` nothing is done, and
    /// the answer is the report on the resources that stand in the way.
    ///
    /// # Errors
    /// 404; 400 for a resource type that is wrong, or does not go with the others; 409 where another one
    /// has its endpoint, and with the report where resources stand in the way.
    pub async fn resource_type_put(
        &self,
        context: &AdminContext,
        tenant: &str,
        name: &str,
        body: &Value,
        parameters: &Parameters,
    ) -> Result<DefinitionAnswer, AdminError> {
        let is_dry = dry_run(parameters)?;
        let resource_type = ResourceTypeDefinition::from_client(body, name)?;
        let edit = |definitions: &TenantDefinitions| {
            Ok(Edited {
                definitions: definitions.put_resource_type(resource_type.clone())?,
                before: definitions.resource_type(name).map(type_members).transpose()?,
                after: Some(type_members(&resource_type)?),
            })
        };
        let edit = Edit { kind: "resourceType", id: &resource_type.name, is_dry, edit: &edit };
        let done = self.change_definitions(context, tenant, &edit).await?;
        answer(done, serde_json::to_value(&resource_type))
    }

    /// Takes out a resource type of which there are no resources; with `dryRun` only tells whether it could.
    ///
    /// # Errors
    /// 404; 409 for User and Group, and with the report where there are resources.
    pub async fn resource_type_delete(
        &self,
        context: &AdminContext,
        tenant: &str,
        name: &str,
        parameters: &Parameters,
    ) -> Result<Option<Value>, AdminError> {
        let is_dry = dry_run(parameters)?;
        let edit = |definitions: &TenantDefinitions| {
            Ok(Edited {
                definitions: definitions.delete_resource_type(name)?,
                before: definitions.resource_type(name).map(type_members).transpose()?,
                after: None,
            })
        };
        let edit = Edit { kind: "resourceType", id: name, is_dry, edit: &edit };
        Ok(self.change_definitions(context, tenant, &edit).await?.report)
    }
}

fn dry_run(parameters: &Parameters) -> Result<bool, ScimError> {
    parameters.allow(&[DRY_RUN])?;
    parameters.flag(DRY_RUN)
}

/// A page of definitions; the cursor after one is its name.
fn list<'a>(
    parameters: &Parameters,
    definitions: impl Iterator<Item = (&'a str, serde_json::Result<Value>)>,
) -> Result<Value, AdminError> {
    let page = PageOf::read(parameters, &[])?;
    let definitions: Vec<(&str, serde_json::Result<Value>)> = definitions.collect();
    let place = |cursor: &str| definitions.iter().position(|(name, _)| *name == cursor);
    let start = page.after(place)?.map_or(0, |place| place.saturating_add(1));
    let mut items = Vec::new();
    for (name, definition) in definitions.into_iter().skip(start).take(page.fetch()) {
        items.push((name, written(definition)?));
    }
    Ok(page.answer(items, |(name, _)| (*name).to_owned(), |(_, definition)| definition.clone()))
}

fn answer(done: Done, definition: serde_json::Result<Value>) -> Result<DefinitionAnswer, AdminError> {
    let body = match done.report {
        Some(report) => report,
        None => written(definition)?,
    };
    Ok(DefinitionAnswer { is_new: done.is_new, body })
}

/// A definition as it is shown. It is text, numbers and truth values, which JSON takes.
fn written(definition: serde_json::Result<Value>) -> Result<Value, ServiceError> {
    definition.map_err(|error| ServiceError {
        error: ScimError::new(ErrorKind::Internal, "the request could not be processed"),
        retry_after: None,
        cause: Some(error.into()),
    })
}

/// What the audit log names of a schema, with what each says.
fn schema_members(schema: &SchemaDefinition) -> Result<Map<String, Value>, ServiceError> {
    let mut members = Map::new();
    members.insert("name".into(), schema.name.as_str().into());
    members.insert("description".into(), schema.description.as_str().into());
    for attribute in &schema.attributes {
        let name = format!("attributes.{}", attribute.name);
        members.insert(name, written(serde_json::to_value(&**attribute))?);
    }
    Ok(members)
}

/// What the audit log names of a resource type, with what each says.
fn type_members(resource_type: &ResourceTypeDefinition) -> Result<Map<String, Value>, ServiceError> {
    let members = written(serde_json::to_value(resource_type))?;
    Ok(members.as_object().cloned().unwrap_or_default())
}

impl From<DefinitionError> for ServiceError {
    fn from(error: DefinitionError) -> Self {
        match error {
            DefinitionError::Invalid(detail) => bad_request(detail).into(),
            DefinitionError::Conflict(detail) => conflict(detail).into(),
            DefinitionError::NotFound(detail) => ScimError::not_found(detail).into(),
        }
    }
}

impl From<SchemaError> for ServiceError {
    fn from(error: SchemaError) -> Self {
        bad_request(error.to_string()).into()
    }
}
