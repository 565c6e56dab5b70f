//! Tokens and what becomes of them, over small ports.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use scim_domain::audit::AuditEvent;
use scim_domain::credential::{PreviousSecret, Secret};
use scim_domain::scope::Access;
use uuid::Uuid;

use super::*;
use crate::testing::{
    TestAudit, TestClock, TestCredentials, TestIds, TestPasswords, TestTenants, at, settle, tenant,
};

const OPERATOR: &str = "the-operator-secret-of-the-tests";

struct World {
    tenants: Arc<TestTenants>,
    credentials: Arc<TestCredentials>,
    passwords: Arc<TestPasswords>,
    audit: Arc<TestAudit>,
    clock: Arc<TestClock>,
    authentication: Arc<Authentication>,
}

/// A world with the tenants `default` (1), `acme` (2) and `globex` (3).
fn world_with(opens_every_tenant: bool, tokens: Option<Arc<dyn TokenVerifier>>) -> World {
    let tenants = Arc::new(TestTenants::default());
    for (number, slug) in [(1, "default"), (2, "acme"), (3, "globex")] {
        tenants.put(tenant(number, slug));
    }
    let clock = Arc::new(TestClock::new());
    let directory = Arc::new(TenantDirectory::new(tenants.clone(), clock.clone()));
    directory.connected(true);
    let credentials = Arc::new(TestCredentials::default());
    let (passwords, audit) = (Arc::new(TestPasswords::new()), Arc::new(TestAudit::default()));
    let operator = OperatorAccess { secret: OPERATOR.into(), tenant: "default".into(), opens_every_tenant };
    let authentication = Arc::new(Authentication::new(AuthenticationPorts {
        operator,
        tenants: directory,
        credentials: credentials.clone(),
        audit: audit.clone(),
        tokens,
        passwords: passwords.clone(),
        clock: clock.clone(),
        ids: Arc::new(TestIds::default()),
        observer: Arc::new(scim_ports::Unobserved),
    }));
    authentication.connected(true);
    World { tenants, credentials, passwords, audit, clock, authentication }
}

fn world() -> World {
    world_with(false, None)
}

fn tenant_id(number: u128) -> TenantId {
    TenantId::new(Uuid::from_u128(number))
}

/// A token of credential `credential` of tenant `tenant`.
fn token(tenant: u128, credential: u128, secret: u8) -> BearerToken {
    BearerToken {
        tenant: tenant_id(tenant),
        credential: CredentialId::new(Uuid::from_u128(credential)),
        secret: Secret::new([secret; 32]),
    }
}

fn hash(token: &BearerToken) -> String {
    TestPasswords::hash("salt", &token.secret.text())
}

fn credential(token: &BearerToken) -> Credential {
    Credential {
        id: token.credential,
        tenant: token.tenant,
        kind: CredentialKind::Bearer,
        label: "test".into(),
        scopes: Scopes::parse(["read"]).expect("scopes"),
        subject: None,
        expires_at: None,
        created_at: at(0),
        last_used_at: None,
        secret_hash: hash(token),
        previous: None,
    }
}

/// `/scim/v2`, where the name is empty; else `/tenants/{name}`.
fn mount(name: &str) -> Mount {
    if name.is_empty() { Mount::Credential } else { Mount::Tenant(name.to_owned()) }
}

impl World {
    /// A credential that is stored, and its token.
    fn stored(&self, tenant: u128, id: u128) -> BearerToken {
        let token = token(tenant, id, 1);
        self.credentials.put(credential(&token));
        token
    }

    fn changed(&self, token: &BearerToken) {
        self.authentication.changed(ChangeNotice::Credential(token.tenant, token.credential));
    }

    async fn try_from(&self, host: u8, name: &str, token: Option<&str>) -> Result<Principal, ServiceError> {
        let client_address = Some(IpAddr::from([192, 0, 2, host]));
        let attempt = Attempt { mount: &mount(name), token, request_id: "request", client_address };
        self.authentication.authenticate(attempt).await
    }

    async fn opens(&self, name: &str, token: &BearerToken) -> bool {
        self.outcome(name, &token.text()).await.is_some()
    }

