//! Configs as operators send them, change them and have them stored.

use serde_json::json;

use super::*;

#[track_caller]
fn refused(config: Value, expected: &str) {
    let error = TenantConfig::from_json(&config).expect_err("should be refused");
    assert_eq!(error.to_string(), expected);
}

#[track_caller]
fn read(config: Value) -> TenantConfig {
    TenantConfig::from_json(&config).expect("valid")
}

/// A config with every key, none as by default.
fn full() -> Value {
    json!({
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
            "issuer": "https://login.example.com/tenant/v2.0",
            "jwksUri": "https://login.example.com/keys",
            "audiences": ["api://scim"],
            "requiredClaims": {"appid": ["a", "b"], "level": [2]},
            "subjectClaim": "upn",
            "subjectAttribute": "emails.value",
            "scopes": ["read", "write:User"],
            "algorithms": ["RS256", "EdDSA"],
        }],
    })
}

#[test]
fn every_key_has_its_place_and_is_written_as_it_was_read() {
    let config = read(full());
    assert!(config.strict_mode && config.soft_delete && config.anonymous_discovery);
    assert!(!config.verbose_patch && !config.multi_member_add && !config.multi_member_remove);
    assert!(!config.allow_remove_all_members);
    assert_eq!((config.bulk.max_operations, config.bulk.max_payload_size), (10, 2048));
    assert_eq!((config.filter.max_results, config.patch_response_member_limit), (50, 0));
    assert_eq!(config.documentation_uri.as_deref(), Some("https://example.com/help"));
    assert_eq!(config.custom_headers.iter().collect::<Vec<_>>(), [("X-Served-For", "Example Ltd")]);
    assert_eq!(config.log_level, Some(LogLevel::Debug));
    assert_eq!(config.rate_limit.map(|limit| (limit.per_second, limit.burst())), Some((10, 15)));
    assert_eq!(config.trusted_issuers.len(), 1);
    assert_eq!(config.to_json(), full());
}

#[test]
fn what_is_left_out_or_null_is_as_by_default_and_is_not_written() {
    assert_eq!(read(json!({})), TenantConfig::default());
    assert_eq!(read(json!({"strictMode": null, "bulk": null, "logLevel": null})), TenantConfig::default());
    assert_eq!(TenantConfig::default().to_json(), json!({}));
    let written = |config: Value| read(config).to_json();
    assert_eq!(written(json!({"verbosePatch": true, "bulk": {"maxOperations": 1000}})), json!({}));
    assert_eq!(written(json!({"bulk": {"maxOperations": 5}})), json!({"bulk": {"maxOperations": 5}}));
    assert_eq!(written(json!({"rateLimit": {"perSecond": 5}})), json!({"rateLimit": {"perSecond": 5}}));
    assert_eq!(RateLimit { per_second: 5, burst: None }.burst(), 10);
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let config = TenantConfig::default();
    assert!(!config.strict_mode && !config.soft_delete && !config.anonymous_discovery);
    assert!(config.verbose_patch && config.multi_member_add && config.multi_member_remove);
    assert!(config.allow_remove_all_members);
    assert_eq!((config.bulk.max_operations, config.bulk.max_payload_size), (1000, 1_048_576));
    assert_eq!((config.filter.max_results, config.patch_response_member_limit), (200, 1000));
}

#[test]
fn an_unknown_key_is_named_by_its_path() {
    refused(json!({"strictmode": true}), "strictmode: unknown key");
    refused(json!({"bulk": {"max": 1}}), "bulk.max: unknown key");
    refused(json!({"filter.maxResults": 1}), "filter.maxResults: unknown key");
    refused(json!({"rateLimit": {"perSecond": 1, "perMinute": 1}}), "rateLimit.perMinute: unknown key");
    refused(json!({"x".repeat(100): 1}), &format!("{}…: unknown key", "x".repeat(64)));
}

#[test]
fn a_wrong_type_is_named_with_what_was_expected() {
    refused(json!([]), "expected an object, got an array");
    refused(json!({"strictMode": "true"}), "strictMode: expected true or false, got \"true\"");
    refused(json!({"bulk": 5}), "bulk: expected an object, got 5");
    refused(
        json!({"bulk": {"maxOperations": "x"}}),
        "bulk.maxOperations: expected a whole number from 1 to 100000, got \"x\"",
    );
    refused(
        json!({"bulk": {"maxPayloadSize": 67_108_865}}),
        "bulk.maxPayloadSize: expected a whole number from 1 to 67108864, got 67108865",
    );
    refused(
        json!({"filter": {"maxResults": 0}}),
        "filter.maxResults: expected a whole number from 1 to 10000, got 0",
    );
    refused(
        json!({"patchResponseMemberLimit": -1}),
        "patchResponseMemberLimit: expected a whole number from 0 to 1000000, got -1",
    );
    refused(
        json!({"rateLimit": {"perSecond": 1.5}}),
        "rateLimit.perSecond: expected a whole number from 1 to 1000000, got 1.5",
    );
    refused(json!({"rateLimit": {"burst": 5}}), "rateLimit.perSecond: required");
    refused(
        json!({"logLevel": "INFO"}),
        "logLevel: expected one of 'off', 'error', 'warn', 'info', 'debug', 'trace', got \"INFO\"",
    );
    for uri in ["", "help", "ftp://example.com", "https://", "https://a b/", "https://u:p@example.com/"] {
        let error = TenantConfig::from_json(&json!({"documentationUri": uri})).expect_err(uri);
        assert_eq!(error.key, "documentationUri");
    }
}

#[track_caller]
fn header_refused(headers: Value, expected: &str) {
    let error = TenantConfig::from_json(&json!({"customHeaders": headers})).expect_err("should be refused");
    assert!(error.to_string().starts_with(expected), "{error}");
}

