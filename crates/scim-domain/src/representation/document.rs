//! A stored document, taken apart without a copy of what is in it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use crate::resource::Unreadable;

use super::write_json;

/// The members of an object, in the order of the text.
#[derive(Debug, PartialEq)]
pub(super) struct Document<'a>(Vec<(Text<'a>, Node<'a>)>);

/// A value in a document.
#[derive(Debug, PartialEq)]
pub(super) enum Node<'a> {
    Object(Document<'a>),
    Array(Vec<Node<'a>>),
    Text(Text<'a>),
    /// A number, a boolean or `null`.
    Other(Value),
}

/// A string. One that is borrowed stands in the document as it is, so that nothing in it has to be escaped.
#[derive(Debug, PartialEq, serde::Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Document<'a> {
    /// Takes an object apart.
    pub(super) fn read(text: &'a str) -> Result<Self, Unreadable> {
        match serde_json::from_str(text) {
            Ok(Node::Object(document)) => Ok(document),
            Ok(_) => Err(Unreadable(serde_json::Error::custom("expected an object"))),
            Err(error) => Err(Unreadable(error)),
        }
    }

    /// The member of this name.
    pub(super) fn member(&self, name: &str) -> Option<&Node<'a>> {
        self.0.iter().find_map(|(known, value)| (known.0 == name).then_some(value))
    }
}

impl Node<'_> {
    /// Appends the value as JSON.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Object(Document(members)) => {
                let before = out.len();
                for (name, value) in members {
                    out.push(if out.len() == before { b'{' } else { b',' });
                    name.write(out);
                    out.push(b':');
                    value.write(out);
                }
                out.extend_from_slice(if out.len() == before { b"{}" } else { b"}" });
            }
            Self::Array(items) => {
                let before = out.len();
                for item in items {
                    out.push(if out.len() == before { b'[' } else { b',' });
                    item.write(out);
                }
                out.extend_from_slice(if out.len() == before { b"[]" } else { b"]" });
            }
            Self::Text(text) => text.write(out),
            Self::Other(value) => write_json(out, value),
        }
    }
}

impl Text<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Cow::Borrowed(text) => {
                out.push(b'"');
                out.extend_from_slice(text.as_bytes());
                out.push(b'"');
            }
            Cow::Owned(text) => write_json(out, text),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Node<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Node::Text(Text(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Node::Text(Text(Cow::Owned(text.to_owned()))))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Node::Other(value.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Node::Other(number.into()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Node::Other(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Node::Other(number.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Node::Other(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Node::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Node::Object(Document(object)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str) {
        let mut written = Vec::new();
        Node::Object(Document::read(text).expect("an object")).write(&mut written);
        assert_eq!(String::from_utf8(written).expect("text"), text);
    }

    #[test]
    fn what_is_read_is_written_as_it_was() {
        check("{}");
        check(r#"{"a":[],"b":{},"c":[{},[1,-2,0.5,1e+300],true,false,null]}"#);
        check(r#"{"plain":"é ß 😀 / ","escaped":"\"\\\n\u0001","a\"b":""}"#);
    }

    #[test]
    fn only_strings_with_escapes_are_copied() {
        let document = Document::read(r#"{"a":"plain","b":"a\nb"}"#).expect("an object");
        assert!(matches!(document.member("a"), Some(Node::Text(Text(Cow::Borrowed("plain"))))));
        assert!(matches!(document.member("b"), Some(Node::Text(Text(Cow::Owned(_))))));
        assert_eq!(document.member("c"), None);
    }

    #[test]
    fn what_is_no_object_is_unreadable() {
        for text in ["", "[]", "null", "{", "{\"a\":1}x"] {
            assert!(Document::read(text).is_err(), "{text}");
        }
    }
}
