//! Searches for a `userName` that come together.

use std::sync::Arc;

use futures_util::future::join_all;
use scim_adapter_postgres::PostgresSettings;
use scim_domain::filter::{Operand, TypedFilter};
use scim_domain::identifier::TenantId;
use scim_domain::listing::{Direction, Include, PageRequest, ResourcePage, ResourceQuery, SortOrder};
use scim_domain::resource::StoredResource;
use scim_domain::schema::{ResourceType, ResourceTypeDefinition, TenantSchema, core};
use scim_domain::tenant::Tenant;
use scim_ports::conformance::tenant;
use scim_ports::{NewResource, ResourceRepository};
use serde_json::Value;
use uuid::Uuid;

use super::{World, check_sent_by, told};
use crate::statements::sent;
use crate::support::{create_users, new_user, on_one_thread, register, search, settings};

impl World {
    fn user_type(&self) -> &Arc<ResourceType> {
        &self.users[0].resource_type
    }

    fn named(&self, name: &str) -> ResourceQuery {
        by_name(self.user_type(), name)
    }

    async fn create(&self, new: Vec<NewResource>) -> Vec<StoredResource> {
        let created = self.resources.resource_create_all(&self.tenant, new, Include::NOTHING).await;
        created.expect("they are created")
    }

    /// What a search comes to: the total, the names on the page, and whether there are more.
    async fn find(&self, query: &ResourceQuery) -> String {
        match self.resources.resource_search(&self.tenant, query).await {
            Ok(page) => {
                let names = page.resources.into_iter().map(|found| told(Ok(Some(found))));
                let names = names.collect::<Vec<_>>().join(", ");
                format!("{}: {names}{}", page.total_results, if page.has_more { " …" } else { "" })
            }
            Err(error) => told(Err(error)),
        }
    }

    async fn find_together(&self, queries: &[ResourceQuery]) -> Vec<String> {
        join_all(queries.iter().map(|query| self.find(query))).await
    }

    async fn find_apart(&self, queries: &[ResourceQuery]) -> Vec<String> {
        let mut found = Vec::new();
        for query in queries {
            found.push(self.find(query).await);
        }
        found
    }
}

/// The stored attributes of who has the name, and nothing beside them.
fn by_name(resource_type: &Arc<ResourceType>, name: &str) -> ResourceQuery {
    // A filter of a client's has no U+0000 in it; the store has to bear it all the same.
    let filter = format!("userName eq {}", Value::from(name.replace('\0', "?")));
    let mut query = ResourceQuery { include: Include::NOTHING, ..search(resource_type, &filter) };
    if name.contains('\0')
        && let Some(TypedFilter::Compare { operand, .. }) = &mut query.scopes[0].filter
    {
        *operand = Operand::Text(name.to_owned());
    }
    query
}

/// Those who have the same name as another.
fn twin(world: &World) -> NewResource {
    NewResource { unique_values: Vec::new(), ..new_user(&world.tenant, "twin") }
}

/// How many searches for one name and how many for several were sent since it was asked last.
#[track_caller]
fn check_sent(of_one: usize, of_several: usize) {
    check_sent_by(["(r.user_name_key = $", "r.user_name_key = wanted.user_name_key"], of_one, of_several);
}

