//! Every statement on a tenant's table names the tenant, in every test of this program.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Mutex, Once};

use diesel::connection::{Instrumentation, InstrumentationEvent, set_default_instrumentation};

use crate::support::{block_on, create_users, shared_store};

/// The tables whose every row belongs to a tenant.
pub(crate) const TABLES: [&str; 8] = [
    "scim_resource",
    "resource_member",
    "resource_unique_value",
    "tenant_schema",
    "tenant_resource_type",
    "tenant_credential",
    "audit_event",
    "hidden_resource",
];

/// The one statement that looks across tenants: which audit records are outdated.
const ACROSS_TENANTS: &str =
    "SELECT a.tenant_id, a.id FROM audit_event a WHERE a.at < $1 ORDER BY a.at LIMIT $2";

static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

thread_local! {
    static SENT: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

/// The statements that this thread has sent since it was asked last.
pub(crate) fn sent() -> Vec<String> {
    SENT.replace(Some(Vec::new())).unwrap_or_default()
}

/// Looks at every statement of connections that are opened from now on. One that does not name the
/// tenant fails the test that runs it.
pub(crate) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_default_instrumentation(|| Some(Box::new(Watch))).expect("statements can be watched");
    });
}

struct Watch;

impl Instrumentation for Watch {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            let statement = query.to_string();
            let statement = statement.split("-- binds:").next().unwrap_or_default().trim().to_owned();
            // Migrations make the tables.
            if statement.contains("CREATE TABLE") || statement.contains("DROP TABLE") {
                return;
            }
            if statement == ACROSS_TENANTS {
                return;
            }
            if let Err(problem) = names_the_tenant(&statement) {
                panic!("{problem}: {statement}");
            }
            SENT.with_borrow_mut(|sent| sent.as_mut().map(|sent| sent.push(statement.clone())));
            SEEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(statement);
        }
    }
}

/// Whether each mention of a tenant's table comes with a condition on its tenant.
fn names_the_tenant(statement: &str) -> Result<(), String> {
    // What is in quotes is text, not a table.
    let statement: String = statement.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    let words: Vec<&str> = statement
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | '=')))
        .filter(|word| !word.is_empty())
        .collect();
    let tenant = tenant_number(&words);
    for (index, word) in words.iter().enumerate() {
        if !TABLES.contains(word) {
            continue;
        }
        let is_insert = index > 0 && words[index - 1].eq_ignore_ascii_case("INTO");
        let after = &words[index + 1..];
        if is_insert {
            let first_column = after
                .iter()
                .find(|word| !matches!(**word, "AS" | "r" | "m" | "v" | "c" | "e" | "h"))
                .copied();
            if first_column != Some("tenant_id") {
                return Err(format!("{word} is written without tenant_id first"));
            }
            continue;
        }
        let alias = after.first().copied().unwrap_or_default();
        let condition = [format!("{alias}.tenant_id"), "=".to_owned()];
        let is_bound = words.windows(3).any(|three| {
            three[0] == condition[0] && three[1] == condition[1] && Some(three[2]) == tenant.as_deref()
        });
        if !is_bound {
            return Err(format!("{word} {alias} is read without its tenant"));
        }
    }
    Ok(())
}

/// The `$n` that is the tenant's id: that of the first condition on one.
fn tenant_number(words: &[&str]) -> Option<String> {
    let condition = words
        .windows(3)
        .find(|three| three[0].ends_with(".tenant_id") && three[1] == "=" && three[2].starts_with('$'));
    condition.map(|three| three[2].to_owned())
}

#[test]
fn a_statement_without_its_tenant_is_noticed() {
    for statement in [
        "SELECT r.id FROM scim_resource r WHERE r.id = $1",
        "SELECT r.id FROM scim_resource r WHERE r.tenant_id = $1 AND EXISTS (SELECT 1 FROM resource_member m)",
        "SELECT r.id FROM scim_resource r WHERE m.tenant_id = $1",
        "UPDATE scim_resource r SET version = 1 WHERE r.id = $1",
        "DELETE FROM resource_member m WHERE m.member_id = $1",
        "INSERT INTO resource_member AS m (group_id, tenant_id) VALUES ($1, $2)",
        "SELECT r.id FROM scim_resource r JOIN scim_resource x ON x.tenant_id = $2 WHERE r.tenant_id = $1",
    ] {
        assert!(names_the_tenant(statement).is_err(), "{statement}");
    }
    for statement in [
        "SELECT 1",
        "SELECT r.id FROM scim_resource r WHERE r.tenant_id = $1 AND r.id = $2",
        "INSERT INTO resource_member AS m (tenant_id, group_id) VALUES ($1, $2)",
    ] {
        assert_eq!(names_the_tenant(statement), Ok(()), "{statement}");
    }
}

#[test]
fn statements_are_watched() {
    block_on(async {
        let store = shared_store().await;
        let tenant = scim_ports::conformance::tenant();
        crate::support::register(&store, &[std::sync::Arc::clone(&tenant)]).await;
        create_users(&store, &tenant, ["a"]).await;
        let seen = SEEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for table in
            ["INTO scim_resource", "INTO resource_unique_value", "INTO tenant_schema", "INTO audit_event"]
        {
            assert!(seen.iter().any(|statement| statement.contains(table)), "{table}");
        }
    });
}
