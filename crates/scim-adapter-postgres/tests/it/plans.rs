//! Which searches an index serves, by the plans that the database makes of them and by how many rows
//! it reads: in a tenant with many users and in one with a few, among a thousand tenants.

mod changed;

use std::sync::Arc;
use std::time::{Duration, Instant};

use scim_adapter_postgres::{PostgresSettings, PostgresStore};
use scim_domain::attribute::SchemaUrn;
use scim_domain::audit::AuditOperation;
use scim_domain::filter::{Binding, Filter, UnknownAttribute};
use scim_domain::identifier::{ResourceId, TenantId, Timestamp};
use scim_domain::listing::query::KeysetPosition;
use scim_domain::listing::{Direction, Include, PageRequest, QueryScope, ResourceQuery, SortOrder};
use scim_domain::resource::unique_values;
use scim_domain::schema::{ResourceType, SchemaExtension, TenantSchema, core};
use scim_domain::tenant::{Tenant, TenantConfig};
use scim_ports::{NewResource, ResourceRepository};
use serde_json::json;
use time::macros::datetime;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::statements::sent;
use crate::support::{audit_entry, block_on, connect, database, on_one_thread, register, settings};

/// How many other tenants there are, and how many users each of them has. They have the names of the
/// first users of the large one.
const OTHER_TENANTS: u64 = 998;
const OTHER_USERS: u64 = 20;
/// How many users the large tenant has.
const USERS: u64 = 100_000;

const CUSTOM: &str = "urn:example:params:scim:schemas:plans:Badge";

const KEYS: &str = "scim_resource_keys_ix";
const TRIGRAMS: &str = "scim_resource_search_ix";
const ORDER: &str = "scim_resource_type_ix";

/// A tenant whose users have a custom extension.
fn tenant() -> Arc<Tenant> {
    let schema = json!({"id": CUSTOM, "name": "Badge", "attributes": [
        {"name": "number", "type": "string"}, {"name": "doors", "type": "string", "multiValued": true}
    ]});
    let schema = serde_json::from_value(schema).expect("a schema");
    let mut types = core::resource_types();
    for known in types.iter_mut().filter(|known| known.name == "User") {
        known.schema_extensions.push(SchemaExtension { schema: SchemaUrn::from(CUSTOM), required: false });
    }
    let schemas = core::resource_schemas().into_iter().chain([schema]).collect();
    let id = Uuid::new_v4();
    Arc::new(Tenant {
        id: TenantId::new(id),
        slug: format!("plans-{id}"),
        active: true,
        config: Arc::new(TenantConfig::default()),
        schema: Arc::new(TenantSchema::compile(schemas, types).expect("the schemas fit together")),
    })
}

fn user_type(tenant: &Tenant) -> &Arc<ResourceType> {
    tenant.schema.resource_type("User").expect("User")
}

fn id_of(number: u64) -> ResourceId {
    ResourceId::new(Uuid::from_u128(u128::from(number)))
}

/// The number of the first user that is copied; it is no user of the tenants that are searched.
const PATTERN: u64 = 0;
const PATTERN_NAME: &str = "user000000@example.com";

/// One user, as the repository stores it; the others are copies of its row under other names.
async fn pattern(store: &PostgresStore, tenant: &Tenant) {
    let users = user_type(tenant);
    let attributes = json!({
        "userName": PATTERN_NAME, "externalId": "ext-000000", "displayName": "Display 000000",
        "nickName": "Nick000000",
        "name": {"familyName": "Family000000", "givenName": "Given000000", "formatted": "Formatted 000000"},
        "emails": [
            {"value": "work000000@example.com", "type": "work", "primary": true},
            {"value": "home000000@example.org", "type": "home"}
        ],
        "userType": "Type000000", "title": "Engineer", "active": true,
        CUSTOM: {"number": "badge-000000", "doors": ["door-000000", "entrance"]},
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"employeeNumber": "e000000"}
    });
    let attributes = attributes.as_object().expect("an object").clone();
    let new = NewResource {
        id: id_of(PATTERN),
        resource_type: Arc::clone(users),
        unique_values: unique_values(users, &attributes),
        attributes,
        members: Default::default(),
        at: Timestamp::new(datetime!(2026-01-01 00:00 UTC)),
        audit: audit_entry(AuditOperation::Create),
    };
    store.resources().resource_create_all(tenant, vec![new], Include::NOTHING).await.expect("it is created");
}

