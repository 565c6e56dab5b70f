//! `password` (RFC 7643 §4.1.1): the one attribute that is not stored as it was sent.
//!
//! Among stored attributes it is a hash, and a write carries that hash along where the client sent
//! no password. So a password that differs from the stored one is new, in plain text, and has to be
//! hashed before anything is stored. Attributes know it by the name that the RFC gives it, in
//! whatever case a schema spells it.

use serde_json::Value;

use crate::json;
use crate::resource::Attributes;

const NAME: &str = "password";

/// The new password in plain text, where `new` has one that `old`, the stored attributes, has not.
/// `old` is `None` for a resource that is being created.
pub fn password_change<'a>(old: Option<&Attributes>, new: &'a Attributes) -> Option<&'a str> {
    let stored = old.and_then(password);
    password(new).filter(|password| Some(*password) != stored)
}

/// Puts `hash` in the place of the password. Attributes without a password stay without one.
pub fn set_password(attributes: &mut Attributes, hash: String) {
    if let Some((_, value)) = attributes.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case(NAME)) {
        *value = Value::String(hash);
    }
}

fn password(attributes: &Attributes) -> Option<&str> {
    json::member(attributes, NAME)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(old: Option<Value>, new: Value, expected: Option<&str>) {
        let old = old.as_ref().map(|old| old.as_object().expect("an object"));
        assert_eq!(password_change(old, new.as_object().expect("an object")), expected);
    }

    #[test]
    fn a_password_that_is_not_the_stored_one_is_new() {
        check(None, json!({"userName": "a"}), None);
        check(None, json!({"password": "t1meMa$heen"}), Some("t1meMa$heen"));
        check(None, json!({"passWord": "t1meMa$heen"}), Some("t1meMa$heen"));
        check(Some(json!({"password": "$2b$hash"})), json!({"password": "$2b$hash"}), None);
        check(Some(json!({"password": "$2b$hash"})), json!({"password": "new"}), Some("new"));
        check(Some(json!({"password": "$2b$hash"})), json!({}), None);
    }

    #[test]
    fn a_hash_takes_the_place_of_the_password() {
        let mut attributes = json!({"password": "new"}).as_object().expect("an object").clone();
        set_password(&mut attributes, "$2b$hash".into());
        assert_eq!(Value::Object(attributes), json!({"password": "$2b$hash"}));
        let mut without = Attributes::new();
        set_password(&mut without, "$2b$hash".into());
        assert!(without.is_empty());
    }
}
