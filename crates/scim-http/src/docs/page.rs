//! The page as a whole: head, contents, and one section for each tag, for errors and for schemas.

use serde_json::{Map, Value};

use crate::routes::MountPoint;

use super::html::{append, code, escape, inline, paragraphs};
use super::operations::{Found, operation, response};
use super::schemas::schema_section;

/// The methods in the order of the page.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The page that shows `document`.
pub(super) fn page(document: &Value) -> String {
    let title = text(document, "/info/title");
    let mut page = String::new();
    append(
        &mut page,
        format_args!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
             <link rel=\"stylesheet\" href=\"docs/style.css\">\n</head>\n<body>\n\
             <a class=\"skip\" href=\"#content\">Skip to the content</a>\n",
        ),
    );
    page.push_str(&contents(document, &title));
    page.push_str("<main id=\"content\">\n");
    page.push_str(&introduction(document, &title));
    for tag in tags(document) {
        page.push_str(&tag_section(document, tag));
    }
    page.push_str(&errors(document));
    page.push_str(&schema_sections(document));
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// The text at a place in the document, escaped.
fn text(document: &Value, pointer: &str) -> String {
    escape(document.pointer(pointer).and_then(Value::as_str).unwrap_or_default())
}

fn tags(document: &Value) -> impl Iterator<Item = &Value> {
    document.get("tags").and_then(Value::as_array).into_iter().flatten()
}

fn members<'a>(document: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    document.pointer(pointer).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

/// A tag as a fragment of a URL.
fn anchor(tag: &str) -> String {
    tag.to_lowercase().replace(' ', "-")
}

fn contents(document: &Value, title: &str) -> String {
    let mut nav = format!(
        "<nav aria-label=\"Contents\">\n<p class=\"title\"><a href=\"#content\">{title}</a></p>\n<ul>\n"
    );
    for tag in tags(document) {
        let name = text(tag, "/name");
        append(&mut nav, format_args!("<li><a href=\"#{}\">{name}</a>\n<ul>\n", anchor(&name)));
        for found in of_tag(document, &name) {
            let (id, summary) = (text(found.operation, "/operationId"), text(found.operation, "/summary"));
            append(&mut nav, format_args!("<li><a href=\"#{id}\">{summary}</a></li>\n"));
        }
        nav.push_str("</ul>\n</li>\n");
    }
    nav.push_str(
        "<li><a href=\"#errors\">Errors</a></li>\n<li><a href=\"#schemas\">Schemas</a></li>\n</ul>\n</nav>\n",
    );
    nav
}

fn introduction(document: &Value, title: &str) -> String {
    let version = text(document, "/info/version");
    let mut intro = format!(
        "<header>\n<h1>{title} <small>{version}</small></h1>\n\
         <p><a href=\"openapi.json\">OpenAPI document</a> · <a href=\"./\">Start page</a></p>\n</header>\n"
    );
    let description = document.pointer("/info/description").and_then(Value::as_str).unwrap_or_default();
    intro.push_str(&paragraphs(description));
    let server = document.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
    if server.contains("://") {
        append(&mut intro, format_args!("<p>This server is at {}.</p>\n", code(server)));
    }
    intro.push_str(
        "<section aria-labelledby=\"authentication\">\n<h2 id=\"authentication\">Authentication</h2>\n<dl>\n",
    );
    for (name, scheme) in members(document, "/components/securitySchemes") {
        let description = scheme.get("description").and_then(Value::as_str).unwrap_or_default();
        append(
            &mut intro,
            format_args!(
                "<dt id=\"security-{0}\">{1}</dt>\n<dd>{2}",
                escape(name),
                code(name),
                inline(description)
            ),
        );
        for (scope, meaning) in members(scheme, "/flows/clientCredentials/scopes") {
            let meaning = meaning.as_str().unwrap_or_default();
            append(&mut intro, format_args!("<br>{}: {}", code(scope), inline(meaning)));
        }
        intro.push_str("</dd>\n");
    }
    intro.push_str("</dl>\n</section>\n");
    intro
}

fn tag_section(document: &Value, tag: &Value) -> String {
    let name = text(tag, "/name");
    let description = tag.get("description").and_then(Value::as_str).unwrap_or_default();
    let id = anchor(&name);
    let mut section = format!(
        "<section aria-labelledby=\"{id}\">\n<h2 id=\"{id}\">{name}</h2>\n{}",
        paragraphs(description)
    );
    let operations: Vec<Found<'_>> = of_tag(document, &name).collect();
    if operations.iter().any(|found| found.mount.is_some()) {
        let mounts: Vec<String> = MountPoint::ALL.iter().map(|mount| code(mount.pattern())).collect();
        append(&mut section, format_args!("<p class=\"note\">The same below {}.</p>\n", mounts.join(", ")));
    }
    for found in operations {
        section.push_str(&operation(document, &found));
    }
    section.push_str("</section>\n");
    section
}

/// The operations of a tag, those below the mounts once.
fn of_tag<'a>(document: &'a Value, tag: &str) -> impl Iterator<Item = Found<'a>> {
    let main = MountPoint::Credential.pattern();
    let is_other = |path: &str| {
        MountPoint::ALL
            .iter()
            .map(|mount| mount.pattern())
            .any(|mount| mount != main && path.starts_with(mount))
    };
    let paths: Vec<_> = members(document, "/paths").filter(|(path, _)| !is_other(path)).collect();
    let mut found = Vec::new();
    for (path, item) in paths {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            if operation.pointer("/tags/0").and_then(Value::as_str) == Some(tag) {
                let mount = path.strip_prefix(main).map(|_| main);
                found.push(Found { mount, path, method, item, operation });
            }
        }
    }
    found.into_iter()
}

fn errors(document: &Value) -> String {
    let mut section = "<section aria-labelledby=\"errors\">\n<h2 id=\"errors\">Errors</h2>\n".to_owned();
    for (name, found) in members(document, "/components/responses") {
        section.push_str(&response(name, found));
    }
    section.push_str("</section>\n");
    section
}

fn schema_sections(document: &Value) -> String {
    let mut section = "<section aria-labelledby=\"schemas\">\n<h2 id=\"schemas\">Schemas</h2>\n".to_owned();
    for (name, schema) in members(document, "/components/schemas") {
        section.push_str(&schema_section(name, schema));
    }
    section.push_str("</section>\n");
    section
}