#[test]
fn searches_that_come_together_share_a_statement() {
    on_one_thread(async {
        let world = World::new().await;
        let long = |last: &str| "é".repeat(2000) + last;
        let names = ["😀 Straße", "nul\0name", "\u{1}\u{2}\u{2}", &long("x"), &long("y"), "\"quoted' \\"];
        world.create(names.iter().map(|name| new_user(&world.tenant, name)).collect()).await;
        let names: Vec<&str> = names.into_iter().chain(["a", "b"]).collect();
        sent();

        assert_eq!(world.find(&world.named("a")).await, "1: a");
        check_sent(1, 0);

        let queries: Vec<_> = names.iter().map(|name| world.named(name)).collect();
        let expected: Vec<_> = names.iter().map(|name| format!("1: {name}")).collect();
        assert_eq!(world.find_together(&queries).await, expected);
        check_sent(0, 1);

        // In another case, missing though another begins so, twice, and as there can be no name.
        let queries = ["A", "\u{ff41}", &long("z"), &long(""), "b", "B", "", "*", "a\0"];
        let queries = queries.map(|name| world.named(name));
        let found = world.find_together(&queries).await;
        assert_eq!(found, ["1: a", "1: a", "0: ", "0: ", "1: b", "1: b", "0: ", "0: ", "0: "]);
        check_sent(0, 1);

        assert_eq!(world.find_together(&["c", "C"].map(|name| world.named(name))).await, ["1: c", "1: c"]);
        check_sent(0, 1);
    });
}

#[test]
fn what_differs_in_more_than_the_name_is_searched_apart() {
    on_one_thread(async {
        let world = World::new().await;
        let a = world.users[0].id;
        world.group_of(a).await;

        // Another tenant, which has another type of resources with names.
        let mut types = core::resource_types();
        let user = types.iter().find(|known| known.name == "User").expect("User").clone();
        let robot = ResourceTypeDefinition { name: "Robot".into(), endpoint: "/Robots".into(), ..user };
        types.push(robot);
        let id = Uuid::new_v4();
        let other = Arc::new(Tenant {
            id: TenantId::new(id),
            slug: format!("names-{id}"),
            schema: Arc::new(TenantSchema::compile(core::resource_schemas(), types).expect("they fit")),
            ..(*tenant()).clone()
        });
        register(&world.store, &[Arc::clone(&other)]).await;
        let users = other.schema.resource_type("User").expect("User");
        let robots = other.schema.resource_type("Robot").expect("Robot");
        let user = create_users(&world.store, &other, ["a"]).await.remove(0).id;
        let new = ["a", "r"]
            .map(|name| NewResource { resource_type: Arc::clone(robots), ..new_user(&other, name) });
        let [robot, r] = [&new[0], &new[1]].map(|new| new.id);
        let created = world.resources.resource_create_all(&other, new.into(), Include::NOTHING).await;
        created.expect("they are created");

        let queries = ["a", "b"].map(|name| world.named(name));
        let with = queries.clone().map(|query| ResourceQuery { include: Include::EVERYTHING, ..query });
        let ids_of_other = async |resource_type, names: [&str; 2]| {
            let queries = names.map(|name| by_name(resource_type, name));
            let found = join_all(queries.iter().map(|query| world.resources.resource_search(&other, query)));
            let ids = |page: ResourcePage| page.resources.iter().map(|found| found.id).collect::<Vec<_>>();
            found.await.into_iter().map(|page| ids(page.expect("an answer"))).collect::<Vec<_>>()
        };
        sent();
        let (without, with, of_users, of_robots, ids) = tokio::join!(
            world.find_together(&queries),
            world.find_together(&with),
            ids_of_other(users, ["a", "r"]),
            ids_of_other(robots, ["a", "r"]),
            join_all([a, world.users[1].id].map(|id| world.get(id))),
        );
        assert_eq!(
            (without, with),
            (vec!["1: a".to_owned(), "1: b".into()], vec!["1: a in 1".into(), "1: b in 0".into()])
        );
        assert_eq!((of_users, of_robots), (vec![vec![user], vec![]], vec![vec![robot], vec![r]]));
        assert_eq!(ids, ["a", "b"]);
        let sent = sent();
        let count = |condition| sent.iter().filter(|statement| statement.contains(condition)).count();
        assert_eq!((count("= wanted.user_name_key"), count("= wanted.id")), (4, 1), "{sent:#?}");
    });
}

