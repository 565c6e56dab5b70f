//! Which resources a filter finds, as tables.

use std::sync::Arc;

use scim_domain::identifier::ResourceId;
use scim_domain::resource::StoredResource;
use scim_domain::schema::ResourceType;
use serde_json::json;

use super::Harness;
use super::world::{BASE_URL, World, ids, query};

/// Resources by the names that the tables call them.
struct Named {
    world: Arc<World>,
    resource_type: Arc<ResourceType>,
    resources: Vec<(&'static str, StoredResource)>,
}

impl Named {
    fn new(world: &Arc<World>, resource_type: Arc<ResourceType>) -> Self {
        Self { world: Arc::clone(world), resource_type, resources: Vec::new() }
    }

    fn id(&self, name: &str) -> ResourceId {
        let found = self.resources.iter().find(|(known, _)| *known == name);
        found.expect("there is a resource of this name").1.id
    }

    /// `filter` finds exactly those named by `expected`, in the order of their creation. `{x}`
    /// stands for the id of `x`.
    async fn finds(&self, filter: &str, expected: &str) {
        let mut text = filter.replace("{enterprise}", scim_domain::schema::core::ENTERPRISE_USER_URN);
        for (name, resource) in &self.resources {
            text = text.replace(&format!("{{{name}}}"), &resource.id.to_string());
        }
        let found = self.world.matching(&self.resource_type, &text).await;
        let name_of = |id: &ResourceId| {
            let known = self.resources.iter().find(|(_, resource)| resource.id == *id);
            known.map_or("?", |(name, _)| *name)
        };
        let found: Vec<_> = found.iter().map(name_of).collect();
        assert_eq!(found.join(" "), expected, "{filter}");
    }

    async fn table(&self, rows: &[(&str, &str)]) {
        for (filter, expected) in rows {
            self.finds(filter, expected).await;
        }
    }
}

async fn users(harness: &dyn Harness) -> Named {
    let world = World::new(harness).await;
    let mut named = Named::new(&world, world.user_type());
    for (name, attributes) in [
        (
            "ada",
            json!({
                "userName": "ada", "displayName": "Ada Lovelace", "externalId": "A-1", "active": true,
                "title": "Countess", "name": {"givenName": "Ada", "familyName": "Lovelace"},
                "emails": [
                    {"value": "ada@work.example", "type": "work", "primary": true},
                    {"value": "Ada@Home.example", "type": "home"}
                ],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                    "department": "Engines", "manager": {"value": "26"}
                },
            }),
        ),
        (
            "bob",
            json!({
                "userName": "Bob@Example.com", "displayName": "Straße 100%_\\\"'x", "externalId": "a-1",
                "active": false, "title": "",
                "emails": [
                    {"value": "bob@home.example", "type": "home"},
                    {"value": "x@work.example", "type": "other", "primary": false}
                ],
            }),
        ),
        ("cem", json!({"userName": "cem", "displayName": "İpek", "nickName": "ΣΊΣΥΦΟΣ 👩‍🔧"})),
        ("dot", json!({"userName": "dot"})),
    ] {
        let created = world.create(world.user_with(attributes)).await;
        named.resources.push((name, created));
    }
    named
}

