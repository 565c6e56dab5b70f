//! The schemas and resource types of one tenant, compiled and checked against one another.

use std::sync::Arc;

use super::{Extension, ResourceType, ResourceTypeDefinition, SchemaDefinition, core};

/// Everything that one tenant's resources can be. Immutable: a change makes a new one.
#[derive(Debug)]
pub struct TenantSchema {
    schemas: Vec<Arc<SchemaDefinition>>,
    resource_types: Vec<Arc<ResourceType>>,
}

/// Why definitions do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// A resource type names a schema that is not defined.
    #[error("resource type {resource_type} names the schema {schema}, which is not defined")]
    UnknownSchema {
        /// The resource type's name.
        resource_type: String,
        /// The URN.
        schema: String,
    },
    /// Two resource types, endpoints or schemas have one name.
    #[error("{what} {name} is defined twice")]
    Duplicate {
        /// What is defined twice.
        what: &'static str,
        /// Its name.
        name: String,
    },
}

impl TenantSchema {
    /// Compiles definitions.
    ///
    /// # Errors
    /// [`SchemaError`] where a resource type names an undefined schema, or a name is taken twice.
    pub fn compile(
        schemas: Vec<SchemaDefinition>,
        resource_types: Vec<ResourceTypeDefinition>,
    ) -> Result<Self, SchemaError> {
        let schemas: Vec<Arc<SchemaDefinition>> = schemas.into_iter().map(Arc::new).collect();
        for (index, schema) in schemas.iter().enumerate() {
            if schemas.iter().take(index).any(|earlier| earlier.id == schema.id) {
                return Err(SchemaError::Duplicate { what: "schema", name: schema.id.to_string() });
            }
        }
        let mut compiled: Vec<Arc<ResourceType>> = Vec::with_capacity(resource_types.len());
        for definition in resource_types {
            let find = |urn: &str| {
                schemas.iter().find(|schema| schema.id.matches(urn)).cloned().ok_or_else(|| {
                    SchemaError::UnknownSchema {
                        resource_type: definition.name.clone(),
                        schema: urn.to_owned(),
                    }
                })
            };
            let schema = find(definition.schema.as_str())?;
            let mut extensions = Vec::with_capacity(definition.schema_extensions.len());
            for extension in &definition.schema_extensions {
                extensions.push(Extension {
                    schema: find(extension.schema.as_str())?,
                    required: extension.required,
                });
            }
            if compiled.iter().any(|earlier| earlier.name().eq_ignore_ascii_case(&definition.name)) {
                return Err(SchemaError::Duplicate { what: "resource type", name: definition.name });
            }
            if compiled.iter().any(|earlier| earlier.endpoint().eq_ignore_ascii_case(&definition.endpoint)) {
                return Err(SchemaError::Duplicate { what: "endpoint", name: definition.endpoint });
            }
            compiled.push(Arc::new(ResourceType::new(definition, schema, extensions)));
        }
        Ok(Self { schemas, resource_types: compiled })
    }

    /// What a new tenant has: User with the enterprise extension, and Group (RFC 7643 §4).
    ///
    /// # Errors
    /// None in practice: the definitions are this crate's own, and a test compiles them.
    pub fn rfc7643() -> Result<Self, SchemaError> {
        Self::compile(core::resource_schemas(), core::resource_types())
    }

    /// The schemas, in the order of their definition.
    pub fn schemas(&self) -> &[Arc<SchemaDefinition>] {
        &self.schemas
    }

    /// The schema with this URN, in whatever case.
    pub fn schema(&self, urn: &str) -> Option<&Arc<SchemaDefinition>> {
        self.schemas.iter().find(|schema| schema.id.matches(urn))
    }

    /// The resource types, in the order of their definition.
    pub fn resource_types(&self) -> &[Arc<ResourceType>] {
        &self.resource_types
    }

    /// The resource type with this name, in whatever case.
    pub fn resource_type(&self, name: &str) -> Option<&Arc<ResourceType>> {
        self.resource_types.iter().find(|known| known.name().eq_ignore_ascii_case(name))
    }

    /// The resource type whose endpoint is `/{segment}`. Path segments are case-sensitive (RFC 3986 §6.2.2.1).
    pub fn resource_type_at(&self, segment: &str) -> Option<&Arc<ResourceType>> {
        self.resource_types.iter().find(|known| known.endpoint().strip_prefix('/') == Some(segment))
    }
}

#[cfg(test)]
mod tests {
    use super::core::{ENTERPRISE_USER_URN, USER_URN};
    use super::*;
    use crate::attribute::AttributeSource;
    use crate::schema::ResolvedPath;

    fn user() -> Arc<ResourceType> {
        Arc::clone(TenantSchema::rfc7643().expect("compiles").resource_type("user").expect("User"))
    }

    #[track_caller]
    fn resolves(path: &str, expected: &str) {
        let attribute = user().attribute_at(path).expect("an attribute");
        assert_eq!(attribute.to_string(), expected);
    }

    #[test]
    fn paths_resolve_in_any_case_to_the_spelling_of_the_schema() {
        resolves("USERNAME", "userName");
        resolves("Name.GIVENname", "name.givenName");
        resolves("externalid", "externalId");
        resolves("meta.LASTMODIFIED", "meta.lastModified");
        resolves(&format!("{}:emails.value", USER_URN.to_uppercase()), "emails.value");
        resolves(
            &format!("{ENTERPRISE_USER_URN}:manager.value"),
            &format!("{ENTERPRISE_USER_URN}:manager.value"),
        );
    }

    #[test]
    fn a_urn_alone_names_a_whole_schema() {
        let user = user();
        let resolve =
            |text: &str| user.resolve(&crate::attribute::AttributePath::parse(text).expect("a path"));
        assert!(matches!(resolve(ENTERPRISE_USER_URN), Some(ResolvedPath::Extension(_))));
        assert!(matches!(resolve(USER_URN), Some(ResolvedPath::Base)));
        assert!(resolve("urn:example:none").is_none());
        assert!(resolve("manager").is_none(), "an extension's attribute needs its URN");
        assert!(resolve("name.nothing").is_none());
    }

    #[test]
    fn membership_is_found_by_its_shape() {
        let schema = TenantSchema::rfc7643().expect("compiles");
        let group = schema.resource_type_at("Groups").expect("Group");
        assert_eq!(group.members().map(|members| members.source), Some(AttributeSource::Members));
        assert!(group.groups().is_none());
        assert!(user().groups().is_some());
        assert_eq!(
            user().unique_attributes.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["userName"]
        );
    }

    #[test]
    fn definitions_that_do_not_fit_are_refused() {
        let mut types = core::resource_types();
        types.extend(core::resource_types().into_iter().take(1));
        let error = TenantSchema::compile(core::resource_schemas(), types).expect_err("twice");
        assert_eq!(error.to_string(), "resource type User is defined twice");
        let error = TenantSchema::compile(Vec::new(), core::resource_types()).expect_err("unknown");
        assert!(matches!(error, SchemaError::UnknownSchema { .. }));
    }
}
