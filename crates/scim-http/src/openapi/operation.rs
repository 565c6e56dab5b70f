//! One method of one route, as it is described.

use serde_json::{Map, Value, json};

use crate::routes::{Listed, MountPoint};

use super::failures::Form;
use super::{component, schema};

/// What the body of an answer is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content {
    /// SCIM of this schema.
    Scim(&'static str),
    /// JSON of this schema.
    Json(&'static str),
    /// JSON of either schema.
    Either(&'static str, &'static str),
    /// Text of this media type.
    Text(&'static str),
    /// There is none.
    None,
}

/// Where an operation is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Below each mount.
    Mounted,
    /// Below no mount.
    Elsewhere,
}

/// What a method of a route does.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    /// The method, in capitals.
    pub(super) method: &'static str,
    place: Place,
    pattern: &'static str,
    endpoint: Option<&'static str>,
    id: String,
    tag: &'static str,
    summary: String,
    description: String,
    parameters: Vec<Value>,
    body: Option<Value>,
    answers: Map<String, Value>,
    security: Value,
}

impl Operation {
    /// An operation that is called `id`; `method_and_pattern` are those of its route.
    pub(super) fn new(
        place: Place,
        method_and_pattern: (&'static str, &'static str),
        tag: &'static str,
        id: &str,
        summary: &str,
    ) -> Self {
        let (method, pattern) = method_and_pattern;
        Self {
            method,
            place,
            pattern,
            endpoint: None,
            id: id.to_owned(),
            tag,
            summary: summary.to_owned(),
            description: String::new(),
            parameters: Vec::new(),
            body: None,
            answers: Map::new(),
            security: json!([]),
        }
    }

    /// What there is to say beyond the summary.
    pub(super) fn describe(mut self, description: &str) -> Self {
        self.description = description.to_owned();
        self
    }

    /// For the resources at this endpoint alone; the route takes any.
    pub(super) fn at_endpoint(mut self, endpoint: &'static str) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// With these parameters, beside those of the path.
    pub(super) fn takes(mut self, parameters: &[&str]) -> Self {
        self.parameters.extend(parameters.iter().map(|name| component("parameters", name)));
        self
    }

    /// With a body of this schema and one of these media types.
    pub(super) fn with_body(mut self, media_types: &[&str], name: &str, is_required: bool) -> Self {
        let content: Map<String, Value> = media_types
            .iter()
            .map(|media_type| ((*media_type).to_owned(), json!({"schema": schema(name)})))
            .collect();
        self.body = Some(json!({"required": is_required, "content": content}));
        self
    }

    /// Answers so; `headers` are those beside `X-Request-Id`.
    pub(super) fn answers(mut self, status: u16, meaning: &str, content: Content, headers: &[&str]) -> Self {
        let named = |name: &&str| ((*name).to_owned(), component("headers", name));
        let headers: Map<String, Value> = headers.iter().chain(&["X-Request-Id"]).map(named).collect();
        let mut answer = json!({"description": meaning, "headers": headers});
        let content = match content {
            Content::Scim(name) => json!({"application/scim+json": {"schema": schema(name)}}),
            Content::Json(name) => json!({"application/json": {"schema": schema(name)}}),
            Content::Either(one, other) => {
                json!({"application/json": {"schema": {"anyOf": [schema(one), schema(other)]}}})
            }
            Content::Text(media_type) => json!({media_type: {"schema": {"type": "string"}}}),
            Content::None => Value::Null,
        };
        if let (Some(answer), false) = (answer.as_object_mut(), content.is_null()) {
            answer.insert("content".into(), content);
        }
        self.answers.insert(status.to_string(), answer);
        self
    }

    /// May fail with these statuses.
    pub(super) fn fails(mut self, form: Form, statuses: &[u16]) -> Self {
        for status in statuses {
            self.answers.insert(status.to_string(), component("responses", &form.name(*status)));
        }
        self
    }

    /// Takes one of these: the names of security schemes, with the scopes that a token needs.
    pub(super) fn secured_by(mut self, schemes: Value) -> Self {
        self.security = schemes;
        self
    }

    /// Whether it is what its method does at `route`.
    pub(super) fn is_of(&self, route: &Listed) -> bool {
        self.pattern == route.pattern
            && (self.place == Place::Mounted) == route.mount.is_some()
            && route.methods.contains(&self.method)
    }

    /// Its path below the mount.
    pub(super) fn path(&self) -> String {
        match self.endpoint {
            Some(endpoint) => self.pattern.replace("{endpoint}", endpoint),
            None => self.pattern.to_owned(),
        }
    }

    /// The operation as the document has it, below `mount`.
    pub(super) fn to_json(&self, mount: Option<MountPoint>) -> Value {
        let mut operation = json!({
            "operationId": self.id_below(mount),
            "tags": [self.tag],
            "summary": self.summary,
            "security": self.security,
            "responses": self.answers,
        });
        if let Some(operation) = operation.as_object_mut() {
            if !self.description.is_empty() {
                operation.insert("description".into(), json!(self.description));
            }
            if !self.parameters.is_empty() {
                operation.insert("parameters".into(), json!(self.parameters));
            }
            operation.extend(self.body.clone().map(|body| ("requestBody".to_owned(), body)));
        }
        operation
    }

    /// Its id; each mount has its own.
    fn id_below(&self, mount: Option<MountPoint>) -> String {
        let prefix = match mount {
            None | Some(MountPoint::Credential) => return self.id.clone(),
            Some(MountPoint::Tenant) => "tenant",
            Some(MountPoint::TenantLong) => "tenantScim",
        };
        let mut letters = self.id.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        [prefix, &first, letters.as_str()].concat()
    }
}
