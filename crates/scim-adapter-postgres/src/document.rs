//! What a row keeps beside the document itself: its comparison keys, and the text that trigram
//! searches look into.
//!
//! The keys are a copy of the document in which every text is replaced by its
//! [`ordering_key`], so that equality on any attribute is containment in `keys` and every other
//! comparison compares texts by code point. `userName`, which is equal by a key of its own, has that
//! one under [`USER_NAME_EQUALITY`] beside it.

use scim_domain::attribute::{AttributeRef, AttributeSource, Returned};
use scim_domain::comparison::{equality_key, ordering_key};
use scim_domain::identifier::TenantId;
use scim_domain::resource::{Attributes, StoredAttributes, display};
use scim_domain::schema::ResourceType;
use scim_domain::text::fold;
use serde_json::{Number, Value};

use crate::sql::Bind;
use crate::text::{escape, scope_name, unique_key};

/// The name in `keys` of the key by which a `userName` is equal to another. No attribute has it.
pub(crate) const USER_NAME_EQUALITY: &str = "userName=";

/// The attributes of the base schema that `co`, `sw` and `ew` find by an index.
const SEARCHED: [(&str, Option<&str>); 7] = [
    ("userName", None),
    ("displayName", None),
    ("externalId", None),
    ("name", Some("formatted")),
    ("name", Some("familyName")),
    ("name", Some("givenName")),
    ("emails", Some("value")),
];

/// Whether the values of `attribute` are part of [`Document::search_text`].
pub(crate) fn is_searched(attribute: &AttributeRef) -> bool {
    let sub_attribute = attribute.sub_attribute.as_ref().map(|sub| sub.name.as_str());
    attribute.source == AttributeSource::Stored
        && attribute.extension.is_none()
        && SEARCHED.contains(&(attribute.attribute.name.as_str(), sub_attribute))
}

/// The columns that follow from a resource's attributes.
#[derive(Debug)]
pub(crate) struct Document {
    /// The document as text.
    pub(crate) payload: String,
    /// The comparison keys as JSON text.
    pub(crate) keys: String,
    /// The searched values, each between two line feeds.
    pub(crate) search_text: String,
    /// What a `userName` is equal by, fit for an index.
    pub(crate) user_name_key: Option<String>,
    /// What groups show of the resource, escaped.
    pub(crate) display: Option<String>,
    /// The same, folded.
    pub(crate) display_key: Option<String>,
}

impl Document {
    pub(crate) fn new(tenant: TenantId, resource_type: &ResourceType, attributes: &Attributes) -> Self {
        let mut keys = KeysWriter {
            out: String::with_capacity(512),
            search_text: String::from("\n"),
            user_name_key: None,
        };
        keys.document(&scope_name(tenant, resource_type.name()), resource_type, attributes);
        let display = display(attributes);
        Self {
            payload: payload(attributes),
            keys: keys.out,
            search_text: keys.search_text,
            user_name_key: keys.user_name_key,
            display: display.map(|text| escape(text).into_owned()),
            display_key: display.map(|text| escape(&fold(text)).into_owned()),
        }
    }

    /// The document as it is read again.
    pub(crate) fn stored(&self) -> StoredAttributes {
        StoredAttributes::new(self.payload.as_str())
    }
}

/// One column of some documents.
pub(crate) fn texts<'a>(
    documents: impl IntoIterator<Item = &'a Document>,
    text: fn(&Document) -> &String,
) -> Bind {
    Bind::Texts(documents.into_iter().map(|document| text(document).clone()).collect())
}

/// One column of some documents, which not all of them have.
pub(crate) fn optional_texts<'a>(
    documents: impl IntoIterator<Item = &'a Document>,
    text: fn(&Document) -> &Option<String>,
) -> Bind {
    Bind::OptionalTexts(documents.into_iter().map(|document| text(document).clone()).collect())
}

/// The attributes as text.
pub(crate) fn payload(attributes: &Attributes) -> String {
    // A map of JSON values always serializes.
    serde_json::to_string(attributes).unwrap_or_default()
}

struct KeysWriter {
    out: String,
    search_text: String,
    user_name_key: Option<String>,
}

impl KeysWriter {
    fn document(&mut self, scope: &str, resource_type: &ResourceType, attributes: &Attributes) {
        self.out.push('{');
        self.name(scope);
        self.out.push('{');
        let mut is_first = true;
        for (name, value) in attributes {
            if let Some(extension) = resource_type.extension(name).filter(|_| value.is_object()) {
                let urn = &extension.schema.id;
                self.separate(&mut is_first);
                self.name(name);
                self.object(value, |name| {
                    let definition = extension.schema.attribute(name)?;
                    let whole = resource_type.extension_attribute(urn.as_str(), name)?;
                    (definition.returned != Returned::Never).then_some(whole)
                });
            } else if let Some(attribute) = resource_type.core_attribute(name) {
                if attribute.leaf().returned == Returned::Never {
                    continue;
                }
                self.separate(&mut is_first);
                self.name(name);
                self.value(&attribute, value);
                if attribute.is_user_name()
                    && let Value::String(text) = value
                {
                    let key = equality_key(&attribute, text);
                    self.out.push(',');
                    self.name(USER_NAME_EQUALITY);
                    write_string(&mut self.out, &escape(&key));
                    self.user_name_key = Some(unique_key(&key).into_owned());
                }
            }
        }
        self.out.push_str("}}");
    }

    fn separate(&mut self, is_first: &mut bool) {
        if !std::mem::take(is_first) {
            self.out.push(',');
        }
    }

    fn name(&mut self, name: &str) {
        write_string(&mut self.out, &escape(name));
        self.out.push(':');
    }

    fn object(&mut self, value: &Value, attribute: impl Fn(&str) -> Option<AttributeRef>) {
        self.out.push('{');
        let mut is_first = true;
        for (name, value) in value.as_object().into_iter().flatten() {
            if let Some(attribute) = attribute(name) {
                self.separate(&mut is_first);
                self.name(name);
                self.value(&attribute, value);
            }
        }
        self.out.push('}');
    }

    /// The keys of a value of `attribute`, in the shape of the value.
    fn value(&mut self, attribute: &AttributeRef, value: &Value) {
        match value {
            Value::Array(items) => {
                self.out.push('[');
                let mut is_first = true;
                for item in items {
                    self.separate(&mut is_first);
                    self.value(attribute, item);
                }
                self.out.push(']');
            }
            Value::Object(_) => self.object(value, |name| {
                let sub = attribute.sub(name).filter(|_| attribute.sub_attribute.is_none())?;
                (sub.leaf().returned != Returned::Never).then_some(sub)
            }),
            Value::String(text) => {
                let key = ordering_key(attribute, text);
                let key = escape(&key);
                write_string(&mut self.out, &key);
                if is_searched(attribute) {
                    self.search_text.push_str(&key);
                    self.search_text.push('\n');
                }
            }
            Value::Number(number) => write_number(&mut self.out, number),
            Value::Bool(value) => self.out.push_str(if *value { "true" } else { "false" }),
            Value::Null => self.out.push_str("null"),
        }
    }
}

/// Writes a JSON string.
pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push_str(&Value::from(text).to_string());
}

/// Writes a number by its exact value: PostgreSQL compares decimal digits, and the shortest ones of
/// a float that has no fraction may belong to another whole number.
pub(crate) fn write_number(out: &mut String, number: &Number) {
    const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
    out.push_str(&match number.as_f64() {
        Some(float) if number.is_f64() && float.abs() >= EXACT_BELOW => format!("{float:.0}"),
        _ => number.to_string(),
    });
}
