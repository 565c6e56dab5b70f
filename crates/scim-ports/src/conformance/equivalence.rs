//! A store answers every query as the domain defines it.
//!
//! Resources, filters, sorts and pages are drawn from a seed. What the store answers is compared
//! with what [`TypedFilter::matches`] and [`SortKey`] make of the same resources in a list. A draw
//! that differs panics with its seed, its filter and its page, so that it can be drawn again.

mod draw;
mod filters;
mod resources;

use std::sync::Arc;

use scim_domain::filter::TypedFilter;
use scim_domain::listing::query::KeysetPosition;
use scim_domain::listing::{Direction, Include, PageRequest, QueryScope, ResourceQuery, SortKey, SortOrder};
use scim_domain::resource::Resource;
use scim_domain::schema::ResourceType;

use super::Harness;
use super::world::{World, bind, ids, query, read, shown};

pub use draw::Draw;
pub use filters::{filter, sort_by};
pub use resources::{attributes, text};

/// How much is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// How many resources of each type.
    pub resources: usize,
    /// How many queries on them.
    pub queries: usize,
}

pub(super) async fn a_store_answers_as_the_domain_does(harness: &dyn Harness) {
    for seed in 1..=3 {
        run(harness, seed, Extent { resources: 40, queries: 250 }).await;
    }
}

/// Draws from `seed` and compares.
pub async fn run(harness: &dyn Harness, seed: u64, extent: Extent) {
    let world = World::new(harness).await;
    let mut draw = Draw::new(seed);
    let types = [world.user_type(), world.group_type(), world.device_type()];
    populate(&world, &mut draw, &types, extent.resources).await;
    let mut stored = Vec::new();
    for resource_type in &types {
        let mut page = query(resource_type).into_query();
        page.page = PageRequest::Index { skip: 0, count: extent.resources };
        stored.extend(world.search(&page).await.resources.iter().map(read));
    }
    assert_eq!(stored.len(), extent.resources * types.len());
    let known: Vec<String> = stored.iter().map(|resource| resource.id.to_string()).collect();
    for number in 0..extent.queries {
        let (query, text) = draw_query(&mut draw, &types, &stored, &known);
        compare(&world, &stored, &query, &format!("seed {seed}, query {number}: {text}")).await;
    }
}

/// Fills the store by creations, changes and deletions.
async fn populate(world: &Arc<World>, draw: &mut Draw, types: &[Arc<ResourceType>; 3], count: usize) {
    let [user_type, group_type, device_type] = types;
    let create = async |draw: &mut Draw, resource_type: &Arc<ResourceType>, members: &[_]| {
        // A drawn unique value may be taken: then another one is drawn.
        loop {
            let attributes = attributes(draw, resource_type);
            let new = world.new_resource(Arc::clone(resource_type), attributes, members);
            if let Ok(mut created) = world.try_create(vec![new]).await {
                return created.pop().expect("it is answered");
            }
        }
    };
    let mut members = Vec::new();
    for _ in 0..count {
        // What is changed or deleted must leave nothing behind.
        let passing = create(draw, user_type, &[]).await;
        let user = create(draw, user_type, &[]).await;
        if draw.one_in(2) {
            while world.try_update(world.update_to(&user, attributes(draw, user_type))).await.is_err() {}
        }
        world.delete(&passing).await;
        create(draw, device_type, &[]).await;
        members.push(user.id);
    }
    for _ in 0..count {
        let chosen: Vec<_> = members.iter().copied().filter(|_| draw.one_in(8)).collect();
        let group = create(draw, group_type, &chosen).await;
        members.push(group.id);
        if draw.one_in(8) {
            let again = *draw.choose(&members);
            world.update(world.members_of(&group, &[again], &[])).await;
        }
    }
}