/// Fills the table: the user with the number `n` changes `n` seconds after the pattern.
async fn fill(url: &str, pattern: &Tenant, large: &Tenant, users: u64) {
    // An id is part of the name under which a row's keys are kept, in its bytes.
    const SCOPE: &str = "rtrim(translate(encode(uuid_send(o.id), 'base64'), '+/', '-_'), '=')";
    let client = connect(url).await;
    let (pattern, large) = (pattern.id, large.id);
    let copies = |condition: &str, count: u64| {
        let old = SCOPE.replace("o.id", &format!("'{pattern}'::uuid"));
        format!(
            "INSERT INTO scim_resource (tenant_id, id, resource_type, version, created_at, updated_at, \
             member_count, display, display_key, user_name_key, unique_digest, search_text, keys, payload) \
             SELECT o.id, lpad(to_hex(n), 32, '0')::uuid, resource_type, version, created_at, \
             updated_at + n * interval '1 second', member_count, display, display_key, \
             replace(user_name_key, '000000', m), unique_digest, replace(search_text, '000000', m), \
             replace(replace(keys::text, '000000', m), {old}, {SCOPE})::jsonb, \
             replace(payload::text, '000000', m)::json \
             FROM scim_resource p, (SELECT id FROM tenant) o, generate_series(1, {count}) n, LATERAL (SELECT (100000 + n)::text AS m) m \
             WHERE p.tenant_id = '{pattern}' AND o.id <> '{pattern}' AND {condition};"
        )
    };
    client
        .batch_execute(&format!(
            "INSERT INTO tenant SELECT gen_random_uuid(), 'other-' || n, '', TRUE, '{{}}', now(), now() \
             FROM generate_series(1, {OTHER_TENANTS}) n; SET maintenance_work_mem = '256MB'"
        ))
        .await
        .expect("the tenants are made");
    let indexes = "SELECT indexname::text, indexdef FROM pg_indexes \
                   WHERE tablename = 'scim_resource' AND indexname LIKE '%\\_ix'";
    let indexes = client.query(indexes, &[]).await.expect("the indexes");
    for index in &indexes {
        client
            .batch_execute(&format!("DROP INDEX {}", index.get::<_, &str>(0)))
            .await
            .expect("it is dropped");
    }
    for rows in
        [copies(&format!("o.id = '{large}'"), users), copies(&format!("o.id <> '{large}'"), OTHER_USERS)]
    {
        client.batch_execute(&rows).await.expect("the rows are copied");
    }
    for index in &indexes {
        client.batch_execute(index.get(1)).await.expect("it is made");
    }
    client.batch_execute("VACUUM ANALYZE scim_resource").await.expect("it is analysed");
    client.batch_execute("ANALYZE resource_member").await.expect("it is analysed");
}

/// A search for users, and what its plan has to be.
struct Case {
    filter: &'static str,
    /// One of these serves it.
    indexes: &'static [&'static str],
    found: u64,
}