pub(super) async fn filters_on_text(harness: &dyn Harness) {
    users(harness)
        .await
        .table(&[
            ("userName eq \"ADA\"", "ada"),
            ("userName eq \"ｂｏｂ@example.COM\"", "bob"),
            ("userName eq \"ad\"", ""),
            ("userName ne \"ada\"", "bob cem dot"),
            ("userName co \"O\"", "bob dot"),
            ("userName sw \"A\"", "ada"),
            ("userName ew \".COM\"", "bob"),
            ("userName gt \"bob@example.com\"", "cem dot"),
            ("userName ge \"Bob@example.com\"", "bob cem dot"),
            ("userName lt \"C\"", "ada bob"),
            ("userName le \"CEM\"", "ada bob cem"),
            ("userName co \"\"", "ada bob cem dot"),
            ("externalId eq \"A-1\"", "ada"),
            ("externalId eq \"a-1\"", "bob"),
            ("externalId co \"-1\"", "ada bob"),
            ("externalId sw \"A\"", "ada"),
            ("displayName eq \"STRASSE 100%_\\\\\\\"'X\"", "bob"),
            ("displayName co \"%\"", "bob"),
            ("displayName co \"_\"", "bob"),
            ("displayName co \"\\\\\"", "bob"),
            ("displayName co \"\\\"\"", "bob"),
            ("displayName co \"'\"", "bob"),
            ("displayName co \"0%_\"", "bob"),
            ("displayName co \"a%\"", ""),
            ("displayName sw \"%\"", ""),
            ("displayName sw \"strasse\"", "bob"),
            ("displayName ew \"_\"", ""),
            ("displayName co \"ss\"", "bob"),
            ("displayName eq \"ipek\"", ""),
            ("displayName eq \"i\u{307}pek\"", "cem"),
            ("nickName co \"σίσυφος\"", "cem"),
            ("nickName ew \"👩‍🔧\"", "cem"),
            ("nickName eq \"\\u03c3ίσυφοσ 👩‍🔧\"", "cem"),
            ("displayName pr", "ada bob cem"),
            ("title pr", "ada bob"),
            ("title eq \"\"", "bob"),
            ("title ne \"countess\"", "bob cem dot"),
            ("title lt \"a\"", "bob"),
            ("title eq null", "cem dot"),
            ("title ne null", "ada bob"),
            ("not (title pr)", "cem dot"),
            ("not (title eq \"countess\")", "bob cem dot"),
            ("not (title gt \"a\")", "bob cem dot"),
            ("name.familyName eq \"LOVELACE\"", "ada"),
            ("name.familyName ne \"lovelace\"", "bob cem dot"),
            ("name pr", "ada"),
            ("userName eq \"ada\" or userName eq \"cem\" and active eq true", "ada"),
            ("(userName eq \"ada\" or userName eq \"cem\") and active pr", "ada"),
            ("not (active eq true) and (userName sw \"b\" or nickName pr)", "bob cem"),
            ("userName eq \"ada\" and userName eq \"cem\"", ""),
            ("userName eq \"dot\" or title eq \"countess\" or userName eq \"dot\"", "ada dot"),
            ("not (userName eq \"ada\" or not (active pr))", "bob"),
        ])
        .await;
}

pub(super) async fn filters_on_several_values(harness: &dyn Harness) {
    users(harness)
        .await
        .table(&[
            ("emails pr", "ada bob"),
            ("not (emails pr)", "cem dot"),
            ("emails.type eq \"work\"", "ada"),
            ("emails.type eq \"home\"", "ada bob"),
            ("emails.type ne \"work\"", "ada bob cem dot"),
            ("not (emails.type eq \"work\")", "bob cem dot"),
            ("emails co \"ada@\"", "ada"),
            ("emails eq \"ADA@HOME.example\"", "ada"),
            ("emails.value ew \"home.example\"", "ada bob"),
            ("emails[type eq \"work\"]", "ada"),
            ("emails[type eq \"work\" and value co \"home\"]", ""),
            ("emails.type eq \"work\" and emails.value co \"home\"", "ada"),
            ("emails[type eq \"home\" or value eq \"x@work.example\"]", "ada bob"),
            ("emails[not (type eq \"home\")]", "ada bob"),
            ("emails[type ne \"home\" and type ne \"work\"]", "bob"),
            ("not (emails[type eq \"work\"])", "bob cem dot"),
            ("emails[primary eq true]", "ada"),
            ("emails[primary eq false]", "bob"),
            ("emails[primary ne true]", "ada bob"),
            ("emails.primary ne true", "bob cem dot"),
            ("emails[not (primary pr)]", "ada bob"),
            ("emails[type eq \"home\" and not (primary pr)]", "ada bob"),
            ("emails[type eq \"work\"].value co \"ada\"", "ada"),
            ("emails[type eq \"work\"] and userName eq \"bob@example.com\"", ""),
        ])
        .await;
}

