//! A tenant neither reads nor changes anything of another, nor learns that it is there.
//!
//! Two tenants that are twins carry out the same operations, drawn from a seed. What one of them names
//! (ids, names, versions, cursors, tenants, tokens) is of a third tenant; what the other names is like it
//! and is nowhere. All answers have to be the same, and so is, at the end, what both have; and the third
//! is as it was.

mod operation;
mod twin;

use std::time::{Duration, Instant};

use scim_domain::credential::BearerToken;
use scim_domain::identifier::{CredentialId, ResourceId, TenantId};
use scim_e2e::{Answer, Client, TestCredential};
use serde_json::{Value, json};

use crate::TestApp;
use crate::admin::new_tenant;
use crate::admin_devices::{define, device};
use crate::bodies::{GROUP, USER};

use operation::{KINDS, Operation, Operations, THEIRS};
use twin::Twin;

const SEEDS: [u64; 2] = [1, 2];
/// How many operations are drawn from a seed.
const OPERATIONS: usize = 300;
/// After which time no more are drawn.
const LONGEST: Duration = Duration::from_secs(10);
/// What nothing is allowed to show: it is in every resource of the third tenant.
const SECRET: &str = "globex's secret";

/// The third tenant.
struct Neighbour {
    client: Client,
    credential: TestCredential,
    names: Vec<(String, String)>,
}

/// Text that looks the same, and means nothing.
fn nowhere(name: &str, meaning: &str) -> String {
    match name.trim_start_matches('<').split_once('-').map_or(name, |(kind, _)| kind) {
        "their" | "<tenant>" => other_id(meaning),
        "cursor" => {
            let middle = meaning.len() / 2;
            let other = if &meaning[middle..=middle] == "A" { "B" } else { "A" };
            format!("{}{other}{}", &meaning[..middle], &meaning[middle + 1..])
        }
        "name" => meaning.replace("halley", "nobody"),
        "external" => meaning.replace("ext-h", "ext-n"),
        "serial" => meaning.replace("ser-h", "ser-n"),
        "<slug>" => "absent".to_owned(),
        "<gadget>" => "Absent".to_owned(),
        _ => meaning.to_owned(),
    }
}

/// An id next to this one.
fn other_id(id: &str) -> String {
    let (start, last) = id.split_at(id.len() - 1);
    let last = u8::from_str_radix(last, 16).expect("a hexadecimal digit");
    format!("{start}{:x}", last ^ 1)
}

impl Neighbour {
    async fn new(app: &TestApp) -> Self {
        let admin = app.admin();
        let tenant = new_tenant(&admin, "globex").await.id();
        define(&admin, "globex").await;
        let urn = "urn:example:params:scim:schemas:core:2.0:Gadget";
        let schema = json!({"id": urn, "name": "Gadget", "attributes": [{"name": "size", "type": "string"}]});
        admin.put(&format!("/tenants/globex/schemas/{urn}"), &schema).await.expect(201);
        let gadget = json!({"name": "Gadget", "endpoint": "/Gadgets", "schema": urn});
        admin.put("/tenants/globex/resource-types/Gadget", &gadget).await.expect(201);

        let credential = credential(app, &tenant, "read write bulk", None).await;
        let client = app.bearer(&credential.token);
        let mut names = vec![("<tenant>".to_owned(), tenant)];
        for (name, meaning) in [("<slug>", "globex"), ("<gadget>", "Gadget"), ("<base>", client.base_url())] {
            names.push((name.to_owned(), meaning.to_owned()));
        }
        for number in 0..THEIRS {
            for (kind, id) in KINDS.iter().zip(populate(&client, &names, number).await) {
                names.push((format!("<their-{}-{number}>", kind.0), id));
            }
            names.push((format!("<name-{number}>"), user_name(number)));
            names.push((format!("<external-{number}>"), external_id(number)));
            names.push((format!("<serial-{number}>"), serial(number)));
        }
        let paths = KINDS.iter().copied().chain([("root", "/")]);
        for (kind, path) in paths {
            let page = client.get(&format!("{path}?count=2&cursor=")).await.expect(200);
            names.push((format!("<cursor-{kind}>"), page.text("nextCursor")));
        }
        Self { client, credential, names }
    }

