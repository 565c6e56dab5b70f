//! The equality index: which rows may hold a value, for every value of every stored attribute.
//!
//! It goes by hashes of (type, path, value). What it answers are candidates: all rows that hold the
//! value, and now and then one that does not, so the filter has the last word.
//!
//! Keys depend on the value alone, never on the attribute's definition, so that the index stays
//! right when an operator changes a schema: text is entered under its folded form, which texts that
//! are equal in any other way share too (RFC 7643 §2.2 `caseExact`), and text that names an instant
//! under that as well.

use std::hash::{BuildHasher, Hash};

use foldhash::quality::RandomState;
use scim_domain::attribute::{AttributeRef, AttributeType};
use scim_domain::comparison::instant_key;
use scim_domain::filter::Operand;
use scim_domain::resource::Attributes;
use scim_domain::text;
use serde_json::{Number, Value};

use crate::postings::{KeyedHash, Postings};
use crate::slots::Slot;

/// Makes the hashes of values.
#[derive(Debug, Default)]
pub(crate) struct LeafHasher {
    state: RandomState,
}

/// Where a value is: its type's name, its extension's URN, its attribute and sub-attribute.
type Path<'a> = (&'a str, Option<&'a str>, &'a str, Option<&'a str>);

/// A value in the form in which it is looked up.
#[derive(Hash)]
enum LeafKey<'a> {
    Boolean(bool),
    Integer(i128),
    Float(u64),
    Instant(&'a str),
    Text(&'a str),
}

impl LeafHasher {
    /// The hashes of all values among `attributes`, ascending, each once.
    pub(crate) fn leaves(&self, type_name: &str, attributes: &Attributes) -> Vec<KeyedHash> {
        let mut hashes = Vec::with_capacity(attributes.len().saturating_mul(2));
        for (name, value) in attributes {
            match value.as_object() {
                // Only a URN has a colon: these are the attributes of an extension.
                Some(extension) if name.contains(':') => {
                    for (inner, value) in extension {
                        self.attribute(&mut hashes, (type_name, Some(name), inner, None), value);
                    }
                }
                _ => self.attribute(&mut hashes, (type_name, None, name, None), value),
            }
        }
        hashes.sort_unstable();
        hashes.dedup();
        hashes
    }

    /// The hash under which rows are that hold `operand` in `attribute`, which is a stored one.
    pub(crate) fn operand(&self, type_name: &str, attribute: &AttributeRef, operand: &Operand) -> KeyedHash {
        let extension = attribute.extension.as_ref().map(|urn| urn.as_str());
        let sub_attribute = attribute.sub_attribute.as_ref().map(|sub| sub.name.as_str());
        let path = (type_name, extension, attribute.attribute.name.as_str(), sub_attribute);
        match operand {
            Operand::Boolean(value) => self.hash(path, LeafKey::Boolean(*value)),
            Operand::Number(number) => self.hash(path, number_key(number)),
            Operand::Text(key) if attribute.is_user_name() => self.hash(path, LeafKey::Text(key)),
            Operand::Text(key) => match instant_key(key) {
                Some(instant) if attribute.leaf().data_type == AttributeType::DateTime => {
                    self.hash(path, LeafKey::Instant(&instant))
                }
                _ => self.hash(path, LeafKey::Text(&text::fold(key))),
            },
        }
    }

    fn attribute(&self, hashes: &mut Vec<KeyedHash>, path: Path<'_>, value: &Value) {
        for element in each(value) {
            let Some(object) = element.as_object() else {
                self.leaf(hashes, path, element);
                continue;
            };
            for (sub_attribute, value) in object {
                let (type_name, extension, name, _) = path;
                for leaf in each(value) {
                    self.leaf(hashes, (type_name, extension, name, Some(sub_attribute)), leaf);
                }
            }
        }
    }

    fn leaf(&self, hashes: &mut Vec<KeyedHash>, path: Path<'_>, value: &Value) {
        match value {
            Value::Bool(value) => hashes.push(self.hash(path, LeafKey::Boolean(*value))),
            Value::Number(number) => hashes.push(self.hash(path, number_key(number))),
            Value::String(text) => {
                if let Some(instant) = instant_key(text) {
                    hashes.push(self.hash(path, LeafKey::Instant(&instant)));
                }
                let is_user_name =
                    matches!(path, (_, None, name, None) if name.eq_ignore_ascii_case("userName"));
                let key = if is_user_name { text::username_key(text) } else { text::fold(text) };
                hashes.push(self.hash(path, LeafKey::Text(&key)));
            }
            Value::Null | Value::Array(_) | Value::Object(_) => {}
        }
    }

    fn hash(&self, path: Path<'_>, key: LeafKey<'_>) -> KeyedHash {
        self.hash_of((path, key))
    }

    /// The hash of anything.
    pub(crate) fn hash_of(&self, value: impl Hash) -> KeyedHash {
        KeyedHash::new(self.state.hash_one(value))
    }
}

/// Numbers that are equal have one key: a float without a fraction is the integer that it equals.
fn number_key(number: &Number) -> LeafKey<'static> {
    const BOUND: f64 = 18_446_744_073_709_551_616.0;
    if let Some(integer) = number.as_i128() {
        return LeafKey::Integer(integer);
    }
    let float = number.as_f64().unwrap_or(0.0);
    if float.fract() == 0.0 && (-BOUND..BOUND).contains(&float) {
        #[expect(clippy::as_conversions, reason = "a whole float within ±2^64 is exact in an i128")]
        return LeafKey::Integer(float as i128);
    }
    LeafKey::Float(float.to_bits())
}