/// Each page there is of one, of none and of two, together and apart.
#[test]
fn pages_are_as_those_of_any_search() {
    on_one_thread(async {
        let world = World::new().await;
        world.create(vec![twin(&world), twin(&world)]).await;
        const EDGES: [usize; 4] = [0, 1, 2, usize::MAX];
        let sort_by = world.user_type().core_attribute("displayName").expect("an attribute");
        let mut queries = Vec::new();
        for (name, skip, count) in ["a", "nobody", "twin"]
            .into_iter()
            .flat_map(|name| EDGES.map(|skip| (name, skip)))
            .flat_map(|(name, skip)| EDGES.map(|count| (name, skip, count)))
        {
            let mut query = ResourceQuery {
                page: PageRequest::Index { skip, count },
                sort_order: SortOrder::Descending,
                ..world.named(name)
            };
            query.scopes[0].sort_by = (count == 1).then(|| sort_by.clone());
            queries.push(query);
        }
        let apart = world.find_apart(&queries).await;
        sent();
        assert_eq!(world.find_together(&queries).await, apart);
        let sent = sent();
        let together = sent.iter().filter(|statement| statement.contains("wanted.user_name_key")).count();
        assert_eq!(together, 1, "{sent:#?}");

        // By skip, and within that by count.
        let of = |name: usize| apart[name * 16..][..6].iter().map(String::as_str).collect::<Vec<_>>();
        assert_eq!(of(0), ["1:  …", "1: a", "1: a", "1: a", "1: ", "1: "]);
        assert_eq!(of(1), ["0: "; 6]);
        assert_eq!(of(2), ["2:  …", "2: twin …", "2: twin, twin", "2: twin, twin", "2:  …", "2: twin"]);
    });
}

#[test]
fn several_of_one_name_are_found_as_by_any_search() {
    on_one_thread(async {
        let world = World::new().await;
        world.create((0..3).map(|_| twin(&world)).collect()).await;
        let queries = ["twin", "a", "TWIN"].map(|name| world.named(name));
        sent();
        let found = world.find_together(&queries).await;
        assert_eq!(found, ["3: twin, twin, twin", "1: a", "3: twin, twin, twin"]);
        // The two read by themselves: one row as it were, then those few.
        check_sent(4, 1);
    });
}

#[test]
fn a_row_that_cannot_be_read_fails_nobody_else() {
    on_one_thread(async {
        let world = World::new().await;
        world.spoil(world.users[1].id).await;
        let queries = ["a", "b", "c"].map(|name| world.named(name));
        sent();
        let found = world.find_together(&queries).await;
        assert_eq!([&found[0], &found[2]], ["1: a", "1: c"]);
        assert!(found[1].starts_with("the store failed: "), "{found:?}");
        check_sent(3, 1);
    });
}

#[test]
fn other_searches_have_statements_of_their_own() {
    on_one_thread(async {
        let world = World::new().await;
        let users = world.user_type();
        let keyset = PageRequest::Keyset { position: None, direction: Direction::Ascending, count: 5 };
        let by_cursor = ResourceQuery { page: keyset, ..world.named("a") };
        let mut of_two = world.named("a");
        of_two.scopes.extend(of_two.scopes.clone());
        let others = ["userName eq \"a\" and id pr", "not (userName ne \"a\")", "userName sw \"a\""];
        let others =
            others.map(|filter| ResourceQuery { include: Include::NOTHING, ..search(users, filter) });
        for (query, expected) in
            [(by_cursor, "1: a"), (of_two, "2: a, a")].into_iter().chain(others.map(|query| (query, "1: a")))
        {
            sent();
            assert_eq!(world.find_together(&[query.clone(), query]).await, [expected; 2]);
            assert!(!sent().iter().any(|statement| statement.contains("wanted")), "{expected}");
        }
    });
}

#[test]
fn a_replica_is_asked_by_each() {
    on_one_thread(async {
        let with_replica = |url: &str| PostgresSettings { read_url: Some(url.to_owned()), ..settings(url) };
        let world = World::with(with_replica).await;
        let queries = ["a", "b"].map(|name| world.named(name));
        sent();
        assert_eq!(world.find_together(&queries).await, ["1: a", "1: b"]);
        check_sent(2, 0);
    });
}