pub(super) async fn filters_on_extensions_and_common_attributes(harness: &dyn Harness) {
    let named = users(harness).await;
    named
        .table(&[
            ("{enterprise}:department eq \"engines\"", "ada"),
            ("{enterprise}:department ne \"engines\"", "bob cem dot"),
            ("{enterprise}:manager.value eq \"26\"", "ada"),
            ("{enterprise}:manager pr", "ada"),
            ("{enterprise}:costCenter pr", ""),
            ("active eq true", "ada"),
            ("active eq false", "bob"),
            ("active ne true", "bob cem dot"),
            ("active pr", "ada bob"),
            ("id eq \"{cem}\"", "cem"),
            ("id ne \"{cem}\"", "ada bob dot"),
            ("id gt \"{bob}\"", "cem dot"),
            ("id eq \"{cem}x\"", ""),
            ("id eq \"{ada}\" or id eq \"{dot}\" or id eq \"none\"", "ada dot"),
            ("id eq \"{ada}\" and active eq false", ""),
            ("meta.resourceType eq \"User\"", "ada bob cem dot"),
            ("meta.resourceType eq \"Group\"", ""),
            ("meta.version eq \"W/\\\"v1\\\"\"", "ada bob cem dot"),
            ("meta.version eq \"W/\\\"v2\\\"\"", ""),
            ("meta.created gt \"2001-01-01T00:00:00Z\"", "ada bob cem dot"),
            ("meta.lastModified lt \"2001-01-01T00:00:00Z\"", ""),
            ("schemas eq \"{enterprise}\"", "ada"),
            ("schemas co \"CORE:2.0:user\"", "ada bob cem dot"),
        ])
        .await;
    let created = named.resources[1].1.created;
    named.finds(&format!("meta.created eq \"{created}\""), "bob").await;
    named.finds(&format!("meta.lastModified gt \"{created}\""), "cem dot").await;
    named.finds(&format!("meta.location eq \"{BASE_URL}/Users/{}\"", named.id("dot")), "dot").await;
}

