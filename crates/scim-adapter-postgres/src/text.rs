//! Text as PostgreSQL can keep it.
//!
//! PostgreSQL refuses U+0000. The comparison keys escape it, in a way that keeps their order by code
//! point, and so that one key contains another exactly when the texts do: U+0000 to U+0003 become
//! U+0001 and two of U+0002 and U+0003.

use std::borrow::Cow;
use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use scim_domain::identifier::TenantId;
use scim_domain::resource::UniqueValue;
use serde_json::Value;
use sha2::{Digest, Sha256};

const ESCAPES: [&str; 4] = ["\u{1}\u{2}\u{2}", "\u{1}\u{2}\u{3}", "\u{1}\u{3}\u{2}", "\u{1}\u{3}\u{3}"];

/// `text` without U+0000 to U+0003.
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte > 3) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len().saturating_add(16));
    for c in text.chars() {
        match usize::try_from(u32::from(c)).ok().and_then(|code| ESCAPES.get(code)) {
            Some(escape) => escaped.push_str(escape),
            None => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// The text that [`escape`] made this of.
pub(crate) fn unescape(text: String) -> String {
    if !text.contains('\u{1}') {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, escaped)) = rest.split_once('\u{1}') {
        plain.push_str(before);
        let which =
            escaped.get(..2).and_then(|code| ESCAPES.iter().position(|escape| escape.ends_with(code)));
        plain.extend(which.and_then(|code| u8::try_from(code).ok()).map(char::from));
        rest = escaped.get(2..).unwrap_or_default();
    }
    plain.push_str(rest);
    plain
}

/// JSON with each of its texts changed, names included: `jsonb` refuses U+0000 as well.
pub(crate) fn map_texts(value: Value, change: fn(String) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(items) => items.into_iter().map(|item| map_texts(item, change)).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, member)| (change(name), map_texts(member, change))).collect()
        }
        other => other,
    }
}

/// The most bytes of a value in a B-tree, well below the third of a page that an entry may have.
const MAX_INDEXED: usize = 1024;

/// The key of a unique value as it is kept: itself, or what it begins with and its digest where it
/// is too long for an index.
pub(crate) fn unique_key(key: &str) -> Cow<'_, str> {
    let key = escape(key);
    if key.len() <= MAX_INDEXED {
        return key;
    }
    let start = key.floor_char_boundary(MAX_INDEXED / 2);
    // U+0001 is never followed by anything but U+0002 and U+0003 in an escaped text.
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(key.as_bytes()));
    Cow::Owned(format!("{}\u{1}{digest}", key.get(..start).unwrap_or_default()))
}

/// A digest of a resource's unique values, to see whether a write changes any.
pub(crate) fn unique_digest(values: &[UniqueValue]) -> String {
    let mut sorted: Vec<&UniqueValue> = values.iter().collect();
    sorted.sort_by_key(|value| (&value.attribute, &value.key));
    let mut digest = Sha256::new();
    for value in sorted {
        for part in [&value.attribute, &value.key] {
            digest.update(part.len().to_be_bytes());
            digest.update(part.as_bytes());
        }
    }
    URL_SAFE_NO_PAD.encode(digest.finalize())
}

/// The name under which the comparison keys of a tenant's resources of one type are kept: it makes
/// every entry of their index that tenant's and that type's alone.
pub(crate) fn scope_name(tenant: TenantId, resource_type: &str) -> String {
    let mut name = URL_SAFE_NO_PAD.encode(tenant.uuid().as_bytes());
    // Writing to a string does not fail.
    let _written = write!(name, ":{}", escape(resource_type));
    name
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn escaping_keeps_order_and_containment(left in "[\0-\u{5}ab]{0,8}", right in "[\0-\u{5}ab]{0,3}") {
            let (kept, other) = (escape(&left).into_owned(), escape(&right).into_owned());
            prop_assert!(!kept.contains('\0'));
            prop_assert_eq!(left.cmp(&right), kept.cmp(&other));
            prop_assert_eq!(left.contains(&right), kept.contains(&other));
            prop_assert_eq!(left.starts_with(&right), kept.starts_with(&other));
            prop_assert_eq!(left.ends_with(&right), kept.ends_with(&other));
            prop_assert_eq!(unescape(kept), left);
        }
    }

    #[test]
    fn long_unique_values_stay_apart_and_short() {
        let long = |last: &str| "é".repeat(5000) + last;
        assert_ne!(unique_key(&long("a")), unique_key(&long("b")));
        assert_eq!(unique_key(&long("a")), unique_key(&long("a")));
        assert!(unique_key(&long("a")).len() <= MAX_INDEXED);
        assert_eq!(unique_key("short"), "short");
    }
}