const fn case(filter: &'static str, indexes: &'static [&'static str], found: u64) -> Case {
    Case { filter, indexes, found }
}

/// The searches that indexes serve; each finds users that every tenant has.
const CASES: &[Case] = &[
    case("id eq \"00000000-0000-0000-0000-000000000007\"", &[ORDER, "scim_resource_pk"], 1),
    case("userName eq \"USER100007@example.com\"", &["scim_resource_user_name_ix"], 1),
    case("externalId eq \"ext-100007\"", &[KEYS], 1),
    case("emails.value eq \"work100007@example.com\"", &[KEYS], 1),
    case("emails[type eq \"work\"].value eq \"work100007@example.com\"", &[KEYS], 1),
    case("emails[type eq \"home\" and value eq \"work100007@example.com\"]", &[KEYS], 0),
    case("displayName eq \"display 100007\"", &[KEYS], 1),
    case("name.familyName eq \"family100007\"", &[KEYS], 1),
    case("nickName eq \"nick100007\"", &[KEYS], 1),
    case("urn:example:params:scim:schemas:plans:Badge:number eq \"badge-100007\"", &[KEYS], 1),
    case("urn:example:params:scim:schemas:plans:Badge:doors eq \"door-100007\"", &[KEYS], 1),
    case(
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber eq \"e100007\"",
        &[KEYS],
        1,
    ),
    case("userType eq \"type100007\" and active eq true", &[KEYS], 1),
    case("userType eq \"type100007\" or userType eq \"type100008\"", &[KEYS], 2),
    case("userName co \"100007@\"", &[TRIGRAMS], 1),
    case("userName sw \"user100007\"", &[TRIGRAMS], 1),
    case("userName ew \"100007@example.com\"", &[TRIGRAMS], 1),
    case("displayName co \"play 100007\"", &[TRIGRAMS], 1),
    case("displayName sw \"display 100007\"", &[TRIGRAMS], 1),
    case("displayName ew \"100007\"", &[TRIGRAMS], 1),
    case("emails.value co \"work100007\"", &[TRIGRAMS], 1),
    case("emails.value sw \"work100007\"", &[TRIGRAMS], 1),
    case("emails.value ew \"100007@example.org\"", &[TRIGRAMS], 1),
    case("name.familyName co \"mily100007\"", &[TRIGRAMS], 1),
    case("name.familyName sw \"family100007\"", &[TRIGRAMS], 1),
    case("name.familyName ew \"100007\"", &[TRIGRAMS], 1),
    case("name.givenName co \"given100007\" and title eq \"engineer\"", &[TRIGRAMS], 1),
];

fn query(tenant: &Tenant, filter: Option<&str>, page: PageRequest) -> ResourceQuery {
    let users = user_type(tenant);
    let binding = Binding { base_url: "https://scim.example", unknown: UnknownAttribute::Refuse };
    let filter =
        filter.map(|filter| Filter::parse(filter).expect("a filter").bind(users, &binding).expect("it fits"));
    ResourceQuery {
        scopes: vec![QueryScope { resource_type: Arc::clone(users), filter, sort_by: None }],
        sort_order: SortOrder::Ascending,
        page,
        include: Include::EVERYTHING,
    }
}

/// The first page; a page by cursor, from the middle of the tenant on.
fn pages(users: u64) -> [PageRequest; 3] {
    let keyset = |direction| {
        let position = KeysetPosition { sort_key: None, id: id_of(users / 2) };
        PageRequest::Keyset { position: Some(position), direction, count: 5 }
    };
    [PageRequest::Index { skip: 0, count: 5 }, keyset(Direction::Ascending), keyset(Direction::Descending)]
}

/// How many rows of the table a plan reads, those included that it has no use for. Index entries that
/// are counted without a look at the row are none.
fn rows_read(plan: &str) -> u64 {
    let number = |text: &str, before: &str| {
        let after = text.split_once(before)?.1;
        after.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
    };
    let (mut read, mut loops) = (0, 0);
    for line in plan.lines() {
        if line.contains("(actual rows=") || line.contains("(never executed)") {
            let is_read = line.contains(" on scim_resource") && !line.contains(" on scim_resource_");
            let is_read = is_read && !line.contains("Index Only Scan");
            loops = if is_read { number(line, "loops=").unwrap_or(0) } else { 0 };
            read += number(line, "actual rows=").unwrap_or(0) * loops;
        } else if line.contains("Rows Removed by Filter") || line.contains("Rows Removed by Index Recheck") {
            read += number(line, ": ").expect("a number") * loops;
        }
    }
    read
}

/// Whether every access to the table is bound to the tenant by its index, or is by trigrams.
fn is_bound(plan: &str) -> bool {
    let scans = plan.lines().filter(|line| line.contains("Index Cond: "));
    let mut bound = scans.map(|line| {
        line.contains("tenant_id = ") || line.contains("keys @> ") || line.contains("search_text ~~ ")
    });
    bound.all(|bound| bound)
}

struct Filled {
    store: PostgresStore,
    url: String,
    large: Arc<Tenant>,
    small: Arc<Tenant>,
    users: u64,
    _database: scim_test_postgres::TestDatabase,
}

impl Filled {
    async fn new(users: u64) -> Self {
        let database = database();
        let url = database.url().to_owned();
        let generous = PostgresSettings { statement_timeout: Duration::from_secs(600), ..settings(&url) };
        let store = PostgresStore::open(&generous).await.expect("the database is there");
        store.migrate().await.expect("the migrations apply");
        let (first, large, small) = (tenant(), tenant(), tenant());
        register(&store, &[Arc::clone(&first), Arc::clone(&large), Arc::clone(&small)]).await;
        pattern(&store, &first).await;
        fill(&url, &first, &large, users).await;
        Self { store, url, large, small, users, _database: database }
    }

    async fn plan(&self, tenant: &Tenant, query: &ResourceQuery, what: &str) -> String {
        let plan = self.store.resources().search_plan(tenant, query).await.expect("a plan").join("\n");
        assert!(!plan.contains("Seq Scan on scim_resource"), "{what}\n{plan}");
        assert!(is_bound(&plan), "{what} is not bound to the tenant\n{plan}");
        plan
    }

    /// In the large tenant each search has an index to itself.
    async fn check_large(&self) {
        for Case { filter, indexes, found } in CASES {
            let query = query(&self.large, Some(filter), PageRequest::Index { skip: 0, count: 100 });
            let plan = self.plan(&self.large, &query, filter).await;
            assert!(indexes.iter().any(|index| plan.contains(index)), "{filter}: not {indexes:?}\n{plan}");
            // What is found is read once more for the page, and the indexes point at some rows in vain. Each
            // other tenant has what the trigrams find.
            let foreign = if *indexes == [TRIGRAMS] { OTHER_TENANTS + 100 } else { 1 };
            let most = *found * 2 + foreign;
            assert!(rows_read(&plan) <= most, "{filter} reads {}\n{plan}", rows_read(&plan));
            self.check_found(&self.large, &query, *found).await;
        }
        let since = datetime!(2026-01-01 00:00 UTC) + Duration::from_secs(self.users - 5);
        let since = since.format(&time::format_description::well_known::Rfc3339).expect("a dateTime");
        let filter = format!("meta.lastModified gt \"{since}\"");
        let recent = query(&self.large, Some(&filter), PageRequest::Index { skip: 0, count: 100 });
        let plan = self.plan(&self.large, &recent, &filter).await;
        assert!(plan.contains("scim_resource_updated_ix"), "{plan}");
        assert!(rows_read(&plan) <= 15, "{filter} reads {}\n{plan}", rows_read(&plan));
        self.check_found(&self.large, &recent, 5).await;
        for page in pages(self.users) {
            let what = format!("{page:?}");
            let query = query(&self.large, None, page);
            let plan = self.plan(&self.large, &query, &what).await;
            assert!(plan.contains(ORDER), "{what}\n{plan}");
            assert!(rows_read(&plan) <= 12, "{what} reads {}\n{plan}", rows_read(&plan));
        }
    }

    /// In a small tenant it may as well read its own rows, but not those of the others.
    async fn check_small(&self) {
        for Case { filter, indexes: _, found } in CASES {
            let query = query(&self.small, Some(filter), PageRequest::Index { skip: 0, count: 100 });
            let plan = self.plan(&self.small, &query, filter).await;
            let most = *found + OTHER_USERS;
            assert!(rows_read(&plan) <= most, "{filter} reads {}\n{plan}", rows_read(&plan));
            self.check_found(&self.small, &query, *found).await;
        }
        for page in pages(OTHER_USERS) {
            let what = format!("{page:?}");
            let query = query(&self.small, None, page);
            let plan = self.plan(&self.small, &query, &what).await;
            assert!(rows_read(&plan) <= 2 * OTHER_USERS, "{what}\n{plan}");
        }
    }

    async fn check_found(&self, tenant: &Tenant, query: &ResourceQuery, found: u64) {
        let page = self.store.resources().resource_search(tenant, query).await.expect("an answer");
        assert_eq!(u64::try_from(page.total_results), Ok(found), "{query:?}");
    }

    /// Users that are read together by their ids or their names are found by the index of these, planned
    /// for the values and without them.
    async fn check_together(&self) {
        let id = |number| format!("'{}'", id_of(number).uuid());
        let name = |number| format!("'user{}@example.com'", 100_000 + number);
        let of = |values: &dyn Fn(u64) -> String, count: u64| {
            format!("ARRAY[{}]", (1..=count).map(values).collect::<Vec<_>>().join(", "))
        };
        let [by_ids, by_names] = statements_together(&self.url, &self.large);
        let client = connect(&self.url).await;
        for mode in ["force_custom_plan", "force_generic_plan"] {
            let prepare = format!(
                "DEALLOCATE ALL; SET plan_cache_mode = {mode}; PREPARE by_ids (uuid, uuid[]) AS {by_ids}; \
                 PREPARE by_names (uuid, text[], text) AS {by_names}"
            );
            client.batch_execute(&prepare).await.expect("they are prepared");
            for (tenant, count) in [(&self.large, 2), (&self.large, 64), (&self.small, 2), (&self.small, 64)]
            {
                let (ids, names) = (of(&id, count), of(&name, count));
                let found = if Arc::ptr_eq(tenant, &self.small) { count.min(OTHER_USERS) } else { count };
                for (execute, index) in [
                    (format!("by_ids ('{}', {ids}::uuid[])", tenant.id), "scim_resource_pk"),
                    (format!("by_names ('{}', {names}, 'User')", tenant.id), "scim_resource_user_name_ix"),
                ] {
                    let explain = format!(
                        "EXPLAIN (ANALYZE, COSTS FALSE, TIMING FALSE, SUMMARY FALSE) EXECUTE {execute}"
                    );
                    let lines = client.query(&explain, &[]).await.expect("a plan");
                    let plan = lines.iter().map(|line| line.get(0)).collect::<Vec<String>>().join("\n");
                    assert!(plan.contains(index), "{mode}, {count}: not {index}\n{plan}");
                    assert!(!plan.contains("Seq Scan on scim_resource"), "{mode}, {count}\n{plan}");
                    assert!(is_bound(&plan), "{mode}, {count}\n{plan}");
                    assert!(plan.contains(&format!("(actual rows={found}")), "{mode}, {count}\n{plan}");
                    assert!(rows_read(&plan) <= found, "{mode}, {count}\n{plan}");
                }
            }
        }
    }

    /// Nor does the database come to read the whole table once it has seen a statement often enough
    /// to plan it without its values.
    async fn check_repeated(self) {
        const NAME: &str = "plans-repeated";
        let Self { store, url, large, small, users, _database } = self;
        drop(store);
        let client = connect(&url).await;
        let scans = async || -> i64 {
            let query = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'scim_resource'";
            client.query_one(query, &[]).await.expect("an answer").get(0)
        };
        until_gone(&client, "scim-server").await;
        let before = scans().await;
        let one = format!("{url}?application_name={NAME}");
        let one = PostgresSettings { max_connections: 1, ..settings(&one) };
        let store = PostgresStore::open(&one).await.expect("the database is there");
        for (tenant, users) in [(&large, users), (&small, OTHER_USERS)] {
            let filtered = CASES
                .iter()
                .map(|case| query(tenant, Some(case.filter), PageRequest::Index { skip: 0, count: 100 }));
            let whole = pages(users).map(|page| query(tenant, None, page));
            for query in filtered.chain(whole) {
                for _ in 0..7 {
                    store.resources().resource_search(tenant, &query).await.expect("an answer");
                }
            }
        }
        drop(store);
        until_gone(&client, NAME).await;
        assert_eq!(scans().await, before);
        // What is measured there no other connection may add to, and its statistics are not those of the others.
        changed::check(&client, &url, &large).await;
    }
}

/// A connection counts what it has read when it ends: waits until there is none of this name.
async fn until_gone(client: &Client, name: &str) {
    let query =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1";
    let began = Instant::now();
    while client.query_one(query, &[&name]).await.expect("an answer").get::<_, i64>(0) > 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "a connection stays");
    }
}

