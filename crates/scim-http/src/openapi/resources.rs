//! The schemas of resources and of discovery documents, computed from their definitions (RFC 7643 §2, §7).
//!
//! A resource has two: what is answered, and what a client sends. An answer may leave out whatever
//! `attributes` and `excludedAttributes` can leave out, so that little of it is required.

use std::sync::Arc;

use scim_domain::attribute::{AttributeDefinition, AttributeType, Mutability, Returned, Uniqueness};
use scim_domain::schema::common::CommonAttributes;
use scim_domain::schema::core::discovery_schemas;
use scim_domain::schema::{ResourceType, SchemaDefinition, TenantSchema};
use serde_json::{Map, Value, json};

use super::{Schemas, messages, named, object, schema};

/// Which way a body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// To the client, who may leave out what can be left out.
    Answer,
    /// To the client, always whole.
    Document,
    /// From the client.
    Input,
}

/// The schemas of these resource types and their extensions, of resources of any other type, and of the
/// discovery documents.
pub(super) fn schemas(known: &TenantSchema) -> Schemas {
    let common = CommonAttributes::default();
    let mut schemas = Schemas::new();
    for resource_type in known.resource_types() {
        for side in [Side::Answer, Side::Input] {
            let name = component_name(resource_type.name(), side);
            let mut of_type = whole(&common, &resource_type.schema, side);
            add_extensions(&mut of_type, resource_type, side);
            schemas.insert(name, of_type);
        }
        let list = format!("{}List", resource_type.name());
        schemas.insert(list, messages::list_of(&component_name(resource_type.name(), Side::Answer)));
        for extension in &resource_type.extensions {
            for side in [Side::Answer, Side::Input] {
                let name = component_name(&extension.schema.name, side);
                schemas.insert(name, of_definition(&extension.schema, side));
            }
        }
    }
    for definition in discovery_schemas() {
        schemas.insert(definition.name.clone(), whole(&common, &definition, Side::Document));
    }
    // The schema of schemas tells sub-attributes to a depth that some of them go beyond.
    let attributes =
        schemas.get_mut("Schema").and_then(|of_schema| of_schema.pointer_mut("/properties/attributes/items"));
    if let Some(attributes) = attributes {
        *attributes = schema("AttributeDefinition");
    }
    schemas.extend(named([
        ("Resource", of_any_type(&common, Side::Answer)),
        ("ResourceInput", of_any_type(&common, Side::Input)),
        ("ResourceList", messages::list_of("Resource")),
        ("SchemaList", messages::list_of("Schema")),
        ("ResourceTypeList", messages::list_of("ResourceType")),
        ("Meta", attribute(&common.meta, Side::Answer)),
    ]));
    schemas
}

/// A schema's name as a component: letters and digits.
fn component_name(name: &str, side: Side) -> String {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    if side == Side::Input { letters + "Input" } else { letters }
}

/// A resource of one schema, with the common attributes (RFC 7643 §3.1).
fn whole(common: &CommonAttributes, definition: &SchemaDefinition, side: Side) -> Value {
    let mut of_definition = of_definition(definition, side);
    add(&mut of_definition, common_attributes(common, side), required_in(side));
    if let Some(schemas) = of_definition.pointer_mut("/properties/schemas").and_then(Value::as_object_mut) {
        schemas.insert("examples".into(), json!([[definition.id]]));
    }
    of_definition
}

/// A resource of a type that is the tenant's own.
fn of_any_type(common: &CommonAttributes, side: Side) -> Value {
    let description = "A resource of any type: beside these it has the attributes of the type's schemas.";
    let mut resource = object(description, &[], json!({}));
    add(&mut resource, common_attributes(common, side), required_in(side));
    resource
}

/// What no resource is without, on its way.
fn required_in(side: Side) -> &'static [&'static str] {
    match side {
        Side::Answer => &["schemas", "id"],
        Side::Document => &["schemas", "meta"],
        Side::Input => &["schemas"],
    }
}

fn common_attributes(common: &CommonAttributes, side: Side) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut put = |definition: &AttributeDefinition, schema: Value| {
        properties.insert(definition.name.to_string(), schema);
    };
    let mut schemas = attribute(&common.schemas, side);
    if let Some(schemas) = schemas.as_object_mut() {
        schemas.insert("minItems".into(), json!(1));
    }
    put(&common.schemas, schemas);
    match side {
        Side::Answer => {
            put(&common.id, attribute(&common.id, side));
            put(&common.external_id, attribute(&common.external_id, side));
            put(&common.meta, schema("Meta"));
        }
        // Where a document has an id, its schema says so.
        Side::Document => put(&common.meta, schema("Meta")),
        Side::Input => put(&common.external_id, attribute(&common.external_id, side)),
    }
    properties
}