pub(super) async fn filters_on_numbers_dates_and_custom_types(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let mut named = Named::new(&world, world.device_type());
    for (name, attributes) in [
        (
            "one",
            json!({
                "serialNumber": "Ab-1", "ports": 8, "weight": 1.5, "enabled": true, "firmware": "AAEC",
                "purchased": "2024-02-29T12:00:00Z", "tags": ["red", "Blue"], "displayName": "Exact",
                "owner": "https://example.com/A",
                "interfaces": [{"value": "eth0", "speed": 1000}, {"value": "eth1", "speed": 10}],
            }),
        ),
        (
            "two",
            json!({
                "serialNumber": "ab-1", "ports": 9_007_199_254_740_993_i64, "weight": 2,
                "purchased": "2024-02-29T13:00:00.5+02:00", "tags": ["green"], "displayName": "exact",
                "interfaces": [{"value": "eth0", "speed": 10, "seen": "2024-01-01T00:00:00Z"}],
            }),
        ),
        ("three", json!({"serialNumber": "zz", "weight": -0.5, "ports": -1})),
        ("four", json!({"label": "bare"})),
    ] {
        let created = world.create(world.device(attributes)).await;
        named.resources.push((name, created));
    }
    named
        .table(&[
            ("serialNumber eq \"ab-1\"", "two"),
            ("serialNumber sw \"A\"", "one"),
            ("serialNumber pr", "one two three"),
            ("displayName eq \"Exact\"", "one"),
            ("ports eq 8", "one"),
            ("ports gt 8", "two"),
            ("ports ge 8", "one two"),
            ("ports lt 0", "three"),
            ("ports ne 8", "two three four"),
            ("ports eq 9007199254740993", "two"),
            ("ports eq 9007199254740992", ""),
            ("ports gt 9007199254740992", "two"),
            ("weight eq 2", "two"),
            ("weight eq 2.0", "two"),
            ("weight eq 1.5", "one"),
            ("weight eq 15e-1", "one"),
            ("weight le 1.5", "one three"),
            ("weight lt -0.4", "three"),
            ("not (weight gt 0)", "three four"),
            ("purchased eq \"2024-02-29T11:00:00.500Z\"", "two"),
            ("purchased eq \"2024-02-29T12:00:00.000+00:00\"", "one"),
            ("purchased lt \"2024-02-29T12:00:00Z\"", "two"),
            ("purchased ge \"2024-02-29T11:59:59.999999999Z\"", "one"),
            ("purchased ne \"2024-02-29T12:00:00Z\"", "two three four"),
            ("tags eq \"BLUE\"", "one"),
            ("tags ne \"red\"", "one two three four"),
            ("tags co \"e\"", "one two"),
            ("tags pr", "one two"),
            ("owner eq \"https://example.com/A\"", "one"),
            ("owner eq \"https://example.com/a\"", ""),
            ("owner sw \"HTTPS\"", ""),
            ("firmware eq \"AAEC\"", "one"),
            ("firmware eq \"aaec\"", ""),
            ("enabled ne false", "one two three four"),
            ("interfaces[value eq \"eth0\" and speed gt 100]", "one"),
            ("interfaces[value eq \"eth1\" and speed gt 100]", ""),
            ("interfaces[seen lt \"2024-01-01T02:00:00+01:00\"]", "two"),
            ("interfaces.speed le 10", "one two"),
            ("interfaces eq \"eth0\" and ports eq 8", "one"),
        ])
        .await;
}

/// Two users, `inner` with both of them, `outer` with `inner` and `ada`, and `empty`.
async fn groups(harness: &dyn Harness) -> (Named, Named) {
    let world = World::new(harness).await;
    let mut users = Named::new(&world, world.user_type());
    let mut groups = Named::new(&world, world.group_type());
    let new = world.user_with(json!({"userName": "ada", "displayName": "Ada Lovelace"}));
    let (ada, bob) = (world.create(new).await, world.create(world.user("bob")).await);
    let cem = world.create(world.user("cem")).await;
    let inner = world.create(world.group("Inner", &[ada.id, bob.id])).await;
    let outer = world.create(world.group("Outer", &[ada.id, inner.id])).await;
    let empty = world.create(world.group("Empty", &[])).await;
    let all =
        [("ada", ada), ("bob", bob), ("cem", cem), ("inner", inner), ("outer", outer), ("empty", empty)];
    users.resources.extend(all.clone());
    groups.resources.extend(all);
    (users, groups)
}

pub(super) async fn filters_on_members(harness: &dyn Harness) {
    let (_, groups) = groups(harness).await;
    let reference = format!("members.$ref eq \"{BASE_URL}/Groups/{{inner}}\"");
    groups
        .table(&[
            ("members.value eq \"{ada}\"", "inner outer"),
            ("members eq \"{bob}\"", "inner"),
            ("members[value eq \"{ada}\"]", "inner outer"),
            ("members[value eq \"{inner}\"]", "outer"),
            ("members.value eq \"{cem}\"", ""),
            ("members.value eq \"none\"", ""),
            ("members.value ne \"{ada}\"", "inner outer empty"),
            ("not (members.value eq \"{bob}\")", "outer empty"),
            ("id eq \"{outer}\" and members eq \"{ada}\"", "outer"),
            ("id eq \"{outer}\" and members eq \"{bob}\"", ""),
            ("displayName eq \"outer\" and members[value eq \"{ada}\"]", "outer"),
            ("members pr", "inner outer"),
            ("not (members pr)", "empty"),
            ("members.value co \"-\"", "inner outer"),
            ("members.type eq \"Group\"", "outer"),
            ("members.type eq \"user\"", "inner outer"),
            ("members[type eq \"User\" and value eq \"{inner}\"]", ""),
            ("members[type eq \"Group\" and value eq \"{inner}\"]", "outer"),
            ("members.display co \"LOVE\"", "inner outer"),
            ("members[display eq \"bob\"]", "inner"),
            ("members.display eq \"inner\" or members.value eq \"{bob}\"", "inner outer"),
            (&reference, "outer"),
        ])
        .await;
}

