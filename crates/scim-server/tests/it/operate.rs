//! `scim-server tenant …` and `scim-server credential …` against a running server.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::process::{ServerProcess, run, shell, text};

/// A shell that knows where the server is, and the operator's secret.
struct Operator {
    server: ServerProcess,
    port: String,
}

impl Operator {
    fn new() -> Self {
        let server = ServerProcess::start();
        let port = server.port();
        Self { server, port }
    }

    fn variables(&self) -> [(&str, &str); 2] {
        [("SERVER_PORT", &self.port), ("SCIM_SHARED_SECRET", self.server.secret())]
    }

    /// What a command prints that succeeds.
    #[track_caller]
    fn printed(&self, arguments: &[&str]) -> String {
        let output = run(arguments, &self.variables());
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {told}");
        assert!(told.is_empty(), "{arguments:?}: {told}");
        text(&output.stdout)
    }

    /// The same as JSON.
    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let printed = self.printed(&[arguments, &["--json"]].concat());
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
    }

    /// The items of a list.
    #[track_caller]
    fn items(&self, arguments: &[&str]) -> Vec<Value> {
        self.json(arguments)["items"].as_array().expect("a list").clone()
    }

    #[track_caller]
    fn refused(&self, arguments: &[&str], detail: &str) {
        check_refused(arguments, &self.variables(), detail);
    }

    /// The status of a request for the users of the token's tenant.
    fn users(&self, token: &str) -> String {
        let curl =
            "curl -s -o /dev/null -w '%{http_code}' -H \"Authorization: Bearer $TOKEN\" \"$SCIM/Users\"";
        shell(curl, &[("SCIM", self.server.base_url()), ("TOKEN", token)])
    }
}

