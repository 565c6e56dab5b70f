//! The kit that proves an adapter: one named case for each promise of the traits.
//!
//! There are two kits. This one is about resources, for every adapter; [`administration`] is about
//! tenants, credentials, the audit log, signing keys and change notices, for those that keep them as well.
//!
//! An adapter implements [`Harness`] in its tests and asks for one test a case:
//!
//! ```text
//! struct MyHarness;
//!
//! #[async_trait]
//! impl Harness for MyHarness {
//!     async fn stores(&self, tenants: &[Arc<Tenant>]) -> Stores { /* register the tenants */ }
//!     fn spawn(&self, task: BoxFuture<'static>) -> BoxFuture<'static> { /* such as tokio::spawn */ }
//! }
//!
//! fn block_on(test: impl Future<Output = ()>) { /* run it on the runtime of your choice */ }
//!
//! scim_ports::conformance_tests!(MyHarness, block_on);
//! ```
//!
//! A case that does not hold panics, with what it expected. Cases share nothing: each makes tenants
//! of its own, so they may run at the same time on one database.
//!
//! [`equivalence`] can also be run at length: it compares an adapter with the domain's own
//! evaluator on resources, filters, sorts and pages that it draws from a seed.

/// What a kit is made of: `Case`, `CASES`, `run`, `run_all`, and the macro that makes tests of the cases.
macro_rules! kit {
    ($dollar:tt $tests:ident for $harness:ident by $run:ident, $($module:ident { $($name:ident,)* })*) => {
        /// One promise, as a test.
        #[derive(Clone, Copy)]
        pub struct Case {
            /// Its name, a sentence.
            pub name: &'static str,
            /// Runs it; panics where the promise is not kept.
            pub run: for<'a> fn(&'a dyn $harness) -> BoxFuture<'a>,
        }

        /// Every case.
        pub const CASES: &[Case] = &[$($(
            Case { name: stringify!($name), run: |harness| Box::pin($module::$name(harness)) },
        )*)*];

        /// Runs every case, one after the other.
        pub async fn run_all(harness: &dyn $harness) {
            for case in CASES {
                (case.run)(harness).await;
            }
        }

        /// Runs the case of this name.
        pub async fn $run(harness: &dyn $harness, name: &str) {
            let case = CASES.iter().find(|case| case.name == name).expect("there is such a case");
            (case.run)(harness).await;
        }

        /// Makes a `#[test]` of each case: the first argument is an expression that makes a
        /// harness, the second a function that runs a future to its end.
        #[macro_export]
        macro_rules! $tests {
            ($dollar harness:expr, $dollar block_on:expr) => {$($(
                #[test]
                fn $name() {
                    let harness = $dollar harness;
                    $dollar block_on($crate::conformance::$run(&harness, stringify!($name)));
                }
            )*)*};
        }
    };
}

mod auditing;
mod creating;
mod creating_each;
mod deleting;
mod filtering;
mod including;
mod keeping;
mod membership;
mod paging;
mod races;
mod reindexing;
mod sorting;
mod tenancy;
mod updating;
mod walking;
mod world;

pub mod administration;
pub mod equivalence;

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use scim_domain::tenant::Tenant;

use crate::{AuditRepository, ResourceRepository, TenantRepository};

pub use administration::run_administration;
pub use world::{audit_entry, new_tenant, tenant};

/// A future that may move between threads.
pub type BoxFuture<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// What an adapter gives for its tests.
#[async_trait]
pub trait Harness: Send + Sync {
    /// Stores in which exactly these tenants are registered, or these beside others, and have no
    /// resources yet.
    async fn stores(&self, tenants: &[Arc<Tenant>]) -> Stores;