pub(super) async fn filters_on_groups(harness: &dyn Harness) {
    let (users, _) = groups(harness).await;
    users
        .table(&[
            ("groups.value eq \"{inner}\"", "ada bob"),
            ("groups.value eq \"{outer}\"", "ada bob"),
            ("groups eq \"{empty}\"", ""),
            ("groups.value eq \"none\"", ""),
            ("groups[value eq \"{outer}\"]", "ada bob"),
            ("groups[value eq \"{outer}\" and type eq \"direct\"]", "ada"),
            ("groups[value eq \"{outer}\" and type eq \"indirect\"]", "bob"),
            ("groups.type eq \"indirect\"", "bob"),
            ("groups.display eq \"OUTER\"", "ada bob"),
            ("groups pr", "ada bob"),
            ("not (groups pr)", "cem"),
            ("not (groups.value eq \"{inner}\")", "cem"),
            ("groups.value ne \"{inner}\"", "ada bob cem"),
            ("userName eq \"bob\" and groups.value eq \"{outer}\"", "bob"),
        ])
        .await;
}

pub(super) async fn filters_see_every_write(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let users = world.user_type();
    let titled = |title: &str| format!("title eq \"{title}\"");
    let user = world.create(world.user_with(json!({"userName": "a", "title": "one", "active": true}))).await;
    assert_eq!(world.matching(&users, &titled("ONE")).await, [user.id]);
    world.update(world.update_to(&user, json!({"userName": "a", "title": "two"}))).await;
    assert!(world.matching(&users, &titled("one")).await.is_empty());
    assert!(world.matching(&users, "active eq true").await.is_empty());
    assert_eq!(world.matching(&users, &titled("two")).await, [user.id]);
    world.update(world.update_to(&user, json!({"userName": "b", "title": "two", "active": true}))).await;
    assert_eq!(world.matching(&users, "userName eq \"b\" and active eq true").await, [user.id]);
    world.delete(&user).await;
    assert!(world.matching(&users, &titled("two")).await.is_empty());
    let next = world.create(world.user_with(json!({"userName": "b", "title": "three"}))).await;
    assert_eq!(world.matching(&users, "userName eq \"b\"").await, [next.id]);
    assert!(world.matching(&users, &titled("two")).await.is_empty());
    assert!(world.matching(&users, "active eq true").await.is_empty());
}

pub(super) async fn filters_of_a_root_query_are_those_of_each_type(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user_with(json!({"userName": "a", "displayName": "Same"}))).await;
    let group = world.create(world.group("same", &[])).await;
    let device = world.create(world.device(json!({"displayName": "same", "label": "d"}))).await;
    world.create(world.device(json!({"displayName": "Same"}))).await;
    let all = query(&world.device_type()).and(&world.user_type()).and(&world.group_type());
    let found = async |filter: &str| {
        let page = world.search(&all.clone().filter(filter).into_query()).await;
        assert_eq!(page.total_results, page.resources.len());
        ids(&page.resources)
    };
    // Of a device, displayName is caseExact.
    assert_eq!(found("displayName eq \"same\"").await, [user.id, group.id, device.id]);
    assert_eq!(found("userName pr or label pr").await, [user.id, device.id]);
    assert_eq!(found("userName ne \"a\" and members ne \"x\" and label pr").await, [device.id]);
    assert_eq!(found("meta.resourceType eq \"Group\"").await, [group.id]);
    assert_eq!(found(&format!("id eq \"{}\"", user.id)).await, [user.id]);
}
