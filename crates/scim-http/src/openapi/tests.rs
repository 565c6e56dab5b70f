//! The document against the routing table, and against the rules of OpenAPI.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::*;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn document() -> Value {
    openapi(Some("https://scim.example"))
}

/// Each operation with its path and method.
fn operations(document: &Value) -> Vec<(String, &'static str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let of_path =
        |(path, item): (&String, &'_ Value)| (path.clone(), item.as_object().expect("an item").len());
    assert!(paths.iter().map(of_path).all(|(_, members)| members > 1), "a path without operations");
    paths
        .iter()
        .flat_map(|(path, item)| {
            METHODS.into_iter().filter_map(move |method| Some((path.clone(), method, item.get(method)?)))
        })
        .collect()
}

/// Every value in the document, with the names of the members that lead to it.
fn walk<'a>(value: &'a Value, path: &mut Vec<String>, visit: &mut impl FnMut(&[String], &'a Value)) {
    visit(path, value);
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), member)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    for (name, member) in members {
        path.push(name);
        walk(member, path, visit);
        path.pop();
    }
}

#[test]
fn it_has_every_route_and_method_and_no_other() {
    let document = document();
    let documented: BTreeSet<(String, String)> = operations(&document)
        .into_iter()
        .map(|(path, method, _)| (path, method.to_ascii_uppercase()))
        .collect();
    let mut routed = BTreeSet::new();
    for route in table() {
        let mount = route.mount.map_or("", MountPoint::pattern);
        let mut patterns = vec![[mount, route.pattern].concat()];
        if route.mount.is_some() && route.pattern.starts_with("/{endpoint}") {
            // The resource types that every tenant has are described by themselves as well.
            for endpoint in ["Users", "Groups"] {
                patterns.push([mount, &route.pattern.replace("{endpoint}", endpoint)].concat());
            }
        }
        let has_get = route.methods.contains(&"GET");
        assert_eq!(has_get, route.methods.contains(&"HEAD"), "the document says so of every path");
        for pattern in patterns {
            let methods = route.methods.iter().filter(|method| **method != "HEAD");
            routed.extend(methods.map(|method| (pattern.clone(), (*method).to_owned())));
        }
    }
    assert_eq!(documented, routed);
}

#[test]
fn nothing_is_described_that_is_not_there() {
    let table = table();
    for operation in described() {
        let is_there = table.iter().any(|route| operation.is_of(route));
        let path = operation.path();
        assert!(is_there, "{} {path}", operation.method);
    }
}

#[test]
fn every_reference_resolves_and_every_component_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    walk(&document, &mut Vec::new(), &mut |path, value| {
        if path.last().is_some_and(|name| name == "$ref")
            && let Some(uri) = value.as_str()
        {
            // `$ref` is an attribute of resources as well.
            let pointer = uri.strip_prefix('#').expect("within the document");
            assert!(document.pointer(pointer).is_some(), "{uri} at {path:?}");
            used.insert(pointer.to_owned());
        }
    });
    for (_, _, operation) in operations(&document) {
        for alternative in operation["security"].as_array().expect("its own") {
            for name in alternative.as_object().expect("schemes").keys() {
                used.insert(format!("/components/securitySchemes/{name}"));
            }
        }
    }
    let components = document["components"].as_object().expect("components");
    let defined: BTreeSet<String> = components
        .iter()
        .flat_map(|(kind, members)| {
            let names = members.as_object().expect("components").keys();
            names.map(move |name| format!("/components/{kind}/{name}"))
        })
        .collect();
    assert_eq!(used, defined);
}