#[test]
fn only_headers_that_are_the_tenants_can_be_set() {
    let config = read(
        json!({"customHeaders": {"X-A": "", "x_b": "a\tb c", "Strict-Transport-Security": "max-age=1"}}),
    );
    assert_eq!(config.custom_headers.iter().count(), 3);
    for name in ["Connection", "transfer-encoding", "TE", "Upgrade", "Keep-Alive", "Proxy-Authorization"] {
        header_refused(
            json!({name: "x"}),
            &format!("customHeaders.{name}: cannot be set: it is about one connection"),
        );
    }
    for name in ["Content-Type", "content-length", "Content-Encoding", "Date"] {
        header_refused(
            json!({name: "x"}),
            &format!("customHeaders.{name}: cannot be set: it says what the body is"),
        );
    }
    for name in ["ETag", "Location", "retry-after", "X-Request-ID"] {
        header_refused(
            json!({name: "x"}),
            &format!("customHeaders.{name}: cannot be set: SCIM gives it a meaning"),
        );
    }
    for name in ["Authorization", "WWW-Authenticate", "Set-Cookie"] {
        header_refused(
            json!({name: "x"}),
            &format!("customHeaders.{name}: cannot be set: it is about authentication"),
        );
    }
    header_refused(
        json!({"Access-Control-Allow-Origin": "*"}),
        "customHeaders.Access-Control-Allow-Origin: cannot be set: CORS_ALLOWED_ORIGINS",
    );
    for name in ["", "a b", "a:b", "é", "a\r\nb"] {
        header_refused(json!({name: "x"}), &format!("customHeaders.{name}: expected the name of a header"));
    }
    for value in [
        json!("a\r\nSet-Cookie: x"),
        json!(" a"),
        json!("é"),
        json!("\u{7f}"),
        json!(1),
        json!("x".repeat(1025)),
    ] {
        header_refused(
            json!({"X-A": value}),
            "customHeaders.X-A: expected at most 1024 visible ASCII characters",
        );
    }
    header_refused(json!({"X-A": "a", "x-a": "b"}), "customHeaders.x-a: occurs twice, in another case");
    let many: Map<String, Value> = (0..33).map(|number| (format!("X-{number}"), json!("a"))).collect();
    header_refused(json!(many), "customHeaders: expected at most 32 headers, got 33");
}

#[test]
fn a_patch_changes_what_it_names_and_null_brings_back_the_default() {
    let config = read(full());
    let patched = |patch: Value| config.merge_patch(&patch).expect("valid");
    assert_eq!(patched(json!({})), config);
    assert_eq!(
        patched(json!({"bulk": {"maxOperations": 7}})).bulk,
        BulkConfig { max_operations: 7, max_payload_size: 2048 }
    );
    assert_eq!(
        patched(json!({"bulk": {"maxOperations": null}})).bulk,
        BulkConfig { max_operations: 1000, max_payload_size: 2048 }
    );
    assert_eq!(patched(json!({"bulk": null})).bulk, BulkConfig::default());
    assert!(patched(json!({"verbosePatch": null})).verbose_patch);
    assert_eq!(patched(json!({"rateLimit": null, "logLevel": null})).rate_limit, None);
    let headers = patched(json!({"customHeaders": {"X-Served-For": null, "X-B": "b"}})).custom_headers;
    assert_eq!(headers.iter().collect::<Vec<_>>(), [("X-B", "b")]);
    assert!(patched(json!({"trustedIssuers": []})).trusted_issuers.is_empty());
    let all_back: Value =
        full().as_object().expect("an object").keys().map(|key| (key.clone(), Value::Null)).collect();
    assert_eq!(patched(all_back), TenantConfig::default());
}

#[test]
fn a_patch_is_checked_as_a_config_is() {
    let refused = |patch: Value, expected: &str| {
        let error = read(full()).merge_patch(&patch).expect_err("should be refused");
        assert_eq!(error.to_string(), expected);
    };
    refused(json!(null), "expected an object, got null");
    refused(json!([]), "expected an object, got an array");
    refused(json!({"strict": true}), "strict: unknown key");
    refused(json!({"rateLimit": {"perSecond": null}}), "rateLimit.perSecond: required");
    refused(
        json!({"filter": {"maxResults": {"a": null}}}),
        "filter.maxResults: expected a whole number from 1 to 10000, got an object",
    );
}

#[test]
fn what_another_version_stored_is_read_all_the_same() {
    let stored = r#"{"strictMode":true,"madeUp":1,"bulk":{"maxOperations":5,"other":{}}}"#;
    let config: TenantConfig = serde_json::from_str(stored).expect("readable");
    assert_eq!(
        serde_json::to_value(&config).expect("JSON"),
        json!({"strictMode": true, "bulk": {"maxOperations": 5}})
    );
    let error =
        serde_json::from_str::<TenantConfig>(r#"{"bulk":{"maxOperations":"5"}}"#).expect_err("no number");
    assert!(error.to_string().starts_with("bulk.maxOperations: expected a whole number"), "{error}");
}

#[test]
fn the_rules_in_force_are_all_shown_and_read_back() {
    assert_eq!(read(full()).effective(), full());
    let default = TenantConfig::default().effective();
    assert_eq!(read(default.clone()), TenantConfig::default());
    let inherited = ["documentationUri", "logLevel", "rateLimit"];
    for key in full().as_object().expect("an object").keys() {
        assert_eq!(default.get(key).is_none(), inherited.contains(&key.as_str()), "{key}");
    }
    let limited = read(json!({"rateLimit": {"perSecond": 5}})).effective();
    assert_eq!(limited["rateLimit"], json!({"perSecond": 5, "burst": 10}));
}
