//! The schema of a tenant's config. Defaults and limits are the config's own; that it has every key, a
//! test holds against the config.

use std::ops::RangeInclusive;

use scim_domain::tenant::{
    BulkConfig, FilterConfig, JwtAlgorithm, LogLevel, RateLimit, SubjectAttribute, TenantConfig,
};
use serde_json::{Value, json};

use super::{Schemas, named, schema};

/// The schemas.
pub(super) fn schemas() -> Schemas {
    named([("TenantConfig", tenant_config()), ("TrustedIssuer", trusted_issuer())])
}

fn tenant_config() -> Value {
    let mut config = section(
        "The rules of a tenant. Every key is optional, and `null` is as good as leaving it out; a key that there is not is 400 and named. Answers show all rules in force.",
        &[],
        json!({
            "strictMode": flag("By the letter: unknown attributes are 400, `If-Match` is required (428), no leniency applies."),
            "verbosePatch": flag("Dotted and URN-qualified keys inside the `value` of a PATCH operation are paths."),
            "multiMemberAdd": flag("One PATCH operation may add more than one member; off: that is 400."),
            "multiMemberRemove": flag("One PATCH operation may remove more than one member; off: that is 400."),
            "allowRemoveAllMembers": flag("`remove` of `members` may go without a filter or value; off: that is 400."),
            "softDelete": flag("DELETE sets `active` to false on types that have it, and hides the resource."),
            "bulk": section("Limits of `/Bulk`, also in ServiceProviderConfig.", &[], json!({
                "maxOperations": number("The most operations in one request.", BulkConfig::MAX_OPERATIONS),
                "maxPayloadSize": number("The largest body, in bytes.", BulkConfig::MAX_PAYLOAD_SIZE),
            })),
            "filter": section("Limits of queries, also in ServiceProviderConfig.", &[], json!({
                "maxResults": number("The most resources in one page, and the size of a page where the client names none.", FilterConfig::MAX_RESULTS),
            })),
            "patchResponseMemberLimit": number("PATCH of a group with more members than this is answered 204, unless `attributes` is asked for.", 0..=1_000_000),
            "anonymousDiscovery": flag("The discovery endpoints answer without a credential."),
            "documentationUri": {"type": "string", "format": "uri", "pattern": "^[hH][tT][tT][pP][sS]?://", "maxLength": 2048, "description": "Shown in ServiceProviderConfig."},
            "customHeaders": {
                "type": "object", "maxProperties": 32, "description": "Headers on every answer of the tenant.",
                "propertyNames": {"pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$"},
                "additionalProperties": {"type": "string", "pattern": "^([!-~]([\\t -~]*[!-~])?)?$", "maxLength": 1024},
            },
            "logLevel": {"type": "string", "enum": words(LogLevel::ALL), "description": "How much is logged of the tenant's requests; as everywhere where it is left out."},
            "rateLimit": section("How many requests each credential may send; as everywhere where it is left out.", &["perSecond"], json!({
                "perSecond": number("So many a second in the long run.", RateLimit::RANGE),
                "burst": number("So many at once; twice `perSecond` where it is left out.", RateLimit::RANGE),
            })),
            "trustedIssuers": {"type": "array", "maxItems": 32, "items": schema("TrustedIssuer"), "description": "Whose tokens open the tenant beside its own."},
        }),
    );
    add_defaults(&mut config, &TenantConfig::default().effective());
    config
}