    /// Starts `task` beside the one that calls, on another thread where there is one. The answer is
    /// ready when the task has ended, and panics where the task did.
    fn spawn(&self, task: BoxFuture<'static>) -> BoxFuture<'static>;
}

/// The stores under test.
#[derive(Clone)]
pub struct Stores {
    /// The resources.
    pub resources: Arc<dyn ResourceRepository>,
    /// The registry of tenants.
    pub tenants: Arc<dyn TenantRepository>,
    /// Where the changes of resources are written down.
    pub audit: Arc<dyn AuditRepository>,
}

kit! { $ conformance_tests for Harness by run,
    creating {
        a_created_resource_is_read_back_as_it_was_given,
        created_resources_are_answered_in_the_order_given,
        what_was_never_created_is_not_there,
        a_resource_is_found_under_its_own_type_only,
        all_are_created_or_none,
        unique_values_are_refused_by_their_keys,
        unique_values_of_a_custom_type_are_refused,
        unique_values_are_those_of_one_type,
        two_of_one_request_cannot_share_a_unique_value,
        awkward_text_and_numbers_survive,
    }
    creating_each {
        each_is_created_by_itself_in_order,
        each_of_many_is_refused_by_itself,
        creating_each_is_creating_them_one_by_one,
    }
    updating {
        versions_count_up_by_one,
        a_change_of_nothing_keeps_the_version,
        an_update_is_answered_as_it_is_read,
        an_update_expects_one_of_several_versions,
        an_update_of_nothing_there_is_not_found,
        errors_have_their_precedence,
        a_refused_update_writes_nothing,
        a_unique_value_is_free_when_it_is_changed,
        a_unique_value_is_free_when_it_is_given_up,
        a_resource_keeps_its_own_unique_value,
    }
    deleting {
        a_deleted_resource_is_gone,
        a_deletion_expects_a_version,
        a_deleted_resource_frees_its_unique_values,
        a_deleted_member_leaves_its_groups_which_change,
        a_deleted_group_releases_its_members,
        a_deleted_member_of_itself_is_gone,
    }
    keeping {
        what_is_put_aside_is_not_shown_again,
        what_is_put_aside_frees_its_unique_values,
        what_is_put_aside_leaves_its_groups_and_members,
        putting_aside_expects_a_version,
    }
    auditing {
        a_creation_is_written_down,
        a_change_is_written_down_with_both_versions,
        a_deletion_is_written_down_with_the_version_before,
        what_changes_nothing_is_not_written_down,
        what_is_refused_is_not_written_down,
        each_change_of_many_at_once_is_written_down,
        a_tenant_has_its_own_records,
    }
    membership {
        members_come_and_go_by_name,
        members_are_replaced,
        a_member_change_that_changes_nothing_keeps_the_version,
        attributes_and_members_change_in_one_version,
        resources_created_together_may_be_members_of_one_another,
        unknown_members_are_all_named,
        members_of_the_wrong_type_are_unknown,
        what_is_no_group_has_no_members,
        members_show_their_type_and_display_of_now,
        a_change_of_a_member_is_no_change_of_its_group,
        groups_are_direct_and_indirect,
        circles_of_groups_do_no_harm,
        a_group_of_many_counts_its_members,
    }
    including {
        only_what_is_asked_for_is_read,
        members_are_read_up_to_a_limit,
        a_search_reads_what_a_get_reads,
    }
    reindexing {
        a_value_that_becomes_unique_is_taken,
        a_value_that_is_no_longer_unique_is_free,
        values_that_become_equal_are_found_and_taken,
        values_that_are_no_longer_equal_are_apart,
        of_several_that_have_a_unique_value_one_keeps_it,
        a_reindex_changes_nothing_else,
        a_reindex_goes_in_steps,
    }
    tenancy {
        tenants_are_found_by_id_and_by_slug,
        another_tenant_sees_nothing,
        another_tenant_writes_nothing,
        another_tenants_resources_are_unknown_members,
        unique_values_are_those_of_one_tenant,
        a_store_answers_when_it_is_well,
    }
    filtering {
        filters_on_text,
        filters_on_several_values,
        filters_on_extensions_and_common_attributes,
        filters_on_numbers_dates_and_custom_types,
        filters_on_members,
        filters_on_groups,
        filters_see_every_write,
        filters_of_a_root_query_are_those_of_each_type,
    }
    sorting {
        without_a_sort_the_order_is_that_of_ids,
        text_is_sorted_by_its_keys_and_absence_comes_last,
        numbers_dates_and_booleans_are_sorted_by_what_they_mean,
        several_values_are_sorted_by_the_primary_one,
        a_root_query_sorts_types_together,
    }
    paging {
        pages_by_position,
        a_count_of_zero_asks_for_the_total,
        pages_by_cursor_go_both_ways,
        a_cursor_holds_when_its_resource_is_gone,
        pages_of_two_types_are_merged,
        pages_of_many,
    }
    walking {
        a_walk_meets_what_stays_exactly_once,
        a_sorted_walk_meets_what_stays_exactly_once,
    }
    races {
        of_many_writers_at_one_version_one_succeeds,
        of_many_creations_of_one_name_one_succeeds,
        no_member_is_lost_among_many_writers,
        no_change_is_lost_among_many_writers_that_retry,
        members_deleted_while_they_are_added_leave_no_trace,
    }
    equivalence {
        a_store_answers_as_the_domain_does,
    }
}
