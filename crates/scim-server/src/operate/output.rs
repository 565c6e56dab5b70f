//! Outcomes as people and programs read them.

use std::fmt::Write;

use serde_json::{Map, Value, json};

/// How an outcome is shown.
pub(super) enum Shape {
    /// One line for each item of a list, with these members of it.
    Table(&'static [&'static str]),
    /// One line for each member: these first, and others, if there are any, after them.
    Record(&'static [&'static str]),
    /// A sentence: `what` of this `name` is `how`.
    Done {
        /// What it was done to.
        what: &'static str,
        /// Its name.
        name: String,
        /// What was done.
        how: &'static str,
    },
}

impl Shape {
    /// The outcome as text, with a line feed at its end.
    pub(super) fn text(&self, outcome: &Value) -> String {
        match self {
            Self::Table(columns) => {
                let items = outcome.get("items").and_then(Value::as_array);
                table(columns, items.map(Vec::as_slice).unwrap_or_default())
            }
            Self::Record(first) => record(first, outcome),
            Self::Done { what, name, how } => format!("{what} '{}' is {how}\n", one_line(name)),
        }
    }

    /// The outcome as JSON, with a line feed at its end.
    pub(super) fn json(&self, outcome: &Value) -> String {
        match self {
            Self::Table(_) | Self::Record(_) => format!("{outcome:#}\n"),
            Self::Done { what: _, name, how } => format!("{:#}\n", json!({*how: name})),
        }
    }
}

/// Text that keeps to its line: what could move the cursor of a terminal is taken out.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn table(columns: &[&str], items: &[Value]) -> String {
    let head = columns.iter().map(|column| column.to_uppercase()).collect();
    let row = |item: &Value| columns.iter().map(|column| cell(item.get(column))).collect();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(items.iter().map(row)).collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn record(first: &[&str], outcome: &Value) -> String {
    let empty = Map::new();
    let members = outcome.as_object().unwrap_or(&empty);
    let ordered = first.iter().filter_map(|name| members.get_key_value(*name));
    let others = members.iter().filter(|(name, _)| !first.contains(&name.as_str()));
    let mut lines = Vec::new();
    for (name, value) in ordered.chain(others) {
        flatten(name, value, &mut lines);
    }
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, value) in lines {
        // Writing to a String cannot fail.
        let _written = writeln!(text, "{name:<width$}  {value}");
    }
    text
}

/// A line for a member, or for each member of the object that it is, by their names with dots between.
fn flatten(name: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (inner, value) in members {
                flatten(&format!("{name}.{inner}"), value, lines);
            }
        }
        value => lines.push((one_line(name), cell(Some(value)))),
    }
}

/// A value in one line: text without quotes, a list of texts with spaces between, and what is not there
/// as `-`.
fn cell(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => one_line(text),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
            one_line(&items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
        }
        Some(Value::Object(members)) if members.is_empty() => String::new(),
        // JSON escapes only the first of the two ranges of control characters.
        Some(other) => one_line(&other.to_string()),
    };
    if text.is_empty() { "-".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_wide_as_what_is_in_it() {
        let items = json!({"items": [{"slug": "a", "active": true}, {"slug": "longer", "active": null}]});
        let text = Shape::Table(&["slug", "active"]).text(&items);
        assert_eq!(text, "SLUG    ACTIVE\na       true\nlonger  -\n");
        assert_eq!(Shape::Table(&["slug"]).text(&json!({"items": []})), "SLUG\n");
    }

    #[test]
    fn a_record_has_a_line_for_each_member() {
        let outcome = json!({"new": [1], "scopes": ["read", "write"], "label": "", "id": "1",
            "config": {"a": {"b": 1}, "c": {}}});
        let text = Shape::Record(&["id", "label", "gone", "scopes", "config"]).text(&outcome);
        assert_eq!(
            text,
            "id          1\nlabel       -\nscopes      read write\nconfig.a.b  1\nconfig.c    -\nnew         [1]\n"
        );
    }

    #[test]
    fn what_is_done_is_told() {
        let done = Shape::Done { what: "tenant", name: "acme".to_owned(), how: "deleted" };
        assert_eq!(done.text(&Value::Null), "tenant 'acme' is deleted\n");
        assert_eq!(
            serde_json::from_str::<Value>(&done.json(&Value::Null)).ok(),
            Some(json!({"deleted": "acme"}))
        );
    }

    #[test]
    fn nothing_moves_the_cursor() {
        assert_eq!(cell(Some(&json!("a\u{1b}[2Jb\n"))), "a\u{fffd}[2Jb\u{fffd}");
        assert_eq!(cell(Some(&json!(["a\u{9b}"]))), "a\u{fffd}");
        assert_eq!(cell(Some(&json!([{"a": "\u{1b}"}]))), r#"[{"a":"\u001b"}]"#);
    }
}
