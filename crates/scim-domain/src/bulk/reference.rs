//! References to what other operations create: the text `bulkId:` and a name, in place of an id
//! (RFC 7644 §3.7.2).

use serde_json::Value;

const PREFIX: &str = "bulkId:";

/// The names of every operation that `data` refers to: whole strings anywhere in it, and quoted
/// strings in the `path` of a PATCH operation, as in `members[value eq "bulkId:qwerty"]`.
///
/// Recurses as deep as the JSON nests, which reading it has bounded.
pub fn bulk_ids(data: &Value) -> Vec<&str> {
    let mut names = Vec::new();
    collect(data, false, &mut names);
    names
}

fn collect<'a>(value: &'a Value, is_path: bool, names: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => {
            names.extend(text.strip_prefix(PREFIX));
            if is_path {
                names.extend(quoted(text).filter_map(|part| part.strip_prefix(PREFIX)));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, false, names)),
        Value::Object(members) => {
            for (name, member) in members {
                collect(member, name.eq_ignore_ascii_case("path"), names);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The parts between quotation marks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

/// Puts an id in place of every reference to which `id_of` knows one; the others stay.
pub fn substitute(data: &mut Value, id_of: &impl Fn(&str) -> Option<String>) {
    match data {
        Value::String(text) => {
            if let Some(id) = text.strip_prefix(PREFIX).and_then(id_of) {
                *text = id;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| substitute(item, id_of)),
        Value::Object(members) => {
            for (name, member) in members {
                substitute(member, id_of);
                if let (Value::String(path), true) = (member, name.eq_ignore_ascii_case("path")) {
                    *path = substitute_in_path(path, id_of);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn substitute_in_path(path: &str, id_of: &impl Fn(&str) -> Option<String>) -> String {
    let parts = path.split('"').enumerate().map(|(index, part)| {
        let is_quoted = index % 2 == 1;
        let id = part.strip_prefix(PREFIX).filter(|_| is_quoted).and_then(id_of);
        id.unwrap_or_else(|| part.to_owned())
    });
    parts.collect::<Vec<_>>().join("\"")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_are_found_and_substituted_wherever_they_are() {
        let mut data = json!({
            "members": [{"value": "bulkId:a"}, {"value": "17"}],
            "urn:example:manager": {"manager": {"value": "bulkId:b"}},
            "Operations": [
                {"op": "remove", "path": "members[value eq \"bulkId:c\" or value eq \"bulkId:unknown\"]"},
                {"op": "add", "path": "members", "value": "bulkId:d"},
            ],
            "displayName": "about bulkId:no",
            "path": "bulkId:e",
        });
        let mut names = bulk_ids(&data);
        names.sort_unstable();
        assert_eq!(names, ["a", "b", "c", "d", "e", "unknown"]);
        substitute(&mut data, &|name| (name != "unknown").then(|| name.to_uppercase()));
        assert_eq!(
            data,
            json!({
                "members": [{"value": "A"}, {"value": "17"}],
                "urn:example:manager": {"manager": {"value": "B"}},
                "Operations": [
                    {"op": "remove", "path": "members[value eq \"C\" or value eq \"bulkId:unknown\"]"},
                    {"op": "add", "path": "members", "value": "D"},
                ],
                "displayName": "about bulkId:no",
                "path": "E",
            })
        );
    }
}