/// The statements that read several users by their ids and by their names, as they are sent.
fn statements_together(url: &str, tenant: &Tenant) -> [String; 2] {
    let sent = || {
        on_one_thread(async {
            let store = PostgresStore::open(&settings(url)).await.expect("the database is there");
            let resources = store.resources();
            let get = async |number| {
                let users = user_type(tenant);
                let found = resources.resource_get(tenant, users, id_of(number), Include::EVERYTHING).await;
                assert!(found.expect("an answer").is_some());
            };
            let find = async |number: u64| {
                let filter = format!("userName eq \"user{}@example.com\"", 100_000 + number);
                let query = query(tenant, Some(&filter), PageRequest::Index { skip: 0, count: 1 });
                let found = resources.resource_search(tenant, &query).await;
                assert_eq!(found.expect("an answer").total_results, 1);
            };
            sent();
            tokio::join!(get(1), get(2), find(1), find(2));
            sent()
        })
    };
    let sent = std::thread::scope(|scope| scope.spawn(sent).join().expect("they are read"));
    ["r.id = wanted.id", "r.user_name_key = wanted.user_name_key"].map(|condition| {
        let mut with = sent.iter().filter(|statement| statement.contains(condition));
        with.next().expect("one statement for both").clone()
    })
}

/// How many users the large tenant has: as many as the environment says, for a run with a million.
fn users() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the server")]
    let given = std::env::var("SCIM_TEST_PLAN_USERS");
    given.map_or(USERS, |given| given.parse().expect("a number of users"))
}

#[test]
fn searches_are_served_by_indexes() {
    block_on(async {
        let filled = Filled::new(users()).await;
        filled.check_large().await;
        filled.check_small().await;
        filled.check_together().await;
        filled.check_repeated().await;
    });
}
