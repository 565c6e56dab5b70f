//! The credentials of tenants: what each opens, for how long, and what is written down of it
//! (RFC 6750, RFC 7644 §2, §3.11).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::future::join_all;
use reqwest::Method;
use scim_domain::audit::{Actor, AuditOperation, AuditOutcome};
use scim_domain::credential::CredentialKind;
use scim_domain::identifier::{ResourceId, TenantId, Timestamp};
use scim_e2e::{Answer, Client, SECRET, TestCredential};
use scim_ports::{Clock, PasswordError, PasswordHasher};
use scim_server::adapters::{BcryptPasswords, SystemClock};
use serde_json::{Value, json};

use crate::TestApp;
use crate::bodies::{group, user};

/// How long a change may take to be seen: on PostgreSQL a notice is under way.
const SEEN_WITHIN: Duration = Duration::from_secs(1);

/// A server with the tenants `acme` and `globex`, and a credential of each that may do everything.
struct World {
    app: TestApp,
    acme: TenantId,
    globex: TenantId,
    ours: TestCredential,
    theirs: TestCredential,
}

impl World {
    async fn new() -> Self {
        Self::on(TestApp::start().await.expect("a server")).await
    }

    async fn on(app: TestApp) -> Self {
        let acme = app.create_tenant("acme").await.expect("a tenant");
        let globex = app.create_tenant("globex").await.expect("a tenant");
        let ours = app.create_credential(acme, "read write bulk").await.expect("a credential");
        let theirs = app.create_credential(globex, "read write bulk").await.expect("a credential");
        Self { app, acme, globex, ours, theirs }
    }

    /// A client of `acme` with these scopes.
    async fn with(&self, scopes: &str) -> Client {
        let credential = self.app.create_credential(self.acme, scopes).await.expect("a credential");
        self.app.bearer(&credential.token)
    }

    fn ours(&self) -> Client {
        self.app.bearer(&self.ours.token)
    }
}

/// Asks until the answer has this status, for as long as a change may take to be seen.
async fn becomes(client: &Client, path: &str, status: u16) -> Answer {
    let deadline = Instant::now() + SEEN_WITHIN;
    loop {
        let answer = client.get(path).await;
        if answer.status == status || Instant::now() > deadline {
            return answer.expect(status);
        }
    }
}

#[tokio::test]
async fn a_credential_opens_its_tenant_only() {
    let world = World::new().await;
    let (ours, theirs) = (world.ours(), world.app.bearer(&world.theirs.token));
    let id = ours.post("/Users", &user("ada")).await.expect(201).id();
    let own = [
        "/scim/v2".to_owned(),
        "/tenants/acme".to_owned(),
        "/tenants/acme/scim/v2".to_owned(),
        format!("/tenants/{}", world.acme),
    ];
    for mount in &own {
        let answer = ours.at(mount).get(&format!("/Users/{id}")).await.expect(200);
        let location = format!("http://{}{mount}/Users/{id}", world.app.address());
        assert_eq!(answer.body["meta"]["location"], location);
    }
    for mount in &own[1..] {
        theirs.at(mount).get(&format!("/Users/{id}")).await.expect_error(401, None, "token");
    }
    for mount in ["/tenants/globex", "/tenants/default", "/tenants/nobody"] {
        ours.at(mount).get("/Users").await.expect_error(401, None, "token");
    }
    theirs.get(&format!("/Users/{id}")).await.expect_error(404, None, &id);
    let listed = theirs.get("/Users").await.expect(200);
    assert_eq!(listed.body["totalResults"], 0);
    world.app.operator().get(&format!("/Users/{id}")).await.expect_error(404, None, &id);
}

