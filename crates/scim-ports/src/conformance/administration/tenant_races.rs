//! Many operators at once.

use std::sync::Arc;

use scim_domain::identifier::Version;

use crate::conformance::races::{WRITERS, all_at_once, report};
use crate::{RepositoryError, UpdateTenant};

use super::AdministrationHarness;
use super::world::{Office, slug_taken};

pub(super) async fn of_many_registrations_of_one_slug_one_succeeds(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let renamed = office.register("renamed").await;
    let results = all_at_once(harness, |number, reports| {
        let (office, renamed) = (Arc::clone(&office), renamed.clone());
        Box::pin(async move {
            let outcome = if number == 0 {
                let update = UpdateTenant { slug: Some("wanted".to_owned()), ..office.update_of(&renamed) };
                office.try_update(update).await.map(|record| record.id)
            } else {
                let new = office.new_tenant("wanted");
                let id = new.record.id;
                office.stores.tenants.tenant_create(new).await.map(|()| id)
            };
            report(&reports, outcome);
        })
    })
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, WRITERS - 1));
    lost.into_iter().for_each(slug_taken);
    let owner = office.tenant_called("wanted").await.map(|tenant| tenant.id);
    assert_eq!(owner, won.into_iter().find_map(Result::ok));
    let list = office.stores.tenants.tenant_list(None, 1000).await.expect("the store answers");
    assert_eq!(list.iter().filter(|record| record.slug == "wanted").count(), 1);
    assert_eq!(list.len(), if owner == Some(renamed.id) { 1 } else { 2 });
}

pub(super) async fn of_many_changes_of_a_tenant_at_one_version_one_succeeds(
    harness: &dyn AdministrationHarness,
) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let results = all_at_once(harness, |number, reports| {
        let (office, tenant) = (Arc::clone(&office), tenant.clone());
        Box::pin(async move {
            let name = Some(number.to_string());
            let update = UpdateTenant { display_name: name, ..office.update_of(&tenant) };
            report(&reports, office.try_update(update).await);
        })
    })
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, WRITERS - 1));
    for error in lost.into_iter().filter_map(Result::err) {
        let is_conflict =
            matches!(error, RepositoryError::VersionConflict { current } if current == Version::new(2));
        assert!(is_conflict, "{error:?}");
    }
    assert_eq!(office.record(tenant.id).await, won.into_iter().find_map(Result::ok));
}

pub(super) async fn no_change_of_a_tenant_is_lost_among_many_that_retry(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let known = office.records(tenant.id).await.len();
    all_at_once::<()>(harness, |number, _| {
        let (office, id) = (Arc::clone(&office), tenant.id);
        Box::pin(async move {
            loop {
                let now = office.record(id).await.expect("it is there");
                let name = format!("{} {number}", now.display_name);
                let update = UpdateTenant { display_name: Some(name), ..office.update_of(&now) };
                match office.try_update(update).await {
                    Ok(_) => return,
                    Err(RepositoryError::VersionConflict { current }) => assert!(current > now.version),
                    Err(other) => panic!("{other:?}"),
                }
            }
        })
    })
    .await;
    let now = office.record(tenant.id).await.expect("it is there");
    let added = now.display_name.strip_prefix(&tenant.display_name).expect("what was there before");
    let mut numbers: Vec<usize> = added.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    numbers.sort_unstable();
    assert!(numbers.into_iter().eq(0..WRITERS));
    assert_eq!(now.version, Version::new(65));
    assert_eq!(office.records(tenant.id).await.len() - known, WRITERS);
}
