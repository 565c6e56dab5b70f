//! Creating and reading.

use scim_domain::identifier::Version;
use serde_json::json;

use crate::RepositoryError;

use super::Harness;
use super::world::{World, ids, read, shown};

pub(super) async fn a_created_resource_is_read_back_as_it_was_given(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let new = world.user_with(json!({
        "userName": "bjensen",
        "name": {"givenName": "Barbara", "familyName": "Jensen"},
        "active": true,
        "emails": [{"value": "b@example.com", "type": "work", "primary": true}, {"value": "b@home.example"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "Tours"},
    }));
    let created = world.create(new.clone()).await;
    assert_eq!(created.id, new.id);
    assert_eq!(created.resource_type.name(), "User");
    assert_eq!(read(&created).attributes, new.attributes);
    assert_eq!(created.version, Version::FIRST);
    assert_eq!((created.created, created.last_modified), (new.at, new.at));
    assert!(created.members.is_none(), "a user has no members");
    assert_eq!(created.groups.as_ref().map(Vec::len), Some(0), "nor is it in a group yet");
    assert_eq!(shown(&world.get(&created).await), shown(&created));
}

pub(super) async fn created_resources_are_answered_in_the_order_given(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let mut new: Vec<_> = ["a", "b", "c", "d"].into_iter().map(|name| world.user(name)).collect();
    new.reverse();
    let expected: Vec<_> = new.iter().map(|resource| resource.id).collect();
    let created = world.try_create(new).await.expect("they are created");
    assert_eq!(ids(&created), expected);
    assert!(world.try_create(Vec::new()).await.expect("nothing is created").is_empty());
}

pub(super) async fn what_was_never_created_is_not_there(harness: &dyn Harness) {
    let world = World::new(harness).await;
    assert!(world.try_get(&world.user_type(), world.id()).await.is_none());
    world.create(world.user("a")).await;
    assert!(world.try_get(&world.user_type(), world.id()).await.is_none());
}

pub(super) async fn a_resource_is_found_under_its_own_type_only(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    assert!(world.try_get(&world.group_type(), user.id).await.is_none());
    let as_group =
        scim_domain::resource::StoredResource { resource_type: world.group_type(), ..user.clone() };
    let update = world.update_to(&as_group, json!({"displayName": "x"}));
    assert!(matches!(world.try_update(update).await, Err(RepositoryError::NotFound)));
    let deletion = world.deletion_of(&as_group);
    assert!(matches!(world.try_delete(deletion).await, Err(RepositoryError::NotFound)));
    assert_eq!(shown(&world.get(&user).await), shown(&user));
}

pub(super) async fn all_are_created_or_none(harness: &dyn Harness) {
    let world = World::new(harness).await;
    world.create(world.user("taken")).await;
    let new = vec![world.user("a"), world.user("b"), world.user("TAKEN"), world.user("c")];
    let refused = world.try_create(new.clone()).await.expect_err("one of them is refused");
    assert_eq!(refused.index, 2);
    assert!(matches!(refused.error, RepositoryError::Uniqueness { attribute } if attribute == "userName"));
    let missing = world.id();
    let with_group = vec![world.user("a"), world.group("g", &[missing])];
    let refused = world.try_create(with_group.clone()).await.expect_err("one of them is refused");
    assert_eq!(refused.index, 1);
    for resource in new.iter().chain(&with_group) {
        assert!(world.try_get(&resource.resource_type, resource.id).await.is_none());
    }
    assert_eq!(world.matching(&world.user_type(), "userName pr").await.len(), 1);
    // What was refused has taken no unique value.
    world.create(world.user("a")).await;
}

pub(super) async fn unique_values_are_refused_by_their_keys(harness: &dyn Harness) {
    let world = World::new(harness).await;
    for (first, second, clash) in [
        ("bjensen", "BJensen", true),
        ("ｂａｂｓ", "BABS", true),
        ("Sigma ΣΊΣΥΦΟΣ", "sigma σίσυφος", true),
        ("straße", "strasse", false),
        ("a%", "ab", false),
        ("under_score", "underXscore", false),
    ] {
        world.create(world.user(first)).await;
        match world.try_create(vec![world.user(second)]).await {
            Ok(_) => assert!(!clash, "{second} is the same as {first}"),
            Err(refused) => {
                assert!(clash, "{second} is not the same as {first}");
                assert!(
                    matches!(&refused.error, RepositoryError::Uniqueness { attribute } if attribute == "userName"),
                    "{refused:?}"
                );
            }
        }
    }
}

pub(super) async fn unique_values_of_a_custom_type_are_refused(harness: &dyn Harness) {
    let world = World::new(harness).await;
    world.create(world.device(json!({"serialNumber": "Ab-1", "assetTag": "Straße"}))).await;
    // caseExact: another case is another serial number.
    world.create(world.device(json!({"serialNumber": "ab-1"}))).await;
    world.create(world.device(json!({"label": "without any unique value"}))).await;
    world.create(world.device(json!({"label": "and a second"}))).await;
    for (attributes, expected) in [
        (json!({"serialNumber": "Ab-1"}), "serialNumber"),
        (json!({"serialNumber": "new", "assetTag": "STRASSE"}), "assetTag"),
    ] {
        let refused = world.try_create(vec![world.device(attributes)]).await.expect_err("it is taken");
        assert!(matches!(&refused.error, RepositoryError::Uniqueness { attribute } if attribute == expected));
    }
    // One value in two attributes is no clash.
    world.create(world.device(json!({"assetTag": "Ab-1"}))).await;
}

pub(super) async fn unique_values_are_those_of_one_type(harness: &dyn Harness) {
    let world = World::new(harness).await;
    world.create(world.user("same")).await;
    world.create(world.device(json!({"serialNumber": "same"}))).await;
    world.create(world.group("same", &[])).await;
    world.create(world.group("same", &[])).await;
}

pub(super) async fn two_of_one_request_cannot_share_a_unique_value(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let new = vec![world.user("a"), world.user("b"), world.user("A")];
    let refused = world.try_create(new).await.expect_err("two have one name");
    assert_eq!(refused.index, 2, "the later one is refused");
    assert!(matches!(refused.error, RepositoryError::Uniqueness { .. }));
    assert!(world.matching(&world.user_type(), "userName pr").await.is_empty());
}

pub(super) async fn awkward_text_and_numbers_survive(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let new = world.device(json!({
        "serialNumber": "\"quoted\" \\back\\ 100%_ 'single' \u{1}\u{1f}\u{7f} \t\r\n",
        "label": "ß İ ı Σ ς 👩‍👩‍👧 \u{202e}rtl e\u{301} \u{fffd}\u{10ffff}",
        "ports": i64::MAX,
        "weight": 0.1,
        "firmware": "AAECAwQ=",
        "tags": ["", " ", "null", "\u{feff}"],
        "interfaces": [{"speed": i64::MIN}, {"speed": 9_007_199_254_740_993_i64}, {"value": "x".repeat(20_000)}],
        "purchased": "2024-02-29T13:00:00.123456789+02:00",
    }));
    let created = world.create(new.clone()).await;
    assert_eq!(read(&world.get(&created).await).attributes, new.attributes);
    for weight in [1e300, 5e-324, -0.000_123_456_789, 123_456_789.123_456_79, 1.0] {
        let device = world.create(world.device(json!({"weight": weight}))).await;
        assert_eq!(read(&world.get(&device).await).attributes.get("weight"), Some(&json!(weight)));
    }
}