#[tokio::test]
async fn the_answer_to_a_wrong_tenant_is_that_to_a_wrong_token() {
    let world = World::new().await;
    world.app.bearer(&world.theirs.token).get("/Users").await.expect(200);
    let wrong_secret = world.ours.token.replace(&world.ours.token[80..], "AAAAAAAAAAA");
    let tokens =
        [world.theirs.token.as_str(), &wrong_secret, SECRET, "nonsense", "a.signed.token", &"x".repeat(4000)];
    let mut answers = Vec::new();
    for mount in ["/tenants/acme".to_owned(), format!("/tenants/{}", world.acme), "/tenants/nobody".into()] {
        for token in tokens {
            for path in ["/Users", "/Schemas", "/Me", "/nothing"] {
                let client = world.app.bearer(token).at(&mount);
                let request = client.request(Method::GET, path).header("X-Request-Id", "same");
                let mut answer = request.send().await.expect(401);
                answer.headers.remove("date");
                answers.push((answer.headers, answer.body));
            }
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn the_operators_secret_opens_every_tenant_where_it_is_to() {
    let world = World::new().await;
    world.app.operator().at("/tenants/acme").get("/Users").await.expect_error(401, None, "token");

    let app = TestApp::builder().secret_opens_every_tenant().start().await.expect("a server");
    let world = World::on(app).await;
    let id = world.ours().post("/Users", &user("ada")).await.expect(201).id();
    let operator = world.app.operator();
    for mount in ["/tenants/acme".to_owned(), format!("/tenants/{}/scim/v2", world.acme)] {
        operator.at(&mount).get(&format!("/Users/{id}")).await.expect(200);
    }
    operator.get(&format!("/Users/{id}")).await.expect_error(404, None, &id);
    operator.at("/tenants/nobody").get("/Users").await.expect_error(401, None, "token");
}

/// What a client may do: the first letter of what it takes, or `-`, for each of the requests below.
async fn allowed(client: &Client, user_id: &str, group_id: &str) -> String {
    let search = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]});
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", "path": "externalId", "value": "x"}],
    });
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": []});
    let mut allowed = String::new();
    for (letter, method, path, body) in [
        ("r", Method::GET, "/Users".to_owned(), Value::Null),
        ("r", Method::GET, format!("/Users/{user_id}"), Value::Null),
        ("r", Method::POST, "/Users/.search".to_owned(), search.clone()),
        ("r", Method::GET, format!("/Groups/{group_id}"), Value::Null),
        ("r", Method::POST, "/.search".to_owned(), search),
        ("r", Method::GET, "/".to_owned(), Value::Null),
        ("w", Method::POST, "/Users".to_owned(), user("ada")),
        ("w", Method::PUT, format!("/Users/{user_id}"), user("babs")),
        ("w", Method::PATCH, format!("/Users/{user_id}"), patch.clone()),
        ("w", Method::DELETE, "/Users/01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09".to_owned(), Value::Null),
        ("w", Method::PATCH, format!("/Groups/{group_id}"), patch),
        ("b", Method::POST, "/Bulk".to_owned(), bulk),
        ("d", Method::GET, "/Schemas".to_owned(), Value::Null),
        ("d", Method::GET, "/ResourceTypes".to_owned(), Value::Null),
        ("d", Method::GET, "/ServiceProviderConfig".to_owned(), Value::Null),
    ] {
        let mut request = client.request(method, &path);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await;
        if answer.status == 403 {
            answer.expect_error(403, None, "scope");
        }
        assert!([200, 201, 403, 404].contains(&answer.status), "{path}: {} {}", answer.status, answer.body);
        if answer.status == 201 {
            client.delete(&format!("/Users/{}", answer.id())).await.expect(204);
        }
        allowed.push_str(if answer.status == 403 { "-" } else { letter });
    }
    allowed
}

#[tokio::test]
async fn scopes_say_what_a_credential_may_do() {
    let world = World::new().await;
    let ours = world.ours();
    let user_id = ours.post("/Users", &user("babs")).await.expect(201).id();
    let group_id = ours.post("/Groups", &group("staff", &[])).await.expect(201).id();
    for (scopes, expected) in [
        ("read write bulk", "rrrrrrwwwwwbddd"),
        ("read", "rrrrrr------ddd"),
        ("write", "------wwwww-ddd"),
        ("bulk", "-----------bddd"),
        ("discovery", "------------ddd"),
        ("read:User", "rrr-rr------ddd"),
        ("read:Group", "---rrr------ddd"),
        ("write:User", "------wwww--ddd"),
        ("write:group", "----------w-ddd"),
        ("read:Device write:Device", "------------ddd"),
        ("", "---------------"),
    ] {
        let found = allowed(&world.with(scopes).await, &user_id, &group_id).await;
        assert_eq!(found, expected, "{scopes}");
    }
}

#[tokio::test]
async fn a_query_of_all_types_shows_those_that_may_be_read() {
    let world = World::new().await;
    let ours = world.ours();
    let user_id = ours.post("/Users", &user("babs")).await.expect(201).id();
    let group_id = ours.post("/Groups", &group("staff", &[])).await.expect(201).id();
    for (scopes, expected) in [
        ("read", vec![user_id.as_str(), group_id.as_str()]),
        ("read:User", vec![user_id.as_str()]),
        ("read:Group", vec![group_id.as_str()]),
    ] {
        let answer = world.with(scopes).await.get("/").await.expect(200);
        let mut listed = answer.listed("id");
        listed.sort_unstable();
        assert_eq!(listed, expected, "{scopes}");
        assert_eq!(answer.body["totalResults"], expected.len());
    }
    let none = world.with("write").await.get("/").await;
    none.expect_error(403, None, "'read' or 'read:");
}