/// The attributes of one schema.
fn of_definition(definition: &SchemaDefinition, side: Side) -> Value {
    let mut of_definition = complex(&definition.attributes, side);
    if let Some(object) = of_definition.as_object_mut() {
        object.insert("title".into(), json!(definition.name));
        let text = format!("{}. The schema is `{}`.", definition.description, definition.id);
        object.insert("description".into(), json!(text));
    }
    of_definition
}

fn add_extensions(of_type: &mut Value, resource_type: &ResourceType, side: Side) {
    for extension in &resource_type.extensions {
        let urn = extension.schema.id.to_string();
        let reference = schema(&component_name(&extension.schema.name, side));
        let is_required = side == Side::Input && extension.required;
        let required: &[&str] = if is_required { &[&urn] } else { &[] };
        add(of_type, [(urn.clone(), reference)].into_iter().collect(), required);
    }
}

/// Adds to the members of an object.
fn add(object: &mut Value, properties: Map<String, Value>, required: &[&str]) {
    if let Some(known) = object.pointer_mut("/properties").and_then(Value::as_object_mut) {
        for (name, schema) in properties {
            known.entry(name).or_insert(schema);
        }
    }
    if let Some(known) = object.pointer_mut("/required").and_then(Value::as_array_mut) {
        known.extend(required.iter().map(|name| json!(name)));
    }
}

/// Whether a body that goes this way may have the attribute: what a client sends of others is ignored.
fn is_in(definition: &AttributeDefinition, side: Side) -> bool {
    match side {
        Side::Answer | Side::Document => {
            definition.returned != Returned::Never && definition.mutability != Mutability::WriteOnly
        }
        Side::Input => definition.mutability != Mutability::ReadOnly,
    }
}

/// An object of these attributes.
fn complex(attributes: &[Arc<AttributeDefinition>], side: Side) -> Value {
    let present = || attributes.iter().filter(|definition| is_in(definition, side));
    let properties: Map<String, Value> =
        present().map(|definition| (definition.name.to_string(), attribute(definition, side))).collect();
    let required: Vec<&str> = present()
        .filter(|definition| definition.required && side != Side::Answer)
        .map(|definition| definition.name.as_str())
        .collect();
    json!({"type": "object", "required": required, "properties": properties})
}

/// An attribute with all its values.
fn attribute(definition: &AttributeDefinition, side: Side) -> Value {
    let mut single = single(definition, side);
    let annotate = |schema: &mut Value| {
        let Some(schema) = schema.as_object_mut() else { return };
        if !definition.description.is_empty() {
            schema.insert("description".into(), json!(definition.description));
        }
        let characteristics = characteristics(definition);
        if !characteristics.is_empty() {
            schema.insert("x-scim".into(), Value::Object(characteristics));
        }
    };
    if definition.multi_valued {
        let mut list = json!({"type": "array", "items": single});
        annotate(&mut list);
        return list;
    }
    annotate(&mut single);
    single
}

/// One value.
fn single(definition: &AttributeDefinition, side: Side) -> Value {
    let mut value = match definition.data_type {
        AttributeType::String => json!({"type": "string"}),
        AttributeType::Boolean => json!({"type": "boolean"}),
        AttributeType::Decimal => json!({"type": "number"}),
        AttributeType::Integer => json!({"type": "integer"}),
        AttributeType::DateTime => json!({"type": "string", "format": "date-time"}),
        AttributeType::Binary => json!({"type": "string", "contentEncoding": "base64"}),
        AttributeType::Reference => json!({"type": "string", "format": "uri-reference"}),
        AttributeType::Complex => complex(&definition.sub_attributes, side),
    };
    if let (Some(value), false) = (value.as_object_mut(), definition.canonical_values.is_empty()) {
        value.insert("examples".into(), json!(definition.canonical_values));
    }
    value
}

/// The characteristics that are not as by default (RFC 7643 §2.2), in the words of §7.
fn characteristics(definition: &AttributeDefinition) -> Map<String, Value> {
    let mut characteristics = Map::new();
    let mut put = |name: &str, differs: bool, value: Value| {
        if differs {
            characteristics.insert(name.to_owned(), value);
        }
    };
    put("mutability", definition.mutability != Mutability::default(), json!(definition.mutability));
    put("returned", definition.returned != Returned::default(), json!(definition.returned));
    put("uniqueness", definition.uniqueness != Uniqueness::default(), json!(definition.uniqueness));
    put("caseExact", definition.is_case_exact(), json!(true));
    put("referenceTypes", !definition.reference_types.is_empty(), json!(definition.reference_types));
    characteristics
}