    /// All resources with their versions, and what the operator sees of the tenant.
    async fn dump(&self, app: &TestApp) -> Value {
        let mut dump = vec![self.client.get("/?count=200").await.expect(200).body];
        for (name, id) in self.names.iter().filter(|(name, _)| name.starts_with("<their-")) {
            let kind = KINDS.iter().find(|(kind, _)| name[7..].starts_with(kind)).expect("a kind");
            let answer = self.client.get(&format!("{}/{id}", kind.1)).await.expect(200);
            dump.push(json!([answer.header("etag"), answer.body]));
        }
        let admin = app.admin();
        dump.push(admin.get("/tenants/globex/stats").await.expect(200).body);
        let changes = [("filter", "operation ne \"authenticate\""), ("limit", "200")];
        dump.push(admin.query("/tenants/globex/activity", &changes).await.expect(200).body);
        json!(dump)
    }
}

fn user_name(number: usize) -> String {
    format!("halley-{number}@example.com")
}

fn external_id(number: usize) -> String {
    format!("ext-h-{number}")
}

fn serial(number: usize) -> String {
    format!("ser-h-{number}")
}

/// Creates one resource of each kind, and changes each once.
async fn populate(client: &Client, names: &[(String, String)], number: usize) -> Vec<String> {
    let name = user_name(number);
    let user = json!({
        "schemas": [USER], "userName": name, "externalId": external_id(number), "title": SECRET,
        "displayName": SECRET, "emails": [{"value": name}],
    });
    let user = client.post("/Users", &user).await.expect(201).id();
    let inner = names.iter().find(|(name, _)| name.starts_with("<their-group")).map(|(_, id)| id);
    let members: Vec<Value> =
        [Some(&user), inner].into_iter().flatten().map(|id| json!({"value": id})).collect();
    let group = json!({"schemas": [GROUP], "displayName": SECRET, "members": members});
    let group = client.post("/Groups", &group).await.expect(201).id();
    let mut device = device(&serial(number), SECRET);
    device[crate::admin_devices::ASSET]["tag"] = json!(format!("{SECRET} {number}"));
    let device = client.post("/Devices", &device).await.expect(201).id();
    let change = crate::bodies::patch(
        &json!([{"op": "replace", "path": "displayName", "value": format!("2 {SECRET}")}]),
    );
    for (kind, id) in KINDS.iter().zip([&user, &group, &device]) {
        let changed = client.patch(&format!("{}/{id}", kind.1), &change).await.expect(200);
        assert_eq!(changed.version(), 2);
    }
    vec![user, group, device]
}

async fn credential(app: &TestApp, tenant: &str, scopes: &str, subject: Option<&str>) -> TestCredential {
    let tenant = TenantId::parse(tenant).expect("an id");
    let subject = subject.map(|id| ResourceId::parse(id).expect("an id"));
    let credential =
        app.create_credential_with(tenant, scopes, |credential| credential.subject = subject).await;
    credential.expect("a credential")
}

/// A tenant that is to name these things.
async fn twin(app: &TestApp, slug: &str, names: Vec<(String, String)>, theirs: CredentialId) -> Twin {
    let tenant = new_tenant(&app.admin(), slug).await.id();
    define(&app.admin(), slug).await;
    let meaning = |name: &str| &names.iter().find(|(known, _)| known == name).expect("a name").1;
    let main = credential(app, &tenant, "read write bulk", None).await;
    let reader = credential(app, &tenant, "read", None).await;
    let subject = credential(app, &tenant, "read write", Some(meaning("<their-user-0>"))).await;
    let token = BearerToken::parse(&main.token).expect("a token");
    let other_tenant = TenantId::parse(meaning("<tenant>")).expect("an id");
    let forged = [
        BearerToken { tenant: other_tenant, ..token.clone() },
        BearerToken { credential: theirs, ..token.clone() },
        BearerToken { tenant: other_tenant, credential: theirs, ..token },
    ];
    let [first, second, third] = forged.map(|token| app.bearer(&token.text()));
    let honest = [&main, &reader, &subject].map(|credential| app.bearer(&credential.token));
    let [main, reader, subject] = honest;
    Twin { clients: [main, reader, subject, first, second, third], names }
}

