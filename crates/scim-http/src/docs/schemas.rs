//! Schemas on the page.

use serde_json::{Map, Value};

use super::html::{append, code, escape, inline, paragraphs};

/// A schema that has a name.
pub(super) fn schema_section(name: &str, schema: &Value) -> String {
    let description = description(schema);
    let mut out = format!(
        "<details>\n<summary><strong>{0}</strong> <span class=\"summary\">{1}</span></summary>\n\
         <div class=\"body\" id=\"schema-{0}\">\n{2}<p class=\"note\">{3}{4}</p>\n{5}",
        escape(name),
        inline(description.split_once(". ").map_or(description, |(first, _)| first).trim_end_matches('.')),
        paragraphs(description),
        kind(schema),
        constraints(schema),
        properties(schema),
    );
    let examples = schema.get("examples").and_then(Value::as_array).into_iter().flatten();
    for example in examples.filter(|example| example.is_object()) {
        append(&mut out, format_args!("<pre tabindex=\"0\">{}</pre>\n", escape(&format!("{example:#}"))));
    }
    out.push_str("</div>\n</details>\n");
    out
}

fn description(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// What a value is, in a few words.
pub(super) fn kind(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|uri| uri.rsplit('/').next()) {
        return format!("<a href=\"#schema-{0}\">{0}</a>", escape(name));
    }
    if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
        return alternatives.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => {
            format!("array of {}", schema.get("items").map_or("anything".to_owned(), kind))
        }
        Some(Value::String(name)) => {
            let format =
                schema.get("format").or_else(|| schema.get("contentEncoding")).and_then(Value::as_str);
            format.map_or_else(|| escape(name), |format| format!("{} ({})", escape(name), escape(format)))
        }
        Some(Value::Array(names)) => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            escape(&names.join(" or "))
        }
        _ => "anything".to_owned(),
    }
}

/// What a value has to be beyond that, and what it is by default.
pub(super) fn constraints(schema: &Value) -> String {
    let mut notes = Vec::new();
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<String> = words.iter().map(literal).collect();
        notes.push(format!("One of {}.", words.join(", ")));
    }
    if let Some(value) = schema.get("const") {
        notes.push(format!("Always {}.", literal(value)));
    }
    for (keyword, words) in [
        ("minimum", "At least"),
        ("maximum", "At most"),
        ("maxLength", "Longest:"),
        ("pattern", "Matches"),
        ("default", "By default"),
    ] {
        if let Some(value) = schema.get(keyword) {
            notes.push(format!("{words} {}.", literal(value)));
        }
    }
    let examples = schema.get("examples").and_then(Value::as_array).into_iter().flatten();
    let examples: Vec<String> = examples.filter(|example| !example.is_object()).map(literal).collect();
    if !examples.is_empty() {
        notes.push(format!("For instance {}.", examples.join(", ")));
    }
    let characteristics = schema.get("x-scim").and_then(Value::as_object).into_iter().flatten();
    let characteristics: Vec<String> =
        characteristics.map(|(name, value)| format!("{} {}", escape(name), literal(value))).collect();
    if !characteristics.is_empty() {
        notes.push(format!("<small>{}</small>", characteristics.join(", ")));
    }
    notes.iter().map(|note| format!(" {note}")).collect()
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => code("\"\""),
        Value::String(text) => code(text),
        Value::Array(items) if !items.is_empty() => items.iter().map(literal).collect::<Vec<_>>().join(", "),
        other => code(&other.to_string()),
    }
}

/// The members of an object, or of the objects in an array; those that are required first.
fn properties(schema: &Value) -> String {
    let object = schema.get("items").unwrap_or(schema);
    let Some(members) = object.get("properties").and_then(Value::as_object) else {
        return additional(object);
    };
    let required = object.get("required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|known| known == name));
    let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
    sorted.sort_by_key(|(name, _)| !is_required(name));
    let mut out = "<dl>\n".to_owned();
    for (name, member) in sorted {
        let mark = if is_required(name) { ", <strong>required</strong>" } else { "" };
        append(
            &mut out,
            format_args!(
                "<dt>{} <small>{}{mark}</small></dt>\n<dd>{}{}{}</dd>\n",
                code(name),
                kind(member),
                inline(description(member)),
                constraints(member),
                properties(member),
            ),
        );
    }
    out.push_str("</dl>\n");
    out
}

/// The values of an object whose members have any name.
fn additional(object: &Value) -> String {
    match object.get("additionalProperties") {
        Some(Value::Object(values)) => {
            let values = Value::Object(Map::clone(values));
            format!(" Values: {}.{}", kind(&values), constraints(&values))
        }
        _ => String::new(),
    }
}
