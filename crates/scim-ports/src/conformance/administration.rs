//! The kit for what operators change: tenants and their credentials, the audit log, the keys that sign
//! tokens, and the notices of all that.
//!
//! ```text
//! #[async_trait]
//! impl AdministrationHarness for MyHarness {
//!     async fn administration(&self) -> Administration { /* a store of its own */ }
//!     async fn in_time(&self, wait: BoxFuture<'_>) { /* such as tokio::time::timeout */ }
//! }
//!
//! scim_ports::administration_tests!(MyHarness, block_on);
//! ```

mod audit_log;
mod credentials;
mod notices;
mod signing_keys;
mod statistics;
mod tenant_races;
mod tenants;
mod world;

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    AuditRepository, ChangeNotices, CredentialRepository, ResourceRepository, SigningKeyRepository,
    TenantRegistry,
};

use super::{BoxFuture, Harness};

/// What an adapter that keeps everything gives for its tests.
#[async_trait]
pub trait AdministrationHarness: Harness {
    /// A store with nothing in it, which no other case uses: cases count all tenants, and there is one
    /// list of signing keys.
    async fn administration(&self) -> Administration;

    /// Waits for `wait`; panics where it takes longer than notices may (some seconds).
    async fn in_time(&self, wait: BoxFuture<'_>);
}

/// The ports of one store.
#[derive(Clone)]
pub struct Administration {
    /// The resources.
    pub resources: Arc<dyn ResourceRepository>,
    /// The registry of tenants.
    pub tenants: Arc<dyn TenantRegistry>,
    /// The credentials.
    pub credentials: Arc<dyn CredentialRepository>,
    /// The audit log.
    pub audit: Arc<dyn AuditRepository>,
    /// The keys that sign tokens.
    pub signing_keys: Arc<dyn SigningKeyRepository>,
    /// How changes are learnt of.
    pub notices: Arc<dyn ChangeNotices>,
}

kit! { $ administration_tests for AdministrationHarness by run_administration,
    tenants {
        a_tenant_is_read_back_as_it_was_registered,
        a_tenant_that_was_never_registered_is_not_there,
        a_slug_is_that_of_one_tenant,
        tenants_are_listed_in_the_order_of_their_ids,
        a_change_of_a_tenant_is_seen_at_once,
        a_tenant_is_deleted_at_the_version_expected_only,
        what_a_change_does_not_name_stays,
        definitions_are_replaced,
        errors_of_a_change_have_their_precedence,
        a_tenant_keeps_its_own_slug_and_frees_its_old_one,
        a_deleted_tenant_is_gone_at_once,
        purging_leaves_other_tenants_alone,
        writes_on_tenants_are_written_down,
        refused_writes_on_tenants_are_not_written_down,
    }
    tenant_races {
        of_many_registrations_of_one_slug_one_succeeds,
        of_many_changes_of_a_tenant_at_one_version_one_succeeds,
        no_change_of_a_tenant_is_lost_among_many_that_retry,
    }
    statistics {
        resources_are_counted_by_their_types,
        active_users_are_counted,
        the_last_write_is_known,
        a_tenant_that_is_not_there_has_no_figures,
        figures_of_all_tenants_are_added_up,
    }
    credentials {
        a_credential_is_read_back_as_it_was_created,
        a_credential_is_that_of_one_tenant,
        a_credential_needs_a_tenant,
        credentials_are_listed_in_the_order_of_their_ids,
        a_rotation_keeps_the_secret_before_for_a_while,
        a_deleted_credential_is_gone,
        a_deleted_tenant_has_no_credentials,
        uses_are_noted_forwards_only,
        writes_on_credentials_are_written_down,
        of_many_rotations_at_once_each_is_done,
    }
    audit_log {
        records_are_read_back_as_they_were_added,
        the_newest_records_come_first,
        records_are_filtered_as_the_domain_does,
        records_are_those_of_one_tenant,
        records_outlive_their_tenant,
        old_records_are_pruned,
    }
    signing_keys {
        keys_are_read_back_the_newest_first,
        a_key_is_added_after_the_one_that_is_the_newest,
        of_many_keys_added_at_once_one_is,
        keys_that_expired_are_removed,
    }
    notices {
        a_listener_hears_that_notices_arrive,
        writes_on_tenants_are_told,
        writes_on_credentials_are_told,
        a_new_signing_key_is_told,
        the_use_of_a_credential_is_not_told,
    }
}