struct World {
    app: TestApp,
    neighbour: Neighbour,
    /// The one that names what is the neighbour's, and the one that names what is nowhere.
    twins: [Twin; 2],
    operations: Operations,
}

impl World {
    async fn new(seed: u64) -> Self {
        let app = TestApp::start().await.expect("a server");
        let neighbour = Neighbour::new(&app).await;
        let theirs = neighbour.credential.id;
        let nobodys = CredentialId::parse(&other_id(&theirs.to_string())).expect("an id");
        let names = neighbour.names.clone();
        let one = twin(&app, "acme-1", names.clone(), theirs).await;
        let absent = names.into_iter().map(|(name, meaning)| (name.clone(), nowhere(&name, &meaning)));
        let other = twin(&app, "acme-2", absent.collect(), nobodys).await;
        Self { app, neighbour, twins: [one, other], operations: Operations::new(seed) }
    }

    /// Carries it out twice; answers the status.
    async fn carry_out(&mut self, operation: &Operation, what: &str) -> u16 {
        let [one, other] = &self.twins;
        let answers = tokio::join!(one.send(operation), other.send(operation));
        let answers = [answers.0, answers.1];
        self.note_created(&answers);
        let [mine, nowhere] = [0, 1].map(|index| self.twins[index].told(&answers[index]));
        assert_eq!(mine, nowhere, "{what}: {operation:?}");
        assert!(!answers[0].body.to_string().contains(SECRET), "{what}: {operation:?}: {}", answers[0].body);
        if answers.iter().all(|answer| answer.body["nextCursor"].is_string()) {
            for (twin, answer) in self.twins.iter_mut().zip(&answers) {
                twin.name("<own-cursor>", &answer.text("nextCursor"));
            }
            self.operations.walked(operation);
        }
        mine.status
    }

    /// Gives names to what was created.
    fn note_created(&mut self, answers: &[Answer; 2]) {
        let [mine, others] = answers.each_ref().map(created);
        assert_eq!(mine.len(), others.len(), "{answers:?}");
        for ((resource_type, id), (_, other_id)) in mine.into_iter().zip(others) {
            let name = self.operations.created(&resource_type);
            self.twins[0].name(&name, &id);
            self.twins[1].name(&name, &other_id);
        }
    }
}

/// The types and ids of what an answer says was created.
fn created(answer: &Answer) -> Vec<(String, String)> {
    let from_location = |location: &Value| {
        let mut segments = location.as_str().expect("a location").rsplit('/');
        let id = segments.next().expect("an id").to_owned();
        (segments.next().expect("an endpoint").trim_end_matches('s').to_owned(), id)
    };
    if answer.status == 201 {
        return vec![from_location(&answer.body["meta"]["location"])];
    }
    let operations = answer.body["Operations"].as_array().into_iter().flatten();
    operations
        .filter(|operation| operation["status"] == "201")
        .map(|operation| from_location(&operation["location"]))
        .collect()
}

#[tokio::test]
async fn nothing_of_another_tenant_is_read_changed_or_noticed() {
    let begun = Instant::now();
    for seed in SEEDS {
        let mut world = World::new(seed).await;
        let before = world.neighbour.dump(&world.app).await;
        for operation in world.operations.beginning() {
            assert_eq!(world.carry_out(&operation, "the beginning").await, 201);
        }
        let mut statuses = std::collections::BTreeMap::<u16, usize>::new();
        for number in 0..OPERATIONS {
            if begun.elapsed() > LONGEST && number >= OPERATIONS / 2 {
                break;
            }
            let operation = world.operations.next();
            let status = world.carry_out(&operation, &format!("seed {seed}, operation {number}")).await;
            *statuses.entry(status).or_default() += 1;
        }
        for status in [200, 201, 400, 401, 404] {
            assert!(statuses.get(&status).is_some_and(|count| *count > 0), "{statuses:?}");
        }
        let [one, other] = &world.twins;
        let [mine, nowhere] = [one.everything().await, other.everything().await];
        assert_eq!(mine, nowhere, "seed {seed}");
        assert_eq!(world.neighbour.dump(&world.app).await, before, "seed {seed}");
    }
}
