//! Names that compare without regard to case: attribute names (RFC 7643 §2.1) and schema URNs.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

macro_rules! caseless_name {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(SmolStr);

        impl $name {
            /// The name as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether `other` is the same name, in whatever case.
            pub fn matches(&self, other: &str) -> bool {
                self.0.eq_ignore_ascii_case(other)
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(SmolStr::new(name))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.matches(other.as_str())
            }
        }

        impl Eq for $name {}

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                for byte in self.0.bytes() {
                    state.write_u8(byte.to_ascii_lowercase());
                }
                state.write_u8(0xff);
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

caseless_name! {
    /// The name of an attribute or sub-attribute, such as `userName` or `$ref`.
    AttributeName;
    /// The URI of a schema, such as `urn:ietf:params:scim:schemas:core:2.0:User`.
    SchemaUrn;
}

impl SchemaUrn {
    /// Whether `text` is a URN (RFC 8141 §2) that can stand before an attribute's name in a path, in a
    /// filter and in a URL without being taken apart or escaped: letters, digits and `-._~`, in parts
    /// that colons separate.
    pub fn is_valid(text: &str) -> bool {
        let is_plain = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        };
        let mut parts = text.split(':');
        let is_urn = parts.next().is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn"));
        let is_namespace = parts.next().is_some_and(|namespace| {
            (2..=32).contains(&namespace.len())
                && namespace.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !namespace.starts_with('-')
                && !namespace.ends_with('-')
        });
        let mut parts = parts.peekable();
        is_urn && is_namespace && parts.peek().is_some() && parts.all(is_plain)
    }
}

impl AttributeName {
    /// Whether `text` is a name by the grammar of RFC 7643 §2.1 (`$ref` is the one name with a `$`,
    /// so a leading `$` is let in).
    pub fn is_valid(text: &str) -> bool {
        let rest = text.strip_prefix('$').unwrap_or(text);
        rest.starts_with(|first: char| first.is_ascii_alphabetic())
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_regard_to_case() {
        assert_eq!(AttributeName::from("userName"), AttributeName::from("USERNAME"));
        assert_ne!(AttributeName::from("userName"), AttributeName::from("user-name"));
    }

    #[test]
    fn the_grammar_of_urns() {
        for valid in ["urn:example:Device", "URN:ietf:params:scim:schemas:core:2.0:User", "urn:a-b:c_d~e.f"] {
            assert!(SchemaUrn::is_valid(valid), "{valid}");
        }
        for invalid in [
            "",
            "urn",
            "urn:",
            "urn:x:a",
            "urn:example",
            "urn:example:",
            "urn:example::a",
            "urn:example:a:",
            "uri:example:a",
            "https://example.com",
            "urn:-ex:a",
            "urn:ex-:a",
            "urn:example:a b",
            "urn:example:a,b",
            "urn:example:a/b",
            "urn:example:a[b]",
            "urn:example:é",
            "urn:ex.ample:a",
        ] {
            assert!(!SchemaUrn::is_valid(invalid), "{invalid}");
        }
    }

    #[test]
    fn the_grammar_of_names() {
        for valid in ["a", "userName", "x509Certificates", "$ref", "with-hyphen", "under_score"] {
            assert!(AttributeName::is_valid(valid), "{valid}");
        }
        for invalid in ["", "$", "1a", "a b", "a.b", "é", "-a", "a:b"] {
            assert!(!AttributeName::is_valid(invalid), "{invalid}");
        }
    }
}
