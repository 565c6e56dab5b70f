//! Attribute paths as clients write them: `name.givenName`,
//! `urn:ietf:params:scim:schemas:core:2.0:User:emails.value` (RFC 7644 §3.10).

use std::fmt;

use smol_str::SmolStr;

use super::AttributeName;

/// A path, split but not yet looked up in any schema.
///
/// A text such as `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User` may name an extension
/// as a whole, or attribute `User` of a schema that ends in `2.0`: only a schema can tell, so the
/// text is kept beside its parts. See [`ResourceType::resolve`](crate::schema::ResourceType::resolve).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributePath {
    text: SmolStr,
    /// The URN before the last colon.
    pub schema: Option<SmolStr>,
    /// The attribute's name; `None` where only a whole schema can be meant.
    pub attribute: Option<AttributeName>,
    /// The name after the dot.
    pub sub_attribute: Option<AttributeName>,
}

impl AttributePath {
    /// Splits `text` by the grammar of RFC 7644 §3.10; `None` where it is no path.
    pub fn parse(text: &str) -> Option<Self> {
        let (schema, rest) = match text.rsplit_once(':') {
            Some((schema, rest)) => (Some(schema), rest),
            None => (None, text),
        };
        if schema.is_some_and(|urn| !is_uri(urn)) {
            return None;
        }
        let (attribute, sub_attribute) = match rest.split_once('.') {
            Some((attribute, sub_attribute)) => (attribute, Some(sub_attribute)),
            None => (rest, None),
        };
        let valid = AttributeName::is_valid(attribute) && sub_attribute.is_none_or(AttributeName::is_valid);
        if !valid && (schema.is_none() || !is_uri(text)) {
            return None;
        }
        Some(Self {
            text: SmolStr::new(text),
            schema: schema.map(SmolStr::new),
            attribute: valid.then(|| attribute.into()),
            sub_attribute: sub_attribute.filter(|_| valid).map(Into::into),
        })
    }

    /// The path as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

fn is_uri(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.contains(':')
        && text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '"' | '[' | ']' | '(' | ')' | '<' | '>'))
}

impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, schema: Option<&str>, attribute: Option<&str>, sub_attribute: Option<&str>) {
        let path = AttributePath::parse(text).expect("a path");
        assert_eq!(path.schema.as_deref(), schema);
        assert_eq!(path.attribute.as_ref().map(AttributeName::as_str), attribute);
        assert_eq!(path.sub_attribute.as_ref().map(AttributeName::as_str), sub_attribute);
        assert_eq!(path.to_string(), text);
    }

    #[test]
    fn paths_are_split() {
        check("userName", None, Some("userName"), None);
        check("name.givenName", None, Some("name"), Some("givenName"));
        check("members.$ref", None, Some("members"), Some("$ref"));
        let user = "urn:ietf:params:scim:schemas:core:2.0:User";
        check(&format!("{user}:name.givenName"), Some(user), Some("name"), Some("givenName"));
        check(user, Some("urn:ietf:params:scim:schemas:core:2.0"), Some("User"), None);
        check("urn:example:schema:1.5", Some("urn:example:schema"), None, None);
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", ".", "a.", ".a", "a.b.c", "1a", "a b", "urn:", ":a", "emails[", "a:b", "é"] {
            assert_eq!(AttributePath::parse(text), None, "{text}");
        }
    }
}