#[track_caller]
fn check_refused(arguments: &[&str], variables: &[(&str, &str)], detail: &str) {
    let output = run(arguments, variables);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
    assert_eq!(told.lines().count(), 1, "{arguments:?}: {told}");
    assert!(told.starts_with(&format!("scim-server: {detail}")), "{arguments:?}: {told}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
}

/// The member of this name, which is text.
#[track_caller]
fn member(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

#[test]
fn a_tenant_is_created_changed_and_deleted() {
    let operator = Operator::new();
    let create = ["tenant", "create", "acme", "--display-name", "Acme Ltd", "--preset", "okta"];
    let created = operator.json(&[&create[..], &["--set", "strictMode=true", "--inactive"]].concat());
    assert_eq!(
        (&created["slug"], &created["displayName"], &created["preset"], &created["active"]),
        (&json!("acme"), &json!("Acme Ltd"), &json!("okta"), &json!(false))
    );
    assert_eq!(created["config"]["strictMode"], true);
    let id = member(&created, "id");

    let update = ["tenant", "update", &id, "--active", "true", "--slug", "acme-2"];
    let changes = ["--set", "bulk.maxOperations=10", "--unset", "strictMode"];
    let updated = operator.json(&[&update[..], &changes].concat());
    assert_eq!((&updated["slug"], &updated["active"]), (&json!("acme-2"), &json!(true)));
    assert_eq!(
        (&updated["config"]["bulk"]["maxOperations"], &updated["config"]["strictMode"]),
        (&json!(10), &json!(false))
    );
    assert_eq!(updated["displayName"], "Acme Ltd", "what is not named stays");
    assert_eq!(operator.json(&["tenant", "show", "acme-2"]), updated);

    let slugs: Vec<Value> =
        operator.items(&["tenant", "list"]).iter().map(|tenant| tenant["slug"].clone()).collect();
    assert_eq!(slugs.len(), 2);
    assert!(slugs.contains(&json!("default")) && slugs.contains(&json!("acme-2")), "{slugs:?}");

    assert_eq!(operator.json(&["tenant", "delete", &id, "--yes"]), json!({"deleted": id}));
    operator.refused(&["tenant", "show", &id], &format!("there is no tenant '{id}'"));
}

#[test]
fn a_credential_opens_its_tenant_until_it_is_rotated_out_or_revoked() {
    let operator = Operator::new();
    operator.printed(&["tenant", "create", "acme"]);
    let create = ["credential", "create", "acme", "--label", "HR", "--scope", "read,write:User"];
    let created = operator.json(&[&create[..], &["--expires-at", "2099-01-31T12:00:00Z"]].concat());
    assert_eq!(created["scopes"], json!(["read", "write:User"]));
    assert_eq!(created["expiresAt"], "2099-01-31T12:00:00Z");
    let (id, first) = (member(&created, "id"), member(&created, "token"));
    assert_eq!(operator.users(&first), "200");

    let rotate = ["credential", "rotate", "acme", &id];
    let rotated = operator.json(&[&rotate[..], &["--grace-seconds", "3600"]].concat());
    let second = member(&rotated, "token");
    assert_ne!(first, second);
    assert!(rotated["previousExpiresAt"].is_string(), "{rotated}");
    assert_eq!((operator.users(&first), operator.users(&second)), ("200".to_owned(), "200".to_owned()));
    let third = member(&operator.json(&rotate), "token");
    assert_eq!((operator.users(&second), operator.users(&third)), ("401".to_owned(), "200".to_owned()));

    let list = operator.printed(&["credential", "list", "acme"]);
    assert!(list.starts_with("ID ") && list.lines().count() == 2, "{list}");
    assert!(list.contains(&id) && list.contains("read write:User"), "{list}");
    for token in [&first, &second, &third] {
        assert!(!list.contains(token.as_str()), "a token is shown once");
    }
    assert_eq!(
        operator.printed(&["credential", "revoke", "acme", &id]),
        format!("credential '{id}' is revoked\n")
    );
    assert_eq!(operator.users(&third), "401");
    assert!(operator.items(&["credential", "list", "acme"]).is_empty());

    let client = operator.json(&["credential", "create", "acme", "--type", "oauth_client"]);
    assert!(client["clientId"].is_string() && client["clientSecret"].is_string(), "{client}");
}

#[test]
fn a_subject_is_named_as_people_name_it() {
    let operator = Operator::new();
    shell(&operator.server.curl_line, &[]);
    let create = ["credential", "create", "default", "--subject"];
    let created = operator.json(&[&create[..], &["ada@example.com"]].concat());
    assert!(created["subject"].is_string(), "{created}");
    operator
        .refused(&[&create[..], &["nobody"]].concat(), "subject: there is no user with the id or userName");
}

#[test]
fn people_read_lines() {
    let operator = Operator::new();
    let created = operator.printed(&["tenant", "create", "acme", "--display-name", "Acme Ltd"]);
    let value = |name: &str| {
        let line = created.lines().find(|line| line.split(' ').next() == Some(name));
        line.map(|line| line.trim_start_matches(name).trim_start().to_owned())
    };
    assert_eq!(value("displayName").as_deref(), Some("Acme Ltd"), "{created}");
    assert_eq!(value("config.strictMode").as_deref(), Some("false"), "{created}");
    assert!(value("config.bulk.maxOperations").is_some(), "{created}");
    let list = operator.printed(&["tenant", "list"]);
    assert!(list.starts_with("SLUG ") && list.contains("\nacme "), "{list}");
    assert_eq!(operator.printed(&["tenant", "delete", "acme", "--yes"]), "tenant 'acme' is deleted\n");
}

#[test]
fn a_list_goes_on_beyond_a_page() {
    let operator = Operator::new();
    let script = r#"for number in $(seq 1 210); do
        printf 'next\nurl = "%s/admin/tenants"\ndata = "{\\"slug\\":\\"t%s\\"}"\n' "$BASE" "$number"
        printf 'header = "Authorization: Bearer %s"\nheader = "Content-Type: application/json"\n' "$TOKEN"
        printf 'silent\nfail\noutput = "/dev/null"\n'
    done | curl -K -"#;
    let base = operator.server.base_url().trim_end_matches("/scim/v2");
    shell(script, &[("BASE", base), ("TOKEN", operator.server.secret())]);
    assert_eq!(operator.items(&["tenant", "list"]).len(), 211);
    assert_eq!(operator.printed(&["tenant", "list"]).lines().count(), 212);
}

#[test]
fn a_refusal_is_one_line_and_ends_with_1() {
    let operator = Operator::new();
    operator.refused(&["tenant", "show", "acme"], "there is no tenant 'acme'");
    operator.refused(&["credential", "list", "acme"], "there is no tenant 'acme'");
    operator.refused(&["credential", "create", "acme"], "there is no tenant 'acme'");
    operator.refused(&["credential", "revoke", "default", "x"], "there is no credential 'x' of this tenant");
    operator.refused(&["credential", "revoke", "default", ".."], "there is no tenant and no credential '..'");
    operator.refused(&["tenant", "create", "default"], "slug: 'default' is the slug of another tenant");
    operator.refused(&["tenant", "create", "acme", "--preset", "x"], "preset: expected one of 'rfc'");
    operator.refused(&["tenant", "update", "default", "--set", "strict=true"], "config.strict");
    operator.refused(&["tenant", "update", "default", "--set", "a=1", "--set", "a=2"], "a: given twice");
    operator.refused(&["tenant", "delete", "default", "--yes"], "the tenant 'default' cannot be deleted");
    operator.refused(&["credential", "create", "default", "--scope", "all"], "scopes: 'all' is none");
    operator.refused(&["tenant", "list", "--direct"], "--direct: there is no database; set DATABASE_URL");
    for incomplete in [
        &["tenant", "delete", "acme"][..],
        &["tenant", "update", "acme"],
        &["tenant", "update", "acme", "--set", "strictMode"],
        &["tenant", "list", "--direct", "--url", "http://127.0.0.1"],
    ] {
        let output = run(incomplete, &operator.variables());
        assert_eq!(output.status.code(), Some(2), "{incomplete:?}: {}", text(&output.stderr));
    }
}

#[test]
fn only_the_operator_is_let_in() {
    let operator = Operator::new();
    let list = ["tenant", "list"];
    let port = ("SERVER_PORT", operator.port.as_str());
    let wrong = ("SCIM_SHARED_SECRET", "0123456789abcdef0123456789abcdef");
    check_refused(&list, &[port, wrong], "the bearer token is not the operator's secret");
    check_refused(&list, &[port], "SCIM_SHARED_SECRET: not set");
}

#[test]
fn a_server_is_named_by_its_url() {
    let operator = Operator::new();
    let base = operator.server.base_url().trim_end_matches("/scim/v2").to_owned();
    let secret = [("SCIM_SHARED_SECRET", operator.server.secret())];
    for url in [base.clone(), format!("{base}/")] {
        let output = run(&["tenant", "--url", &url, "list"], &secret);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    let place = ["tenant", "list", "--url"];
    let scim = operator.server.base_url();
    check_refused(
        &[&place[..], &[scim]].concat(),
        &secret,
        &format!("{scim} answers 404 Not Found, and not as the admin API"),
    );
    for wrong in ["", "x", "ftp://x", "http://x/?a=b"] {
        check_refused(&[&place[..], &[wrong]].concat(), &secret, "--url: expected an http or https URL");
    }
    check_refused(&["tenant", "list", "--server-port", "0"], &secret, "SERVER_PORT: 0 may be any");
}

#[test]
fn a_server_that_is_not_there_is_one_clear_line() {
    let port = TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("an address").port();
    let port = port.to_string();
    let variables =
        [("SERVER_PORT", port.as_str()), ("SCIM_SHARED_SECRET", "0123456789abcdef0123456789abcdef")];
    check_refused(&["tenant", "list"], &variables, &format!("no answer from http://127.0.0.1:{port}: "));
}