    /// The slug of the tenant that was opened; `None` for the one 401 that there is for tokens.
    async fn outcome(&self, name: &str, token: &str) -> Option<String> {
        match self.try_from(1, name, Some(token)).await {
            Ok(principal) => Some(principal.tenant.slug.clone()),
            Err(ServiceError { error, retry_after: None, cause: None }) => {
                assert_eq!(error.kind, ErrorKind::Unauthorized);
                assert_eq!(error.detail, "the bearer token is not one that opens this tenant");
                None
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    async fn recorded(&self) -> Vec<AuditEvent> {
        self.authentication.flush_refusals().await.expect("written");
        self.audit.events()
    }
}

#[tokio::test]
async fn the_operator_opens_one_tenant_or_all() {
    for (opens_every_tenant, name, expected) in [
        (false, "", Some("default")),
        (false, "default", Some("default")),
        (false, "00000000-0000-0000-0000-000000000001", Some("default")),
        (false, "acme", None),
        (false, "00000000-0000-0000-0000-000000000002", None),
        (false, "nobody", None),
        (true, "", Some("default")),
        (true, "acme", Some("acme")),
        (true, "00000000-0000-0000-0000-000000000002", Some("acme")),
        (true, "nobody", None),
    ] {
        let world = world_with(opens_every_tenant, None);
        assert_eq!(world.outcome(name, OPERATOR).await.as_deref(), expected, "{name}");
        assert_eq!(world.outcome(name, &OPERATOR[1..]).await, None);
    }
}

#[tokio::test]
async fn a_secret_of_the_operator_that_looks_like_a_token_works() {
    let world = world();
    let secret = token(2, 9, 9).text();
    let access = OperatorAccess { secret: secret.clone(), tenant: "x".into(), opens_every_tenant: false };
    let operator = Operator::new(access);
    assert!(operator.looks_like_ours && operator.key.is(&secret));
    assert!(!operator.key.is(&token(2, 9, 8).text()));
    assert!(!world.authentication.operator.looks_like_ours);
}

#[tokio::test]
async fn without_a_token_the_answer_says_so() {
    let error = world().try_from(1, "", None).await.expect_err("refused").error;
    assert_eq!((error.kind, error.detail.as_str()), (ErrorKind::Unauthorized, "a bearer token is required"));
}

#[tokio::test]
async fn a_credential_opens_its_own_tenant_only() {
    let world = world();
    let token = world.stored(2, 7);
    for name in ["", "acme", "00000000-0000-0000-0000-000000000002"] {
        let principal = world.try_from(1, name, Some(&token.text())).await.expect("let in");
        assert_eq!(principal.tenant.slug, "acme");
        assert_eq!(principal.actor, Actor::Credential { id: token.credential, subject: None });
        assert_eq!(principal.scopes.to_string(), "read");
    }
    for name in ["default", "globex", "00000000-0000-0000-0000-000000000003", "ACME", "nobody"] {
        assert!(!world.opens(name, &token).await, "{name}");
    }
}

#[tokio::test]
async fn a_token_of_another_tenant_costs_what_an_unknown_one_costs() {
    let world = world();
    let (stored, unknown, own) = (world.stored(3, 7), token(2, 8, 1), world.stored(2, 9));
    assert!(world.opens("", &own).await && world.opens("", &stored).await);
    for seconds in [0, 60, 60] {
        world.clock.advance(seconds);
        world.opens("acme", &own).await;
        let mut costs = Vec::new();
        for token in [&unknown, &stored, &token(3, 7, 5), &token(3, 10, 5)] {
            world.changed(token);
            let before = (world.credentials.read(), world.passwords.verified());
            assert!(!world.opens("acme", token).await);
            costs.push((world.credentials.read() - before.0, world.passwords.verified() - before.1));
        }
        assert_eq!(costs, [(1, 0); 4]);
    }
    let asked = world.tenants.asked();
    world.opens("globex", &own).await;
    world.opens("nobody", &own).await;
    assert_eq!(world.tenants.asked(), asked, "whether the mount's tenant is there is not looked up");
}

#[tokio::test]
async fn a_secret_is_hashed_once() {
    let world = world();
    let token = world.stored(2, 7);
    for _ in 0..10 {
        assert!(world.opens("", &token).await);
    }
    assert_eq!((world.passwords.verified(), world.credentials.read()), (1, 1));
    world.clock.advance(60);
    assert!(world.opens("", &token).await);
    assert_eq!((world.passwords.verified(), world.credentials.read()), (1, 2));
    world.changed(&token);
    world.authentication.connected(false);
    assert!(world.opens("", &token).await);
    world.clock.advance(1);
    assert!(world.opens("", &token).await);
    assert_eq!((world.passwords.verified(), world.credentials.read()), (1, 4));
}

#[tokio::test]
async fn first_uses_at_once_hash_once() {
    let world = world();
    let token = world.stored(2, 7);
    world.passwords.shut();
    let uses = futures_util::future::join_all((0..20).map(|_| world.opens("", &token)));
    let open = async {
        settle().await;
        world.passwords.open();
    };
    let (let_in, ()) = tokio::join!(uses, open);
    assert_eq!(let_in, [true; 20]);
    assert_eq!(world.passwords.verified(), 1);
}

#[tokio::test]
async fn a_revoked_credential_is_refused_at_once() {
    let world = world();
    let token = world.stored(2, 7);
    assert!(world.opens("", &token).await);
    world.credentials.remove(token.credential);
    world.changed(&token);
    assert!(!world.opens("", &token).await);
}

#[tokio::test]
async fn without_notices_a_revoked_credential_is_refused_in_a_second() {
    let world = world();
    let token = world.stored(2, 7);
    world.authentication.connected(false);
    assert!(world.opens("", &token).await);
    world.credentials.remove(token.credential);
    world.clock.advance(1);
    assert!(!world.opens("", &token).await);
}

#[tokio::test]
async fn a_credential_that_is_revoked_while_it_is_verified_is_refused() {
    let world = world();
    let token = world.stored(2, 7);
    world.passwords.shut();
    let revoke = async {
        settle().await;
        world.credentials.remove(token.credential);
        world.changed(&token);
        world.passwords.open();
    };
    let (is_let_in, ()) = tokio::join!(world.opens("", &token), revoke);
    assert!(!is_let_in);
}

#[tokio::test]
async fn what_expires_is_refused_from_then_on() {
    let world = world();
    let token = token(2, 7, 1);
    world.credentials.put(Credential { expires_at: Some(at(10)), ..credential(&token) });
    world.clock.advance(9);
    assert!(world.opens("", &token).await);
    world.clock.advance(1);
    assert!(!world.opens("", &token).await);
}

#[tokio::test]
async fn a_rotated_secret_lives_on_for_a_while() {
    let world = world();
    let (old, new) = (world.stored(2, 7), token(2, 7, 2));
    assert!(world.opens("", &old).await && !world.opens("", &new).await);
    let previous = PreviousSecret { secret_hash: hash(&old), expires_at: at(20) };
    world.credentials.put(Credential { previous: Some(previous), ..credential(&new) });
    world.changed(&old);
    assert!(world.opens("", &old).await && world.opens("", &new).await);
    assert_eq!(world.passwords.verified(), 3, "old, new against the hash of old, new");
    world.clock.advance(20);
    assert!(!world.opens("", &old).await && world.opens("", &new).await);
    assert_eq!(world.passwords.verified(), 4, "old against the hash of new");
}

#[tokio::test]
async fn a_client_of_oauth_is_no_bearer() {
    let world = world();
    let token = token(2, 7, 1);
    world.credentials.put(Credential { kind: CredentialKind::OauthClient, ..credential(&token) });
    assert!(!world.opens("", &token).await);
    assert_eq!(world.passwords.verified(), 0);
}

#[tokio::test]
async fn an_unknown_credential_is_refused_unhashed() {
    let world = world();
    for secret in 0..100 {
        assert!(!world.opens("", &token(2, 7, secret)).await);
        assert!(!world.opens("", &token(99, 7, secret)).await);
    }
    assert_eq!((world.passwords.verified(), world.credentials.read()), (0, 1));
    for text in ["", "x", "scim_", "a.b.c", "Bearer"] {
        assert_eq!(world.outcome("", text).await, None);
    }
}

#[tokio::test]
async fn wrong_secrets_are_hashed_only_so_often() {
    let world = world();
    let right = world.stored(2, 7);
    for _ in 0..10 {
        assert!(!world.opens("", &token(2, 7, 100)).await);
    }
    assert_eq!(world.passwords.verified(), 1, "the same wrong token is hashed once");
    for secret in 101..200 {
        assert!(!world.opens("", &token(2, 7, secret)).await);
    }
    assert_eq!(world.passwords.verified(), 5);
    assert!(world.try_from(2, "", Some(&right.text())).await.is_ok(), "another client is let in");
    assert!(world.opens("", &right).await, "what is known to be right is not held up");
    world.clock.advance(10);
    assert!(!world.opens("", &token(2, 7, 200)).await);
    assert_eq!(world.passwords.verified(), 7);
}

#[tokio::test]
async fn who_is_limited_is_told_what_everybody_is_told() {
    let world = world();
    let right = world.stored(2, 7);
    for secret in 100..200 {
        assert!(!world.opens("", &token(2, 7, secret)).await);
    }
    assert!(!world.opens("", &right).await, "a token that was not seen before is not looked at");
    world.clock.advance(10);
    assert!(world.opens("", &right).await);
}

#[tokio::test]
async fn without_capacity_the_client_is_asked_to_come_back() {
    let world = world();
    let token = world.stored(2, 7);
    world.passwords.be_busy(true);
    for _ in 0..100 {
        let error = world.try_from(1, "", Some(&token.text())).await.expect_err("busy");
        assert_eq!((error.error.kind, error.retry_after), (ErrorKind::Unavailable, Some(1)));
    }
    world.passwords.be_busy(false);
    assert!(world.opens("", &token).await, "it was not this client's fault");
}

#[tokio::test]
async fn where_the_stores_are_out_of_reach_the_answer_is_503() {
    let world = world();
    let token = world.stored(2, 7);
    world.credentials.fail(true);
    let error = world.try_from(1, "", Some(&token.text())).await.expect_err("failed");
    assert_eq!(error.error.kind, ErrorKind::Unavailable);
    world.tenants.fail(true);
    let error = world.try_from(1, "", Some(OPERATOR)).await.expect_err("failed");
    assert_eq!(error.error.kind, ErrorKind::Unavailable);
    assert!(world.recorded().await.is_empty());
}

#[tokio::test]
async fn a_subject_is_a_user_of_the_tenant() {
    let world = world();
    let token = token(2, 7, 1);
    let id = ResourceId::new(Uuid::from_u128(77));
    world.credentials.put(Credential { subject: Some(id), ..credential(&token) });
    let principal = world.try_from(1, "", Some(&token.text())).await.expect("let in");
    let subject = principal.subject.expect("a subject");
    assert_eq!((subject.id, subject.resource_type.name()), (id, "User"));
    assert_eq!(principal.actor.subject(), Some(id));
}

#[tokio::test]
async fn refusals_are_recorded_where_they_belong() {
    let world = world();
    let token = world.stored(2, 7);
    world.opens("acme", &self::token(2, 7, 9)).await;
    world.opens("", &self::token(2, 8, 9)).await;
    world.opens("globex", &token).await;
    world.outcome("globex", "nonsense").await;
    world.try_from(1, "acme", None).await.expect_err("refused");
    let placeless = ["nonsense", &self::token(99, 7, 1).text()].map(str::to_owned);
    for text in &placeless {
        world.outcome("", text).await;
        world.outcome("nobody", text).await;
        world.outcome(&"x".repeat(10_000), text).await;
    }
    let recorded: Vec<_> =
        world.recorded().await.iter().map(|event| (event.tenant, event.origin.actor.credential())).collect();
    let named = |number| Some(CredentialId::new(Uuid::from_u128(number)));
    let (acme, globex) = (tenant_id(2), tenant_id(3));
    assert_eq!(
        recorded,
        [(acme, named(7)), (acme, named(8)), (globex, None), (globex, None), (acme, None)],
        "no tenant is told of another's credentials"
    );
}

#[tokio::test]
async fn uses_are_written_down() {
    let world = world();
    let (token, refused) = (world.stored(2, 7), token(2, 7, 9));
    world.clock.advance(3);
    assert!(world.opens("", &token).await && !world.opens("", &refused).await);
    world.authentication.flush_uses().await.expect("written");
    assert_eq!(world.credentials.uses(), [(tenant_id(2), token.credential, at(3))]);
}

/// Takes `good.tenant.client` for a token that client `client` got for tenant `tenant`.
struct TestVerifier(AtomicUsize);

#[async_trait]
impl TokenVerifier for TestVerifier {
    async fn token_verify(
        &self,
        token: &str,
        _: &Mount,
        _: &TenantDirectory,
    ) -> Result<VerifiedToken, TokenRefusal> {
        self.0.fetch_add(1, Ordering::SeqCst);
        let parts: Vec<&str> = token.split('.').collect();
        let number = |place: usize| parts[place].parse::<u128>().ok();
        let tenant = tenant_id(number(1).expect("a number"));
        let client = number(2).map(|number| CredentialId::new(Uuid::from_u128(number)));
        match parts[0] {
            "good" => Ok(VerifiedToken {
                tenant,
                actor: Actor::Issuer { issuer: "https://idp".into(), name: None, subject: None },
                scopes: Scopes::default(),
                subject: None,
                expires_at: at(100),
                client,
            }),
            "down" => Err(TokenRefusal::Failed(ServiceError::unavailable("no keys", None))),
            _ => Err(TokenRefusal::Refused { tenant: Some(tenant), credential: client }),
        }
    }
}

#[tokio::test]
async fn signed_tokens_are_somebody_elses_to_read() {
    let verifier = Arc::new(TestVerifier(AtomicUsize::new(0)));
    let world = world_with(false, Some(verifier.clone()));
    let client = token(2, 7, 1);
    let registered = Credential { kind: CredentialKind::OauthClient, ..credential(&client) };
    world.credentials.put(registered);
    world.stored(2, 8);
    for (name, token, expected) in [
        ("", "good.2.none", Some("acme")),
        ("acme", "good.2.7", Some("acme")),
        ("globex", "good.2.7", None),
        ("", "good.99.none", None),
        ("", "good.2.9", None),
        ("", "good.2.8", None),
        ("", "bad.2.7", None),
    ] {
        assert_eq!(world.outcome(name, token).await.as_deref(), expected, "{name} {token}");
    }
    let asked = verifier.0.load(Ordering::SeqCst);
    assert_eq!(world.outcome("", "good.2").await, None);
    assert_eq!(verifier.0.load(Ordering::SeqCst), asked);
    let error = world.try_from(1, "", Some("down.2.7")).await.expect_err("failed").error;
    assert_eq!(error.kind, ErrorKind::Unavailable);

    world.authentication.flush_uses().await.expect("written");
    assert_eq!(world.credentials.uses(), [(tenant_id(2), client.credential, at(0))]);
    let recorded = world.recorded().await;
    let told: Vec<_> = recorded.iter().map(|event| event.tenant).collect();
    assert_eq!(told, [3, 2, 2, 2].map(tenant_id), "the tenant that is not there has no log");

    world.credentials.remove(client.credential);
    world.changed(&client);
    assert_eq!(world.outcome("", "good.2.7").await, None, "it ends with its client");
    world.clock.advance(100);
    assert_eq!(world.outcome("", "good.2.none").await, None, "it has expired");
}

#[test]
fn a_tenant_that_is_not_active_answers_403() {
    let principal = |active| Principal {
        tenant: Arc::new(Tenant { active, ..tenant(1, "acme") }),
        actor: Actor::Operator,
        scopes: Scopes::default(),
        subject: None,
    };
    assert!(principal(true).of_active_tenant().is_ok());
    let error = principal(false).of_active_tenant().expect_err("refused");
    assert_eq!(error.kind, ErrorKind::Forbidden);
}

#[test]
fn a_missing_scope_is_named() {
    let principal = Principal {
        tenant: Arc::new(tenant(1, "acme")),
        actor: Actor::Operator,
        scopes: Scopes::parse(["read:Group"]).expect("scopes"),
        subject: None,
    };
    assert!(principal.require(Access::Read("Group")).is_ok());
    assert!(principal.require(Access::Discovery).is_ok());
    for (access, needed) in [
        (Access::Read("User"), "'read' or 'read:User' is needed"),
        (Access::Write("Group"), "'write' or 'write:Group' is needed"),
        (Access::Bulk, "'bulk' is needed"),
    ] {
        let error = principal.require(access).expect_err("refused");
        assert_eq!(error.kind, ErrorKind::Forbidden);
        assert!(error.detail.contains(needed), "{}", error.detail);
    }
}