#[test]
fn operations_have_names_of_their_own_tags_and_answers() {
    let document = document();
    let tags: BTreeSet<&str> = TAGS.iter().map(|(name, _)| *name).collect();
    let (mut ids, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (path, method, operation) in operations(&document) {
        let id = operation["operationId"].as_str().expect("an id");
        assert!(ids.insert(id.to_owned()), "{id} is the name of two operations");
        used.insert(operation["tags"][0].as_str().expect("a tag"));
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
        let answers = operation["responses"].as_object().expect("answers");
        let has_success = answers.keys().any(|status| status.starts_with('2'));
        assert!(has_success || id.to_lowercase().ends_with("createme"), "{method} {path} always fails");
        let has_body = matches!(method, "put" | "patch") || (method == "post" && !path.ends_with("/Me"));
        assert_eq!(operation.get("requestBody").is_some(), has_body, "{method} {path}");
        if operation["security"].as_array().is_some_and(|security| !security.is_empty()) {
            assert!(answers.contains_key("401"), "{method} {path}");
        }
    }
    assert_eq!(used, tags);
}

#[test]
fn the_parameters_of_every_path_are_declared_and_no_two_have_one_name() {
    let document = document();
    let resolved = |reference: &Value| {
        let pointer = reference["$ref"].as_str().expect("a reference").trim_start_matches('#').to_owned();
        let parameter = document.pointer(&pointer).expect("a parameter");
        let text = |name: &str| parameter[name].as_str().expect("a string").to_owned();
        assert_eq!(
            parameter.get("required") == Some(&Value::Bool(true)),
            text("in") == "path",
            "{parameter}"
        );
        (text("in"), text("name"))
    };
    for (path, method, operation) in operations(&document) {
        let of_path = document["paths"][&path]["parameters"].as_array().expect("parameters");
        let own = operation.get("parameters").and_then(Value::as_array);
        let all: Vec<(String, String)> =
            of_path.iter().chain(own.into_iter().flatten()).map(resolved).collect();
        let distinct: BTreeSet<_> = all.iter().cloned().collect();
        assert_eq!(all.len(), distinct.len(), "{method} {path}");
        let declared: BTreeSet<String> =
            distinct.into_iter().filter(|(place, _)| place == "path").map(|(_, name)| name).collect();
        let named: BTreeSet<String> = path
            .split('/')
            .filter_map(|segment| Some(segment.strip_prefix('{')?.strip_suffix('}')?.to_owned()))
            .collect();
        assert_eq!(declared, named, "{method} {path}");
    }
}

#[test]
fn every_error_that_there_is_has_an_example() {
    let document = document();
    for kind in scim_domain::error::ErrorKind::ALL {
        // Of a method that an endpoint does not take nothing is described.
        if kind.status() == 405 {
            continue;
        }
        let name = kind.scim_type().unwrap_or("other");
        let pointer = format!(
            "/components/responses/ScimError{}/content/application~1scim+json/examples/{name}/value",
            kind.status()
        );
        let example = document.pointer(&pointer).expect(&pointer);
        assert_eq!(example["status"], kind.status().to_string());
        assert!(example["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{example}");
    }
}

#[test]
fn resources_are_as_their_definitions_say() {
    let document = document();
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    let (user, input) = (schema("User"), schema("UserInput"));
    assert!(user["properties"].get("password").is_none(), "it is never answered");
    assert_eq!(input["properties"]["password"]["type"], "string");
    assert!(input["properties"].get("groups").is_none(), "it is readOnly");
    assert_eq!(user["properties"]["groups"]["type"], "array");
    assert_eq!(user["required"], json!(["schemas", "id"]));
    assert_eq!(input["required"], json!(["userName", "schemas"]));
    assert_eq!(user["properties"]["userName"]["x-scim"], json!({"uniqueness": "server"}));
    let urn = scim_domain::schema::core::ENTERPRISE_USER_URN;
    assert_eq!(user["properties"][urn]["$ref"], "#/components/schemas/EnterpriseUser");
    assert_eq!(input["properties"][urn]["$ref"], "#/components/schemas/EnterpriseUserInput");
    assert_eq!(schema("GroupInput")["required"], json!(["displayName", "schemas"]));
    let attributes = schema("Schema")["properties"]["attributes"]["items"].clone();
    assert_eq!(attributes, super::schema("AttributeDefinition"));
    let bulk = schema("ServiceProviderConfig")["properties"]["bulk"]["required"].clone();
    assert_eq!(bulk, json!(["supported", "maxOperations", "maxPayloadSize"]));
}

#[test]
fn urls_are_those_of_the_server() {
    let token_url = |document: &Value| {
        let flow = &document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"];
        flow["tokenUrl"].as_str().map(str::to_owned)
    };
    let named = document();
    assert_eq!(named["servers"], json!([{"url": "https://scim.example"}]));
    assert_eq!(token_url(&named).as_deref(), Some("https://scim.example/oauth/token"));
    let unnamed = openapi(None);
    assert_eq!(unnamed["servers"], json!([{"url": "/"}]));
    assert_eq!(token_url(&unnamed).as_deref(), Some("/oauth/token"));
}

/// The document in outline: each operation with its parameters, body and answers; those of the other
/// mounts are the same.
#[test]
fn the_outline_is_as_it_was() {
    let document = document();
    let last = |reference: &Value| {
        reference["$ref"].as_str().and_then(|uri| uri.rsplit('/').next()).unwrap_or("-").to_owned()
    };
    let content = |body: &Value| {
        let content = body.get("content").and_then(Value::as_object).into_iter().flatten();
        content.map(|(kind, content)| format!("{kind} {}", last(&content["schema"]))).collect::<Vec<_>>()
    };
    let mut outline = String::new();
    for (path, method, operation) in operations(&document) {
        if path.starts_with("/tenants/") {
            continue;
        }
        writeln!(outline, "{} {path} {}", method.to_uppercase(), operation["operationId"]).expect("text");
        let parameters = operation.get("parameters").and_then(Value::as_array);
        if let Some(parameters) = parameters {
            let names: Vec<String> = parameters.iter().map(last).collect();
            writeln!(outline, "  takes {}", names.join(" ")).expect("text");
        }
        if let Some(body) = operation.get("requestBody") {
            writeln!(outline, "  body {}", content(body).join(", ")).expect("text");
        }
        let mut failures = Vec::new();
        for (status, answer) in operation["responses"].as_object().expect("answers") {
            match answer.get("$ref") {
                Some(_) => failures.push(last(answer)),
                None => writeln!(outline, "  {status} {}", content(answer).join(", ")).expect("text"),
            }
        }
        writeln!(outline, "  fails {}", failures.join(" ")).expect("text");
    }
    insta::assert_snapshot!(outline);
}