fn trusted_issuer() -> Value {
    let text = |description: &str| json!({"type": "string", "minLength": 1, "maxLength": 2048, "description": description});
    let texts = |description: &str| json!({"type": "array", "minItems": 1, "maxItems": 32, "items": {"type": "string", "minLength": 1, "maxLength": 2048}, "description": description});
    let simple = json!({"type": ["string", "number", "boolean"]});
    let mut issuer = section(
        "An issuer whose tokens (RFC 7519) open the tenant.",
        &["issuer", "audiences"],
        json!({
            "issuer": text("What `iss` has to be, to the letter."),
            "jwksUri": text("Where the issuer's public keys are: an https URL."),
            "jwks": {"type": "object", "required": ["keys"], "description": "The issuer's public keys themselves (RFC 7517), in place of `jwksUri`.", "properties": {"keys": {"type": "array", "minItems": 1, "maxItems": 32, "items": {"type": "object", "required": ["kty"], "properties": {"kty": {"type": "string", "enum": ["RSA", "EC", "OKP"]}}}}}},
            "audiences": texts("`aud` has to have one of these."),
            "requiredClaims": {"type": "object", "maxProperties": 32, "description": "Claims that a token has to have, each with one of these values.", "additionalProperties": {"anyOf": [simple, {"type": "array", "minItems": 1, "maxItems": 32, "items": simple}]}},
            "subjectClaim": text("The claim that tells the user that `/Me` means."),
            "subjectAttribute": {"type": "string", "enum": words(SubjectAttribute::ALL), "default": SubjectAttribute::UserName.as_str(), "description": "The attribute of the user that has the claim's value."},
            "scopes": {"type": "array", "minItems": 1, "maxItems": 32, "items": schema("Scope"), "description": "What the tokens allow; `read`, `write` and `bulk` where it is left out."},
            "algorithms": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string", "enum": words(JwtAlgorithm::ALL)}, "description": "What the tokens may be signed with; any of these where it is left out."},
        }),
    );
    if let Some(issuer) = issuer.as_object_mut() {
        issuer.insert("oneOf".into(), json!([{"required": ["jwksUri"]}, {"required": ["jwks"]}]));
        issuer.insert("dependentRequired".into(), json!({"subjectAttribute": ["subjectClaim"]}));
    }
    issuer
}

/// An object with these keys and no others.
fn section(description: &str, required: &[&str], properties: Value) -> Value {
    json!({
        "type": "object", "description": description, "required": required,
        "properties": properties, "additionalProperties": false,
    })
}

fn flag(description: &str) -> Value {
    json!({"type": "boolean", "description": description})
}

fn number<T>(description: &str, range: RangeInclusive<T>) -> Value
where
    Value: From<T>,
    T: Copy,
{
    json!({
        "type": "integer", "description": description,
        "minimum": Value::from(*range.start()), "maximum": Value::from(*range.end()),
    })
}

