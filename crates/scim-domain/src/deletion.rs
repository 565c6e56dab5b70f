//! What DELETE (RFC 7644 §3.6) makes of a resource: it goes, or, where the tenant's config has
//! `softDelete`, it is hidden.
//!
//! A hidden resource is to every client as if it were gone: 404 by its id, in no list, no member of any
//! group, and its unique values are free. It only stays on record, with `active` false.

use serde_json::Value;

use crate::attribute::{AttributeRef, AttributeSource, AttributeType};
use crate::resource::{Attributes, Resource};
use crate::schema::ResourceType;
use crate::tenant::TenantConfig;

/// What becomes of a resource that is deleted.
#[derive(Debug, Clone, PartialEq)]
pub enum Deletion {
    /// It goes, with all that is stored of it.
    Remove,
    /// It stays on record with these attributes, hidden.
    Hide(Attributes),
}

impl Deletion {
    /// What DELETE makes of `resource` under these rules. Types without `active` have no state that
    /// would say that a resource is out of use: theirs are removed.
    pub fn of(config: &TenantConfig, resource: &Resource) -> Self {
        match active(&resource.resource_type) {
            Some(active) if config.soft_delete => {
                let mut attributes = resource.attributes.clone();
                attributes.insert(active.attribute.name.as_str().to_owned(), Value::Bool(false));
                Self::Hide(attributes)
            }
            _ => Self::Remove,
        }
    }
}

/// The attribute that says whether a resource of this type is in use, where it has one: `active`
/// (RFC 7643 §4.1.1) of the base schema, one boolean.
pub fn active(resource_type: &ResourceType) -> Option<AttributeRef> {
    resource_type.core_attribute("active").filter(|active| {
        active.source == AttributeSource::Stored
            && active.attribute.data_type == AttributeType::Boolean
            && !active.attribute.multi_valued
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::test_support::{custom_type, resource, resource_type};

    #[track_caller]
    fn check(soft_delete: bool, resource: &Resource, expected: Option<Value>) {
        let config = TenantConfig { soft_delete, ..TenantConfig::default() };
        let deletion = match Deletion::of(&config, resource) {
            Deletion::Remove => None,
            Deletion::Hide(attributes) => Some(Value::Object(attributes)),
        };
        assert_eq!(deletion, expected);
    }

    #[test]
    fn what_can_be_inactive_is_hidden_where_the_config_says_so() {
        let user = resource(&resource_type("User"), 1, json!({"userName": "a", "active": true}));
        check(false, &user, None);
        check(true, &user, Some(json!({"userName": "a", "active": false})));
        let silent = resource(&resource_type("User"), 1, json!({"userName": "a"}));
        check(true, &silent, Some(json!({"userName": "a", "active": false})));
        check(true, &resource(&resource_type("Group"), 2, json!({"displayName": "g"})), None);
        let spelt = custom_type(json!([{"name": "ACTIVE", "type": "boolean"}]));
        check(true, &resource(&spelt, 3, json!({})), Some(json!({"ACTIVE": false})));
        let text = custom_type(json!([{"name": "active", "type": "string"}]));
        check(true, &resource(&text, 4, json!({"active": "yes"})), None);
        let several = custom_type(json!([{"name": "active", "type": "boolean", "multiValued": true}]));
        check(true, &resource(&several, 5, json!({"active": [true]})), None);
    }
}
