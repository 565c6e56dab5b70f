//! The one meaning of string equality: comparison keys.
//!
//! Two strings that are not `caseExact` (RFC 7643 §2.2) are equal when their keys are. The keys are
//! made here and kept by every store, so that no database ever has to agree with us about Unicode.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::PrecisFastInvocation;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// The key under which strings that are not `caseExact` compare: NFC and full case folding.
///
/// Idempotent: `fold(fold(x)) == fold(x)`.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    // Folding can undo NFC, and NFC can bring back letters that fold further: go on until it rests.
    let mut key = fold_once(text);
    loop {
        let again = fold_once(&key);
        if again == key {
            return Cow::Owned(key);
        }
        key = again;
    }
}

fn fold_once(text: &str) -> String {
    let composed: String = text.nfc().collect();
    CaseMapper::new().fold_string(&composed).nfc().collect()
}

/// The key under which `userName` compares (RFC 7644 §5): RFC 8265's UsernameCaseMapped, or
/// [`fold`] for a value which that profile refuses (one with a space in it, say).
pub fn username_key(text: &str) -> Cow<'_, str> {
    // The profile leaves plain ASCII letters, digits and the marks below as they are, but for case.
    if text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'@' | b'+'))
    {
        return fold(text);
    }
    match UsernameCaseMapped::enforce(text) {
        Ok(key) => Cow::Owned(key.into_owned()),
        Err(_refused) => fold(text),
    }
}

/// The text in Unicode normalization form C.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if is_nfc(text) { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folding_is_full_case_folding_after_nfc() {
        for (left, right) in [
            ("Babs", "bABS"),
            ("Straße", "STRASSE"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("e\u{301}", "É"),
            ("ﬁn", "FIN"),
        ] {
            assert_eq!(fold(left), fold(right), "{left} and {right}");
        }
        assert_ne!(fold("İ"), fold("i"));
        assert_ne!(fold("a"), fold("á"));
    }

    #[test]
    fn user_names_compare_by_precis_and_fall_back_to_folding() {
        assert_eq!(username_key("BJensen@Example.com"), "bjensen@example.com");
        assert_eq!(username_key("ｂｊｅｎｓｅｎ"), username_key("BJENSEN"), "width mapping");
        assert_ne!(username_key("straße"), username_key("strasse"), "PRECIS maps case, it does not fold");
        assert_eq!(username_key("Babs Jensen"), "babs jensen", "a space is refused by PRECIS");
        assert_eq!(username_key(""), "");
    }

    proptest! {
        #[test]
        fn folding_is_idempotent(text in "\\PC*") {
            let once = fold(&text).into_owned();
            prop_assert_eq!(fold(&once), once.as_str());
        }
    }
}