/// The names of an enumeration's values.
pub(super) fn words<T>(all: &[(&'static str, T)]) -> Vec<&'static str> {
    all.iter().map(|(word, _)| *word).collect()
}

/// Says of each key what it is by default.
fn add_defaults(section: &mut Value, defaults: &Value) {
    let Some(keys) = section.pointer_mut("/properties").and_then(Value::as_object_mut) else { return };
    for (name, key) in keys {
        let Some(default) = defaults.get(name) else { continue };
        if key.pointer("/properties").is_some() {
            add_defaults(key, default);
        } else if let Some(key) = key.as_object_mut() {
            key.insert("default".into(), default.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A config in which nothing is as by default. The pattern names every rule, so that a rule that is
    /// added has to be added here.
    fn full() -> Value {
        let full = json!({
            "strictMode": true,
            "verbosePatch": false,
            "multiMemberAdd": false,
            "multiMemberRemove": false,
            "allowRemoveAllMembers": false,
            "softDelete": true,
            "bulk": {"maxOperations": 10, "maxPayloadSize": 2048},
            "filter": {"maxResults": 50},
            "patchResponseMemberLimit": 0,
            "anonymousDiscovery": true,
            "documentationUri": "https://example.com/help",
            "customHeaders": {"X-Served-For": "Example Ltd"},
            "logLevel": "debug",
            "rateLimit": {"perSecond": 10, "burst": 15},
            "trustedIssuers": [{
                "issuer": "https://login.example.com",
                "jwksUri": "https://login.example.com/keys",
                "audiences": ["api://scim"],
                "requiredClaims": {"appid": ["a"]},
                "subjectClaim": "upn",
                "subjectAttribute": "id",
                "scopes": ["read"],
                "algorithms": ["RS256"],
            }],
        });
        let config = TenantConfig::from_json(&full).expect("a config");
        let TenantConfig {
            strict_mode: _,
            verbose_patch: _,
            multi_member_add: _,
            multi_member_remove: _,
            allow_remove_all_members: _,
            soft_delete: _,
            bulk: BulkConfig { max_operations: _, max_payload_size: _ },
            filter: FilterConfig { max_results: _ },
            patch_response_member_limit: _,
            anonymous_discovery: _,
            documentation_uri: _,
            custom_headers: _,
            log_level: _,
            rate_limit: _,
            trusted_issuers: _,
        } = &config;
        assert_eq!(config.to_json(), full, "a rule is as by default");
        full
    }

    fn names(object: &Value) -> BTreeSet<&str> {
        object.as_object().expect("an object").keys().map(String::as_str).collect()
    }

    #[test]
    fn every_key_is_described_and_no_other() {
        let (full, schema) = (full(), tenant_config());
        assert_eq!(names(&full), names(&schema["properties"]));
        for key in ["bulk", "filter", "rateLimit"] {
            assert_eq!(names(&full[key]), names(&schema["properties"][key]["properties"]), "{key}");
        }
        let issuer = trusted_issuer();
        let mut described = names(&issuer["properties"]);
        assert!(described.remove("jwks"), "the other way to name keys");
        assert_eq!(names(&full["trustedIssuers"][0]), described);
    }

    #[test]
    fn defaults_are_those_of_the_config() {
        let schema = tenant_config();
        assert_eq!(schema["properties"]["verbosePatch"]["default"], true);
        assert_eq!(schema["properties"]["bulk"]["properties"]["maxOperations"]["default"], 1000);
        assert!(schema["properties"]["rateLimit"].get("default").is_none(), "it is as everywhere");
    }

    /// Whether the config takes a value for the key at `path`, which has dots into it.
    fn takes(path: &str, value: Value) -> bool {
        let nested = path.rsplit('.').fold(value, |value, key| json!({key: value}));
        let mut config = full();
        for (key, patch) in nested.as_object().expect("an object") {
            match (config[key].as_object_mut(), patch.as_object()) {
                (Some(section), Some(patch)) => section.extend(patch.clone()),
                _ => config[key] = patch.clone(),
            }
        }
        TenantConfig::from_json(&config).is_ok()
    }

    #[test]
    fn limits_are_those_of_the_config() {
        let schema = tenant_config();
        let numbers = [
            "bulk.maxOperations",
            "bulk.maxPayloadSize",
            "filter.maxResults",
            "patchResponseMemberLimit",
            "rateLimit.perSecond",
            "rateLimit.burst",
        ];
        for path in numbers {
            let found = schema.pointer(&format!("/properties/{}", path.replace('.', "/properties/")));
            let bound = |name: &str| found.and_then(|key| key[name].as_i64()).expect("a bound");
            let (least, most) = (bound("minimum"), bound("maximum"));
            assert!(takes(path, json!(least)) && takes(path, json!(most)), "{path}");
            assert!(!takes(path, json!(least - 1)) && !takes(path, json!(most + 1)), "{path}");
        }
        let uri = |length: usize| json!(format!("https://a/{}", "x".repeat(length - "https://a/".len())));
        assert!(takes("documentationUri", uri(2048)) && !takes("documentationUri", uri(2049)));
        assert!(takes("customHeaders.x", json!("x".repeat(1024))));
        assert!(!takes("customHeaders.x", json!("x".repeat(1025))));
        for (word, _) in LogLevel::ALL {
            assert!(takes("logLevel", json!(word)), "{word}");
        }
    }
}
