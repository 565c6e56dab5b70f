//! Filters and sorts, drawn from the attributes of a type.

use scim_domain::attribute::{AttributeDefinition, AttributeRef, AttributeSource, AttributeType, Returned};
use scim_domain::filter::{Binding, Filter, UnknownAttribute};
use scim_domain::schema::ResourceType;
use serde_json::{Value, json};

use super::super::world::BASE_URL;
use super::Draw;
use super::resources::simple_value;

/// The text of a filter that this type takes. `known` are ids that resources have.
pub fn filter(draw: &mut Draw, resource_type: &ResourceType, known: &[String]) -> String {
    expression(draw, 3, &mut |draw| condition(draw, resource_type, known))
}

/// The path of an attribute to sort by.
pub fn sort_by(draw: &mut Draw, resource_type: &ResourceType) -> String {
    let attributes = readable(resource_type);
    let attribute = draw.choose(&attributes);
    match attribute.attribute.sub_attributes.as_slice() {
        [] => attribute.to_string(),
        subs => format!("{attribute}.{}", draw.choose(subs).name),
    }
}

/// The attributes that may be filtered and sorted by: not those that are never returned.
fn readable(resource_type: &ResourceType) -> Vec<AttributeRef> {
    let is_readable = |attribute: &AttributeRef| attribute.attribute.returned != Returned::Never;
    resource_type.attributes().filter(is_readable).collect()
}

/// Whether a type other than that for which a filter was drawn takes it as well.
pub(super) fn fits(resource_type: &ResourceType, text: &str) -> bool {
    let binding = Binding { base_url: BASE_URL, unknown: UnknownAttribute::Absent };
    Filter::parse(text).is_ok_and(|filter| filter.bind(resource_type, &binding).is_ok())
}

/// Conditions joined by `and`, `or` and `not`.
fn expression(draw: &mut Draw, depth: usize, condition: &mut dyn FnMut(&mut Draw) -> String) -> String {
    let Some(deeper) = depth.checked_sub(1) else { return condition(draw) };
    match draw.below(6) {
        0 | 1 => {
            let word = if draw.one_in(2) { "and" } else { "or" };
            let left = expression(draw, deeper, condition);
            let right = expression(draw, deeper, condition);
            format!("({left}) {word} ({right})")
        }
        2 => format!("not ({})", expression(draw, deeper, condition)),
        _ => condition(draw),
    }
}

fn condition(draw: &mut Draw, resource_type: &ResourceType, known: &[String]) -> String {
    let attributes = readable(resource_type);
    let attribute = draw.choose(&attributes);
    let definition = &attribute.attribute;
    if draw.one_in(6) {
        return format!("{attribute} pr");
    }
    if definition.data_type != AttributeType::Complex {
        return comparison(draw, &attribute.to_string(), attribute.source, definition, known);
    }
    let subs = &definition.sub_attributes;
    if draw.one_in(2) {
        let sub = draw.choose(subs);
        return comparison(draw, &format!("{attribute}.{}", sub.name), attribute.source, sub, known);
    }
    let inner = expression(draw, 2, &mut |draw| {
        let sub = draw.choose(subs);
        if draw.one_in(6) {
            format!("{} pr", sub.name)
        } else {
            comparison(draw, sub.name.as_str(), attribute.source, sub, known)
        }
    });
    format!("{attribute}[{inner}]")
}

fn comparison(
    draw: &mut Draw,
    path: &str,
    source: AttributeSource,
    definition: &AttributeDefinition,
    known: &[String],
) -> String {
    let operators: &[&str] = match definition.data_type {
        AttributeType::Boolean => &["eq", "ne"],
        AttributeType::Binary => &["eq", "ne", "co", "sw", "ew"],
        AttributeType::Integer | AttributeType::Decimal | AttributeType::DateTime => {
            &["eq", "eq", "ne", "gt", "ge", "lt", "le"]
        }
        AttributeType::String | AttributeType::Reference | AttributeType::Complex => {
            &["eq", "eq", "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]
        }
    };
    if draw.one_in(20) {
        return format!("{path} {} null", draw.choose(&["eq", "ne"]));
    }
    let operator = draw.choose(operators);
    let operand = operand(draw, source, definition, known);
    format!("{path} {operator} {operand}")
}

/// A value to compare with: mostly one that the store may hold.
fn operand(
    draw: &mut Draw,
    source: AttributeSource,
    definition: &AttributeDefinition,
    known: &[String],
) -> Value {
    let is_id = source == AttributeSource::Id
        || (matches!(source, AttributeSource::Members | AttributeSource::Groups)
            && definition.name.matches("value"));
    if is_id && !known.is_empty() {
        return json!(draw.choose(known));
    }
    if source == AttributeSource::Meta && definition.name.matches("version") {
        return json!(draw.choose(&["W/\"v1\"", "W/\"v2\"", "v1", "\""]));
    }
    let types = ["User", "group", "direct", "indirect", "Device"];
    if source != AttributeSource::Stored
        && (definition.name.matches("type") || definition.name.matches("resourceType"))
    {
        return json!(draw.choose(&types));
    }
    if matches!(definition.data_type, AttributeType::Reference)
        && source != AttributeSource::Stored
        && !known.is_empty()
    {
        let endpoint = draw.choose(&["Users", "Groups", "Devices"]);
        return json!(format!("{BASE_URL}/{endpoint}/{}", draw.choose(known)));
    }
    simple_value(draw, definition)
}