fn each(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        single => std::slice::from_ref(single),
    }
}

/// Which rows hold which value.
#[derive(Debug, Default)]
pub(crate) struct EqualityIndex {
    holders: Postings,
}

impl EqualityIndex {
    pub(crate) fn insert(&mut self, hashes: &[KeyedHash], slot: Slot) {
        for hash in hashes {
            self.holders.insert(*hash, slot);
        }
    }

    pub(crate) fn remove(&mut self, hashes: &[KeyedHash], slot: Slot) {
        for hash in hashes {
            self.holders.remove(*hash, slot);
        }
    }

    /// Replaces `old` hashes of a row by `new` ones, both ascending, and touches only what differs.
    pub(crate) fn change(&mut self, old: &[KeyedHash], new: &[KeyedHash], slot: Slot) {
        for hash in old.iter().filter(|hash| new.binary_search(hash).is_err()) {
            self.holders.remove(*hash, slot);
        }
        for hash in new.iter().filter(|hash| old.binary_search(hash).is_err()) {
            self.holders.insert(*hash, slot);
        }
    }

    /// The rows under `hash`; `None` where there are more than `limit`.
    pub(crate) fn rows(&self, hash: KeyedHash, limit: usize) -> Option<Vec<Slot>> {
        (self.holders.count(hash) <= limit).then(|| self.holders.rows(hash).collect())
    }

    /// How many values there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.holders.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use scim_domain::attribute::AttributeDefinition;
    use scim_domain::comparison::equality_key;
    use scim_domain::schema::core::ENTERPRISE_USER_URN;
    use scim_domain::schema::{ResourceType, TenantSchema};
    use serde_json::json;

    use super::*;

    fn user() -> Arc<ResourceType> {
        Arc::clone(TenantSchema::rfc7643().expect("compiles").resource_type("User").expect("User"))
    }

    fn attributes(value: &Value) -> Attributes {
        value.as_object().expect("an object").clone()
    }

    /// Whether a user with these attributes is among the candidates for `path eq operand`.
    #[track_caller]
    fn check(stored: Value, path: &str, operand: Value, expected: bool) {
        let (user, hasher) = (user(), LeafHasher::default());
        let attribute = user.attribute_at(path).expect("an attribute");
        check_attribute(&hasher, &stored, &attribute, &operand, expected);
    }

    #[track_caller]
    fn check_attribute(
        hasher: &LeafHasher,
        stored: &Value,
        attribute: &AttributeRef,
        operand: &Value,
        expected: bool,
    ) {
        let operand = match operand {
            Value::Bool(value) => Operand::Boolean(*value),
            Value::Number(value) => Operand::Number(value.clone()),
            Value::String(text) => Operand::Text(equality_key(attribute, text).into_owned()),
            other => panic!("{other} is no operand"),
        };
        let mut index = EqualityIndex::default();
        index.insert(&hasher.leaves("User", &attributes(stored)), Slot::new(7));
        let hash = hasher.operand("User", attribute, &operand);
        let found = index.rows(hash, 10).expect("few");
        assert_eq!(found == [Slot::new(7)], expected, "{attribute} eq {operand:?} in {stored}");
    }

