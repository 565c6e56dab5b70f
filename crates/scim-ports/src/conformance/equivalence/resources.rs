//! Attributes, drawn from their definitions: awkward on purpose, and so few different ones that
//! filters find some.

use scim_domain::attribute::{AttributeDefinition, AttributeSource, AttributeType};
use scim_domain::schema::ResourceType;
use serde_json::{Map, Value, json};

use super::Draw;

/// Pieces of text that are easily mistaken: for patterns, quotes, case, or one another.
const PIECES: [&str; 32] = [
    "a",
    "A",
    "b",
    "%",
    "_",
    "\\",
    "\"",
    "'",
    "ß",
    "ss",
    "SS",
    "İ",
    "i",
    "ı",
    "Σ",
    "ς",
    "σ",
    "é",
    "e\u{301}",
    "👩‍🔧",
    "\u{1}",
    "\u{7f}",
    "\n",
    " ",
    "0",
    "\u{ffff}",
    "𝒳",
    "ﬁ",
    "K",
    "ａ",
    "null",
    "$.a[*]?(@==1)",
];

/// A text of up to four awkward pieces.
pub fn text(draw: &mut Draw) -> String {
    let length = draw.below(5);
    (0..length).map(|_| *draw.choose(&PIECES)).collect()
}

/// Attributes of a resource of this type: normalised, with whatever its unique attributes need to
/// be mostly different.
pub fn attributes(draw: &mut Draw, resource_type: &ResourceType) -> Value {
    let mut attributes = Map::new();
    for attribute in resource_type.attributes() {
        let definition = &attribute.attribute;
        let is_needed = definition.required && attribute.extension.is_none();
        if attribute.source != AttributeSource::Stored || (!is_needed && !draw.one_in(3)) {
            continue;
        }
        let Some(value) = whole_value(draw, definition) else { continue };
        let name = definition.name.to_string();
        match &attribute.extension {
            None => {
                attributes.insert(name, value);
            }
            Some(urn) => {
                let extension = attributes.entry(urn.to_string()).or_insert_with(|| json!({}));
                extension[name] = value;
            }
        }
    }
    Value::Object(attributes)
}

fn whole_value(draw: &mut Draw, definition: &AttributeDefinition) -> Option<Value> {
    if !definition.multi_valued {
        return one_value(draw, definition);
    }
    let count = draw.below(4);
    let values: Vec<Value> = (0..count).filter_map(|_| one_value(draw, definition)).collect();
    (!values.is_empty()).then_some(Value::Array(values))
}

fn one_value(draw: &mut Draw, definition: &AttributeDefinition) -> Option<Value> {
    if definition.data_type != AttributeType::Complex {
        return Some(simple_value(draw, definition));
    }
    let mut object = Map::new();
    for sub_attribute in &definition.sub_attributes {
        if draw.one_in(2)
            && let Some(value) = whole_value(draw, sub_attribute)
        {
            object.insert(sub_attribute.name.to_string(), value);
        }
    }
    (!object.is_empty()).then_some(Value::Object(object))
}

/// A value of a simple attribute, also as the operand of a filter.
pub(super) fn simple_value(draw: &mut Draw, definition: &AttributeDefinition) -> Value {
    match definition.data_type {
        AttributeType::Boolean => json!(draw.one_in(2)),
        AttributeType::Integer => json!(draw.choose(&[
            0,
            1,
            -1,
            8,
            10,
            9_007_199_254_740_992,
            9_007_199_254_740_993,
            i64::MAX,
            i64::MIN
        ])),
        AttributeType::Decimal => draw
            .choose(&[
                json!(0),
                json!(-0.0),
                json!(1),
                json!(1.0),
                json!(1.5),
                json!(-2),
                json!(0.1),
                json!(1e300),
                json!(9_007_199_254_740_993_i64),
            ])
            .clone(),
        AttributeType::DateTime => json!(draw.choose(&[
            "2024-02-29T12:00:00Z",
            "2024-02-29T13:00:00+01:00",
            "2024-02-29T12:00:00.000001Z",
            "2024-02-29T12:00:00.5-11:30",
            "1969-12-31T23:59:59.999Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2024-02-29T12:00:00",
        ])),
        AttributeType::Binary => json!(draw.choose(&["AAEC", "aaec", "AA==", "_-8="])),
        AttributeType::Reference => {
            json!(draw.choose(&["https://example.com/A", "https://example.com/a", "urn:x:%_", "/rel"]))
        }
        AttributeType::String | AttributeType::Complex => json!(text(draw)),
    }
}