/// A query, and the text of its filter.
fn draw_query(
    draw: &mut Draw,
    types: &[Arc<ResourceType>],
    stored: &[Resource],
    known: &[String],
) -> (ResourceQuery, String) {
    let is_root = draw.one_in(5);
    let shown = draw.choose(types);
    let chosen: Vec<&Arc<ResourceType>> = if is_root { types.iter().collect() } else { vec![shown] };
    let text = (!draw.one_in(8)).then(|| filter(draw, shown, known));
    // A root query may compare what another type defines otherwise: such a filter is refused
    // before it comes to a store, so the other types have none then.
    let scopes: Vec<QueryScope> = {
        let sort_by = draw.one_in(2).then(|| sort_by(draw, shown));
        let scope = |resource_type: &Arc<ResourceType>| QueryScope {
            resource_type: Arc::clone(resource_type),
            filter: text.as_ref().and_then(|text| {
                let is_shown = Arc::ptr_eq(resource_type, shown);
                (is_shown || filters::fits(resource_type, text)).then(|| bind(resource_type, text))
            }),
            sort_by: sort_by.as_ref().and_then(|path| resource_type.attribute_at(path)),
        };
        chosen.into_iter().map(scope).collect()
    };
    let sort_order = if draw.one_in(2) { SortOrder::Ascending } else { SortOrder::Descending };
    let count = draw.below(stored.len() + 2);
    let page = if draw.one_in(2) {
        PageRequest::Index { skip: draw.below(stored.len() + 2), count }
    } else {
        let resource = draw.choose(stored);
        let sort_by = scopes.iter().find(|scope| Arc::ptr_eq(&scope.resource_type, &resource.resource_type));
        let sort_by = sort_by.and_then(|scope| scope.sort_by.as_ref());
        let sort_key = sort_by.and_then(|sort_by| SortKey::of(resource, sort_by));
        let position = (!draw.one_in(5)).then_some(KeysetPosition { sort_key, id: resource.id });
        let direction = if draw.one_in(2) { Direction::Ascending } else { Direction::Descending };
        PageRequest::Keyset { position, direction, count: count.max(1) }
    };
    let include = if draw.one_in(4) { Include::EVERYTHING } else { Include::NOTHING };
    (ResourceQuery { scopes, sort_order, page, include }, text.unwrap_or_default())
}

/// What the domain makes of a query: the whole result in its order.
fn expected<'a>(stored: &'a [Resource], query: &ResourceQuery) -> Vec<(Option<SortKey>, &'a Resource)> {
    let mut result: Vec<(Option<SortKey>, &Resource)> = Vec::new();
    for scope in &query.scopes {
        let of_type =
            stored.iter().filter(|resource| resource.resource_type.name() == scope.resource_type.name());
        let matches = |resource: &&Resource| {
            scope.filter.as_ref().is_none_or(|filter: &TypedFilter| filter.matches(resource))
        };
        let key = |resource| scope.sort_by.as_ref().and_then(|sort_by| SortKey::of(resource, sort_by));
        result.extend(of_type.filter(matches).map(|resource| (key(resource), resource)));
    }
    result.sort_by(|left, right| {
        let keys = SortKey::compare(left.0.as_ref(), right.0.as_ref());
        query.sort_order.apply(keys).then_with(|| left.1.id.cmp(&right.1.id))
    });
    result
}

async fn compare(world: &World, stored: &[Resource], query: &ResourceQuery, context: &str) {
    let result = expected(stored, query);
    let context = format!("{context} {:?} {:?}", query.page, query.sort_order);
    let (page, has_more) = match &query.page {
        PageRequest::Index { skip, count } => {
            let page: Vec<_> = result.iter().skip(*skip).take(*count).collect();
            (page, skip.saturating_add(*count) < result.len())
        }
        PageRequest::Keyset { position, direction, count } => {
            let is_away = |(key, resource): &&(Option<SortKey>, &Resource)| {
                position.as_ref().is_none_or(|position| {
                    let keys = SortKey::compare(key.as_ref(), position.sort_key.as_ref());
                    let place = query.sort_order.apply(keys).then_with(|| resource.id.cmp(&position.id));
                    direction.apply(place).is_gt()
                })
            };
            let away: Vec<_> = result.iter().filter(is_away).collect();
            let page = match direction {
                Direction::Ascending => away.iter().take(*count).copied().collect(),
                Direction::Descending => away[away.len().saturating_sub(*count)..].to_vec(),
            };
            (page, away.len() > *count)
        }
    };
    let answer = world.search(query).await;
    let expected_ids: Vec<_> = page.iter().map(|(_, resource)| resource.id).collect();
    assert_eq!(ids(&answer.resources), expected_ids, "{context}");
    assert_eq!(answer.total_results, result.len(), "the total: {context}");
    assert_eq!(answer.has_more, has_more, "whether there is more: {context}");
    for (answered, (_, stored)) in answer.resources.iter().zip(page) {
        let mut stored = Resource::clone(stored);
        if query.include == Include::NOTHING {
            (stored.members, stored.groups) = (None, None);
        }
        assert_eq!(shown(answered), shown(&stored.into()), "{context}");
    }
}