    #[test]
    fn values_of_every_place_and_type_are_found() {
        check(json!({"userName": "BJensen"}), "userName", json!("bjensen"), true);
        check(json!({"userName": "ｂｊｅｎｓｅｎ"}), "userName", json!("bjensen"), true);
        check(json!({"userName": "bjensen"}), "displayName", json!("bjensen"), false);
        check(json!({"displayName": "Straße"}), "displayName", json!("STRASSE"), true);
        check(json!({"externalId": "Ab"}), "externalId", json!("Ab"), true);
        check(json!({"active": true}), "active", json!(true), true);
        check(json!({"active": true}), "active", json!(false), false);
        check(json!({"name": {"givenName": "Barbara"}}), "name.givenName", json!("barbara"), true);
        let emails = json!({"emails": [{"value": "a@x"}, {"value": "b@x", "type": "work", "primary": true}]});
        check(emails.clone(), "emails.value", json!("B@X"), true);
        check(emails.clone(), "emails.primary", json!(true), true);
        check(emails, "emails.type", json!("home"), false);
        let enterprise = json!({ENTERPRISE_USER_URN: {"department": "Tours", "manager": {"value": "26"}}});
        check(enterprise.clone(), &format!("{ENTERPRISE_USER_URN}:department"), json!("tours"), true);
        check(enterprise, &format!("{ENTERPRISE_USER_URN}:manager.value"), json!("26"), true);
    }

    #[track_caller]
    fn check_type(data_type: AttributeType, stored: Value, operand: Value, expected: bool) {
        let template = user().attribute_at("displayName").expect("an attribute");
        let attribute =
            AttributeRef { attribute: Arc::new(AttributeDefinition::new("x", data_type)), ..template };
        check_attribute(&LeafHasher::default(), &json!({"x": stored}), &attribute, &operand, expected);
    }

    #[test]
    fn numbers_and_instants_are_found_by_what_they_mean() {
        check_type(AttributeType::Decimal, json!(1.0), json!(1), true);
        check_type(AttributeType::Decimal, json!(1), json!(1.0), true);
        check_type(AttributeType::Decimal, json!(-0.0), json!(0), true);
        check_type(AttributeType::Decimal, json!(1.5), json!(1.5), true);
        check_type(AttributeType::Decimal, json!(1e300), json!(1e300), true);
        check_type(
            AttributeType::Integer,
            json!(9_007_199_254_740_993_i64),
            json!(9_007_199_254_740_992_i64),
            false,
        );
        let noon = json!("2011-05-13T12:00:00Z");
        check_type(AttributeType::DateTime, json!("2011-05-13T14:00:00+02:00"), noon.clone(), true);
        check_type(AttributeType::DateTime, json!("2011-05-13T14:00:00Z"), noon.clone(), false);
        // The same text where it is no dateTime: the definition decides, not the index.
        check_type(AttributeType::String, json!("2011-05-13t12:00:00z"), noon.clone(), true);
        check_type(AttributeType::String, noon.clone(), json!("2011-05-13t12:00:00z"), true);
        check_type(AttributeType::Reference, noon.clone(), noon, true);
    }

    #[test]
    fn a_change_touches_what_differs_and_leaves_nothing_behind() {
        let hasher = LeafHasher::default();
        let old = hasher.leaves("User", &attributes(&json!({"userName": "a", "title": "x", "active": true})));
        let new = hasher.leaves("User", &attributes(&json!({"userName": "b", "title": "x"})));
        let mut index = EqualityIndex::default();
        index.insert(&old, Slot::new(1));
        index.insert(&old, Slot::new(2));
        index.change(&old, &new, Slot::new(1));
        assert_eq!(index.len(), 4);
        assert_eq!(new.iter().map(|hash| index.rows(*hash, 9).expect("few").len()).sum::<usize>(), 3);
        index.remove(&new, Slot::new(1));
        index.remove(&old, Slot::new(2));
        assert_eq!(index.len(), 0);
    }

    #[test]
    fn more_candidates_than_wanted_are_none_at_all() {
        let hasher = LeafHasher::default();
        let leaves = hasher.leaves("User", &attributes(&json!({"active": true})));
        let mut index = EqualityIndex::default();
        for number in 0..3 {
            index.insert(&leaves, Slot::new(number));
        }
        assert_eq!(index.rows(leaves[0], 3), Some([0, 1, 2].map(Slot::new).to_vec()));
        assert_eq!(index.rows(leaves[0], 2), None);
    }
}
