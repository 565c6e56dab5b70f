//! One operation on the page, and one answer that many of them have.

use serde_json::{Map, Value};

use super::html::{append, code, escape, inline, paragraphs};
use super::schemas::{constraints, kind};

/// An operation in the document.
pub(super) struct Found<'a> {
    /// The mount that its path begins with.
    pub(super) mount: Option<&'static str>,
    /// Its path.
    pub(super) path: &'a str,
    /// Its method, in small letters.
    pub(super) method: &'static str,
    /// What all operations of the path have.
    pub(super) item: &'a Value,
    /// The operation.
    pub(super) operation: &'a Value,
}

/// An operation: its method and path, and behind them the rest.
pub(super) fn operation(document: &Value, found: &Found<'_>) -> String {
    let text = |name: &str| found.operation.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut out = format!(
        "<details class=\"operation\">\n<summary><span class=\"method {method}\">{name}</span> {path} \
         <span class=\"summary\">{summary}</span></summary>\n<div class=\"body\" id=\"{id}\">\n{description}",
        method = found.method,
        name = found.method.to_uppercase(),
        path = path(found),
        summary = inline(text("summary")),
        id = escape(text("operationId")),
        description = paragraphs(text("description")),
    );
    out.push_str(&security(found.operation));
    out.push_str(&parameters(document, found));
    if let Some(body) = found.operation.get("requestBody") {
        let optional =
            if body.get("required") == Some(&Value::Bool(true)) { "" } else { " (may be left out)" };
        append(&mut out, format_args!("<h4>Body{optional}</h4>\n<p>{}</p>\n", content(body)));
    }
    out.push_str(&answers(document, found.operation));
    out.push_str("</div>\n</details>\n");
    out
}

/// The path, its mount and its variables marked.
fn path(found: &Found<'_>) -> String {
    let mount = found.mount.unwrap_or_default();
    let rest = found.path.strip_prefix(mount).unwrap_or(found.path);
    let rest = escape(rest).replace('{', "<var>{").replace('}', "}</var>");
    let mount = if mount.is_empty() { String::new() } else { format!("<span>{}</span>", escape(mount)) };
    format!("<code class=\"path\">{mount}{rest}</code>")
}

fn security(operation: &Value) -> String {
    let alternatives = operation.get("security").and_then(Value::as_array).into_iter().flatten();
    let shown: Vec<String> = alternatives.map(alternative).collect();
    let shown = if shown.is_empty() { "open to everyone".to_owned() } else { shown.join(", or ") };
    format!("<p class=\"note\">Takes: {shown}.</p>\n")
}

fn alternative(alternative: &Value) -> String {
    let Some((name, scopes)) = alternative.as_object().and_then(|schemes| schemes.iter().next()) else {
        return "nothing".to_owned();
    };
    let scopes: Vec<String> =
        scopes.as_array().into_iter().flatten().filter_map(Value::as_str).map(code).collect();
    let scopes = if scopes.is_empty() { String::new() } else { format!(" with {}", scopes.join(" ")) };
    format!("<a href=\"#security-{0}\">{0}</a>{scopes}", escape(name))
}

/// What a reference to a component means, and what the component is called.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> (Option<&'a str>, &'a Value) {
    let pointer = value.get("$ref").and_then(Value::as_str).and_then(|uri| uri.strip_prefix('#'));
    match pointer.and_then(|pointer| Some((pointer, document.pointer(pointer)?))) {
        Some((pointer, found)) => (pointer.rsplit('/').next(), found),
        None => (None, value),
    }
}

fn parameters(document: &Value, found: &Found<'_>) -> String {
    let of =
        |value: &'_ Value| value.get("parameters").and_then(Value::as_array).cloned().unwrap_or_default();
    let all = [of(found.item), of(found.operation)].concat();
    // The introduction tells of the one that every request may have.
    let is_own = |parameter: &&Value| parameter.get("name").is_none_or(|name| name != "X-Request-Id");
    let mut parameters = all.iter().map(|parameter| resolve(document, parameter).1).filter(is_own).peekable();
    if parameters.peek().is_none() {
        return String::new();
    }
    let mut out = "<h4>Parameters</h4>\n<dl>\n".to_owned();
    for parameter in parameters {
        let text = |name: &str| parameter.get(name).and_then(Value::as_str).unwrap_or_default();
        let schema = parameter.get("schema").unwrap_or(&Value::Null);
        let example = match parameter.get("example") {
            Some(Value::String(example)) => format!(" For instance {}.", code(example)),
            _ => String::new(),
        };
        append(
            &mut out,
            format_args!(
                "<dt>{} <small>{}, {}</small></dt>\n<dd>{}{}{example}</dd>\n",
                code(text("name")),
                escape(text("in")),
                kind(schema),
                inline(text("description")),
                constraints(schema),
            ),
        );
    }
    out.push_str("</dl>\n");
    out
}

/// Media types and their schemas: `application/json` User.
fn content(body: &Value) -> String {
    let mut content: Vec<(&String, &Value)> =
        body.get("content").and_then(Value::as_object).into_iter().flat_map(Map::iter).collect();
    // The particular one is the better one.
    content.sort_by_key(|(media_type, _)| *media_type == "application/json");
    let one = |(media_type, content): (&String, &Value)| {
        format!("{} {}", code(media_type), kind(content.get("schema").unwrap_or(&Value::Null)))
    };
    content.into_iter().map(one).collect::<Vec<_>>().join(", or ")
}

fn answers(document: &Value, operation: &Value) -> String {
    let mut out = "<h4>Answers</h4>\n<dl class=\"answers\">\n".to_owned();
    for (status, answer) in operation.get("responses").and_then(Value::as_object).into_iter().flatten() {
        let (shared, answer) = resolve(document, answer);
        let meaning = inline(answer.get("description").and_then(Value::as_str).unwrap_or_default());
        append(&mut out, format_args!("<dt class=\"status\">{0}</dt>\n<dd>", escape(status)));
        match shared {
            Some(name) => append(&mut out, format_args!("<a href=\"#{}\">{meaning}</a>", escape(name))),
            None => {
                append(&mut out, format_args!("{meaning} {}", content(answer)));
                out.push_str(&headers(answer));
            }
        }
        out.push_str("</dd>\n");
    }
    out.push_str("</dl>\n");
    out
}

/// The headers of an answer, but for the one that every answer has.
fn headers(answer: &Value) -> String {
    let headers = answer.get("headers").and_then(Value::as_object).into_iter().flat_map(Map::keys);
    let names: Vec<String> = headers.filter(|name| *name != "X-Request-Id").map(|name| code(name)).collect();
    if names.is_empty() { String::new() } else { format!(" <small>with {}</small>", names.join(", ")) }
}

/// An answer that many operations have, with examples.
pub(super) fn response(name: &str, response: &Value) -> String {
    let meaning = response.get("description").and_then(Value::as_str).unwrap_or_default();
    let mut out = format!(
        "<details>\n<summary><strong>{0}</strong> <span class=\"summary\">{1}</span></summary>\n\
         <div class=\"body\" id=\"{0}\">\n<p>{2}{3}</p>\n",
        escape(name),
        inline(meaning),
        content(response),
        headers(response),
    );
    let examples = response.get("content").and_then(Value::as_object).into_iter().flat_map(Map::values);
    let examples = examples.filter_map(|content| content.get("examples")?.as_object()).flat_map(Map::values);
    for example in examples.filter_map(|example| example.get("value")) {
        append(&mut out, format_args!("<pre tabindex=\"0\">{}</pre>\n", escape(&format!("{example:#}"))));
    }
    out.push_str("</div>\n</details>\n");
    out
}