#[tokio::test]
async fn each_operation_of_a_bulk_request_needs_its_own_scope() {
    let world = World::new().await;
    let client = world.with("bulk write:User").await;
    let post = |bulk_id: &str, path: &str, data: Value| json!({"method": "POST", "bulkId": bulk_id, "path": path, "data": data});
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            post("u", "/Users", user("ada")),
            post("g", "/Groups", group("staff", &[])),
            post("a", "/Groups", group("a", &["bulkId:b"])),
            post("b", "/Groups", group("b", &["bulkId:a"])),
            {"method": "DELETE", "path": "/Groups/01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09"},
        ],
    });
    let answer = client.post("/Bulk", &body).await.expect(200);
    let operations = answer.body["Operations"].as_array().expect("operations");
    let statuses: Vec<&str> =
        operations.iter().filter_map(|operation| operation["status"].as_str()).collect();
    assert_eq!(statuses, ["201", "403", "403", "409", "403"]);
    let detail = operations[1]["response"]["detail"].as_str().expect("a detail");
    assert!(detail.contains("Operations[1]") && detail.contains("write:Group"), "{detail}");
    assert_eq!(world.ours().get("/").await.expect(200).body["totalResults"], 1);
}

#[tokio::test]
async fn me_is_the_subject() {
    let world = World::new().await;
    let ours = world.ours();
    let id = ours.post("/Users", &user("ada")).await.expect(201).id();
    let subject = ResourceId::parse(&id);
    let speaking = async |scopes: &str| {
        let credential = world
            .app
            .create_credential_with(world.acme, scopes, |credential| credential.subject = subject)
            .await
            .expect("a credential");
        world.app.bearer(&credential.token)
    };
    ours.get("/Me").await.expect_error(501, None, "/Me");
    for scopes in ["read", "discovery", "write:Group", "bulk"] {
        let answer = speaking(scopes).await.get("/Me").await.expect(200);
        assert_eq!(answer.id(), id, "{scopes}");
        let location = format!("{}/Users/{id}", ours.base_url());
        assert_eq!(answer.body["meta"]["location"], location);
        assert_eq!(answer.header("content-location"), location);
    }
    let reader = speaking("read").await;
    reader.put("/Me", &user("ada")).await.expect_error(403, None, "write:User");
    reader.delete("/Me").await.expect_error(403, None, "write:User");
    speaking("").await.get("/Me").await.expect_error(403, None, "scope");

    let writer = speaking("write:User").await;
    let patch = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "add", "path": "nickName", "value": "Countess"}],
    });
    assert_eq!(writer.patch("/Me", &patch).await.expect(200).body["nickName"], "Countess");
    assert_eq!(writer.put("/Me", &user("lovelace")).await.expect(200).body["userName"], "lovelace");
    writer.post("/Me", &user("x")).await.expect_error(501, None, "/Me");
    writer.delete("/Me").await.expect(204);
    writer.get("/Me").await.expect_error(404, None, &id);
}

#[tokio::test]
async fn what_has_expired_opens_nothing() {
    let world = World::new().await;
    let expiring = async |seconds: i64| {
        let now = SystemClock.now().date_time();
        let moment = match u64::try_from(seconds) {
            Ok(seconds) => now + Duration::from_secs(seconds),
            Err(_) => now - Duration::from_secs(seconds.unsigned_abs()),
        };
        let change = |credential: &mut scim_domain::credential::Credential| {
            credential.expires_at = Some(Timestamp::new(moment));
        };
        let credential = world.app.create_credential_with(world.acme, "read", change).await;
        world.app.bearer(&credential.expect("a credential").token)
    };
    expiring(3600).await.get("/Users").await.expect(200);
    expiring(-1).await.get("/Users").await.expect_error(401, None, "token");
}

#[tokio::test]
async fn a_client_of_oauth_is_no_bearer() {
    let world = World::new().await;
    let change = |credential: &mut scim_domain::credential::Credential| {
        credential.kind = CredentialKind::OauthClient;
    };
    let client = world.app.create_credential_with(world.acme, "read", change).await.expect("a credential");
    world.app.bearer(&client.token).get("/Users").await.expect_error(401, None, "token");
}

#[tokio::test]
async fn a_revoked_credential_is_refused_at_once() {
    let world = World::new().await;
    let other = world.with("read").await;
    for client in [&world.ours(), &other] {
        client.get("/Users").await.expect(200);
    }
    world.app.revoke(&world.ours).await.expect("revoked");
    becomes(&world.ours(), "/Users", 401).await.expect_error(401, None, "token");
    other.get("/Users").await.expect(200);
}

