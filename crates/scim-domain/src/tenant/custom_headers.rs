//! Headers that a tenant wants on every answer.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::input::{Field, InputError as ConfigError};

/// Header fields by name; names in the spelling of the config, no two of them the same in another case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CustomHeaders(BTreeMap<String, String>);

/// At most so many.
const MOST: usize = 32;
/// The longest name, in bytes.
const LONGEST_NAME: usize = 64;
/// The longest value, in bytes.
const LONGEST_VALUE: usize = 1024;

/// Names that are not a tenant's to set, in lower case, and why.
const RESERVED: &[(&str, &[&str])] = &[
    (
        "it is about one connection (RFC 9110 §7.6.1), which the server decides",
        &[
            "connection",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authentication-info",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "via",
            "alt-svc",
        ],
    ),
    (
        "it says what the body is, which the server knows",
        &[
            "content-encoding",
            "content-language",
            "content-length",
            "content-location",
            "content-range",
            "content-type",
            "date",
            "vary",
        ],
    ),
    (
        "SCIM gives it a meaning (RFC 7644 §3)",
        &["allow", "etag", "last-modified", "location", "retry-after", "x-request-id"],
    ),
    (
        "it is about authentication, which is the server's",
        &[
            "authentication-info",
            "authorization",
            "clear-site-data",
            "cookie",
            "set-cookie",
            "www-authenticate",
        ],
    ),
];

impl CustomHeaders {
    /// The headers, by their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn read(field: &Field<'_>) -> Result<Self, ConfigError> {
        let mut headers: BTreeMap<String, String> = BTreeMap::new();
        let fields = field.section()?.take_all();
        if fields.len() > MOST {
            return Err(field.refuse(format!("expected at most {MOST} headers, got {}", fields.len())));
        }
        for (name, field) in fields {
            check_name(name, &field)?;
            if headers.keys().any(|known| known.eq_ignore_ascii_case(name)) {
                return Err(field.refuse("occurs twice, in another case"));
            }
            headers.insert(name.to_owned(), value(&field)?);
        }
        Ok(Self(headers))
    }

    pub(super) fn to_json(&self) -> Value {
        self.iter().map(|(name, value)| (name, Value::from(value))).collect()
    }
}

/// A name is a token (RFC 9110 §5.1, §5.6.2) that is free to be set.
fn check_name(name: &str, field: &Field<'_>) -> Result<(), ConfigError> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_token) {
        return Err(field.refuse(format!(
            "expected the name of a header, letters, digits and hyphens, of at most {LONGEST_NAME} bytes"
        )));
    }
    let lower_case = name.to_ascii_lowercase();
    if lower_case.starts_with("access-control-") {
        return Err(
            field.refuse("cannot be set: CORS_ALLOWED_ORIGINS decides which origins may read answers")
        );
    }
    let reserved = RESERVED.iter().find(|(_, names)| names.contains(&lower_case.as_str()));
    reserved.map_or(Ok(()), |(why, _)| Err(field.refuse(format!("cannot be set: {why}"))))
}

/// A value is visible ASCII, with spaces and tabs between (RFC 9110 §5.5).
fn value(field: &Field<'_>) -> Result<String, ConfigError> {
    let is_taken = |byte: u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t');
    let fits = |text: &&str| {
        text.len() <= LONGEST_VALUE && text.bytes().all(is_taken) && text.trim_matches([' ', '\t']) == *text
    };
    field.value().as_str().filter(fits).map(str::to_owned).ok_or_else(|| {
        field.expected(format_args!(
            "at most {LONGEST_VALUE} visible ASCII characters, with spaces only between them"
        ))
    })
}
