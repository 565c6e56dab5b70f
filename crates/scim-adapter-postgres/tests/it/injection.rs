//! Values that look like something else: SQL, patterns, JSON, paths in JSON.

use std::sync::Arc;

use scim_ports::ResourceRepository;
use scim_ports::conformance::tenant;

use crate::support::{block_on, create_users, register, search, shared_store};

const HOSTILE: [&str; 16] = [
    "'; DROP TABLE scim_resource; --",
    "' OR '1'='1",
    "$1",
    "$$; SELECT pg_sleep(10); $$",
    "x') OR TRUE OR ('",
    "100%",
    "a_c",
    "back\\slash\\",
    "E'\\x27'",
    "\\\"quoted\\\" in JSON",
    "\") ? (true) || (\"",
    "$.\"emails\"[*] ? (@ == \"x\")",
    "{\"v\": {}}",
    "[]; --",
    "U&'\\0027'",
    "/* comment */ {{braces}} :named ?",
];

/// Each is found by each operator that it matches by, and finds nobody else.
#[test]
fn what_looks_like_sql_is_a_value() {
    block_on(async {
        let store = shared_store().await;
        let tenant = tenant();
        register(&store, &[Arc::clone(&tenant)]).await;
        let created = create_users(&store, &tenant, HOSTILE).await;
        create_users(&store, &tenant, ["abc", "1000", "nobody"]).await;
        let users = tenant.schema.resource_type("User").expect("User");
        let resources = store.resources();
        for (user, hostile) in created.iter().zip(HOSTILE) {
            let quoted = serde_json::Value::from(hostile).to_string();
            for operator in ["eq", "co", "sw", "ew"] {
                let filter = format!("userName {operator} {quoted}");
                let page = resources.resource_search(&tenant, &search(users, &filter)).await;
                let found: Vec<_> =
                    page.expect("the store answers").resources.into_iter().map(|found| found.id).collect();
                assert_eq!(found, [user.id], "{filter}");
            }
            for filter in [
                format!("emails[type eq {quoted} and value co {quoted}]"),
                format!("name.familyName gt {quoted} and not (title ne {quoted})"),
                format!("groups.display sw {quoted}"),
                format!("id eq {quoted}"),
                format!("meta.version ew {quoted}"),
                format!("schemas co {quoted}"),
            ] {
                let page = resources.resource_search(&tenant, &search(users, &filter)).await;
                assert_eq!(page.expect("the store answers").total_results, 0, "{filter}");
            }
        }
        let everybody = resources.resource_search(&tenant, &search(users, "userName pr")).await;
        assert_eq!(everybody.expect("the store answers").total_results, HOSTILE.len() + 3);
    });
}