#[tokio::test]
async fn a_tenant_that_is_not_active_answers_403() {
    let world = World::new().await;
    world.ours().get("/Users").await.expect(200);
    world.app.deactivate_tenant(world.acme).await.expect("deactivated");
    becomes(&world.ours(), "/Users", 403).await.expect_error(403, None, "not active");
    world.ours().get("/Schemas").await.expect_error(403, None, "not active");
    world.app.bearer(&world.theirs.token).get("/Users").await.expect(200);
    world.app.bearer(&world.theirs.token).at("/tenants/acme").get("/Users").await.expect(401);
}

#[tokio::test]
async fn refusals_are_in_the_audit_log_of_the_tenant() {
    let world = World::new().await;
    let intruder = world.app.bearer(&world.theirs.token).at("/tenants/acme");
    let request = intruder.request(Method::GET, "/Users").header("X-Request-Id", "intruder-1");
    request.send().await.expect(401);
    let wrong = format!("{}AAAAAAAAAAA", &world.ours.token[..80]);
    world.app.bearer(&wrong).get("/Users").await.expect(401);

    let refusals = async |tenant: TenantId| {
        let log = world.app.audit_log(tenant).await.expect("a log");
        let refused = log.into_iter().filter(|event| event.operation == AuditOperation::Authenticate);
        refused.collect::<Vec<_>>()
    };
    let told = refusals(world.acme).await;
    let [newer, older] = told.as_slice() else { panic!("two records: {told:?}") };
    assert_eq!(older.origin.actor, Actor::Unknown { credential: None }, "another tenant's is not told");
    assert_eq!(older.origin.request_id, "intruder-1");
    assert_eq!(newer.origin.actor, Actor::Unknown { credential: Some(world.ours.id) });
    for event in &told {
        assert_eq!((event.outcome, event.occurrences), (AuditOutcome::Refused, 1));
        assert!(event.origin.client_address.is_some_and(|address| address.is_loopback()));
        let record = event.to_json().to_string();
        assert!(!record.contains(&wrong) && !record.contains("scim_"), "{record}");
    }
    assert!(refusals(world.globex).await.is_empty());
}

#[tokio::test]
async fn what_a_credential_does_is_its_own_in_the_audit_log() {
    let world = World::new().await;
    let id = world.ours().post("/Users", &user("ada")).await.expect(201).id();
    let log = world.app.audit_log(world.acme).await.expect("a log");
    let is_it =
        |event: &&scim_domain::audit::AuditEvent| event.target.as_ref().is_some_and(|target| target.id == id);
    let event = log.iter().find(is_it).expect("a record of the user");
    assert_eq!(event.origin.actor, Actor::Credential { id: world.ours.id, subject: None });
    let used = world.app.credential(&world.ours).await.expect("stored").last_used_at;
    assert!(used.is_some_and(|used| used <= SystemClock.now()));
}

/// Counts the secrets that are verified.
struct Counting {
    passwords: BcryptPasswords,
    verified: AtomicUsize,
}

#[async_trait]
impl PasswordHasher for Counting {
    async fn password_hash(&self, password: &str) -> Result<String, PasswordError> {
        self.passwords.password_hash(password).await
    }

    async fn password_verify(&self, password: &str, hash: &str) -> Result<bool, PasswordError> {
        self.verified.fetch_add(1, Ordering::SeqCst);
        self.passwords.password_verify(password, hash).await
    }
}

#[tokio::test]
async fn a_token_is_hashed_once() {
    let passwords = Arc::new(Counting { passwords: BcryptPasswords::new(4), verified: AtomicUsize::new(0) });
    let app = TestApp::builder().passwords(passwords.clone()).start().await.expect("a server");
    let world = World::on(app).await;
    let ours = world.ours();
    let answers = join_all((0..50).map(|_| ours.get("/Users"))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    for mount in ["/tenants/acme", "/scim/v2"] {
        ours.at(mount).get("/Users").await.expect(200);
    }
    assert_eq!(passwords.verified.load(Ordering::SeqCst), 1);

    // Those of another tenant, and of no credential, are never hashed.
    let unknown = format!("{}AAAA{}", &world.ours.token[..40], &world.ours.token[44..]);
    for token in [&world.theirs.token, &unknown] {
        world.app.bearer(token).at("/tenants/acme").get("/Users").await.expect(401);
    }
    assert_eq!(passwords.verified.load(Ordering::SeqCst), 1);

    // Of many wrong ones a few are.
    let wrong: Vec<Client> = (0..100)
        .map(|number| world.app.bearer(&format!("{}{number:04}AAAAAAA", &world.ours.token[..80])))
        .collect();
    let answers = join_all(wrong.iter().map(|client| client.get("/Users"))).await;
    assert!(answers.iter().all(|answer| answer.status == 401));
    assert_eq!(passwords.verified.load(Ordering::SeqCst), 6);
    ours.get("/Users").await.expect(200);
}
