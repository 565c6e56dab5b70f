//! The registry of tenants.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use diesel_async::AsyncPgConnection;
use scim_domain::audit::{AuditEntry, AuditEvent, AuditTarget};
use scim_domain::identifier::{TenantId, Timestamp, Version};
use scim_domain::schema::TenantDefinitions;
use scim_domain::tenant::Tenant;
use scim_ports::{
    ChangeNotice, NewTenant, RepositoryError, Statistics, TenantRecord, TenantRegistry, TenantRepository,
    UpdateTenant,
};

use crate::compiled::CompiledSchemas;
use crate::error::Failure;
use crate::notices;
use crate::pool::{Lease, Pool};
use crate::queries::{audit, purge, statistics, tenants};
use crate::session::{Transaction, Undone, begin, execute, finish};
use crate::sql::Sql;

/// The tenants in PostgreSQL. Nothing is remembered of them but compiled schemas, which those with the
/// same definitions share for as long as somebody uses one.
#[derive(Clone)]
pub struct PostgresTenants {
    pool: Pool,
    schemas: Arc<CompiledSchemas>,
}

impl PostgresTenants {
    pub(crate) fn new(pool: Pool, schemas: Arc<CompiledSchemas>) -> Self {
        Self { pool, schemas }
    }

    /// Registers a tenant with its config, schemas and resource types, unless one with its id or its
    /// slug is there; answers whether it was registered. For what comes with the server itself: it is
    /// [`tenant_create`](TenantRegistry::tenant_create) without an audit record.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    pub async fn tenant_register(
        &self,
        tenant: &Tenant,
        display_name: &str,
        at: Timestamp,
    ) -> Result<bool, RepositoryError> {
        let creation = Creation {
            record: TenantRecord {
                id: tenant.id,
                slug: tenant.slug.clone(),
                display_name: display_name.to_owned(),
                active: tenant.active,
                preset: "rfc".to_owned(),
                config: (*tenant.config).clone(),
                version: Version::FIRST,
                created_at: at,
                updated_at: at,
            },
            definitions: TenantDefinitions::of(&tenant.schema),
            audit: None,
        };
        match creation.run(&self.pool, Some(tenant.id)).await {
            Ok(()) => Ok(true),
            Err(RepositoryError::Uniqueness { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn whole(&self, lease: &Lease, id: TenantId) -> Result<Option<Arc<Tenant>>, Failure> {
        let (shown, found) =
            futures_util::join!(lease.show_only(id), tenants::whole(lease.connection()?, id));
        shown?;
        let Some(row) = found? else { return Ok(None) };
        Ok(Some(Arc::new(Tenant {
            id,
            slug: row.slug,
            active: row.active,
            config: Arc::new(row.config.0),
            schema: self.schemas.get(&row.schemas, &row.resource_types)?,
        })))
    }

    async fn whole_of_slug(&self, lease: &Lease, slug: &str) -> Result<Option<Arc<Tenant>>, Failure> {
        let Some(id) = tenants::id_of(lease.connection()?, slug).await? else { return Ok(None) };
        // It may have been given another name in between.
        Ok(self.whole(lease, id).await?.filter(|tenant| tenant.slug == slug))
    }
}

#[async_trait]
impl TenantRepository for PostgresTenants {
    async fn tenant_by_id(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        let lease = self.pool.lease().await?;
        let found = self.whole(&lease, id).await;
        lease.after_read(found)
    }

    async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        let lease = self.pool.lease().await?;
        let found = self.whole_of_slug(&lease, slug).await;
        lease.after_read(found)
    }
}

#[async_trait]
impl TenantRegistry for PostgresTenants {
    async fn tenant_record(&self, id: TenantId) -> Result<Option<TenantRecord>, RepositoryError> {
        let lease = self.pool.lease().await?;
        let found = tenants::record(lease.connection()?, id, false).await;
        lease.after_read(found)
    }

    async fn tenant_list(
        &self,
        after: Option<TenantId>,
        limit: usize,
    ) -> Result<Vec<TenantRecord>, RepositoryError> {
        let lease = self.pool.lease().await?;
        let found = tenants::list(lease.connection()?, after, limit).await;
        lease.after_read(found)
    }

    async fn tenant_create(&self, tenant: NewTenant) -> Result<(), RepositoryError> {
        let NewTenant { record, definitions, audit } = tenant;
        let id = record.id;
        Creation { record, definitions, audit: Some(audit) }.run(&self.pool, Some(id)).await
    }

    async fn tenant_update(&self, update: UpdateTenant) -> Result<TenantRecord, RepositoryError> {
        update.run(&self.pool, Some(update.id)).await
    }

    async fn tenant_delete(
        &self,
        id: TenantId,
        expected: Version,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<(), RepositoryError> {
        Deletion { id, expected, at, audit }.run(&self.pool, Some(id)).await
    }

    /// Rows that somebody else holds at this time, another purge for instance, are passed over: they
    /// are not counted and left to the next call.
    async fn tenant_purge(&self, limit: usize) -> Result<usize, RepositoryError> {
        let lease = self.pool.lease().await?;
        let removed = purge::purge(&lease, limit).await;
        // After a failure there may be a transaction open, which ends with the connection.
        if removed.is_ok() {
            lease.give_back();
        }
        Ok(removed?)
    }

    /// Reads an index entry for each resource of the tenant, and the rows of its active users: some
    /// tenths of a second for a tenant of a million.
    async fn tenant_statistics(&self, id: TenantId) -> Result<Statistics, RepositoryError> {
        let lease = self.pool.lease().await?;
        let figures = statistics::of_tenant(&lease, id).await;
        lease.after_read(figures)
    }

    /// Reads an index entry for each resource of the tenant.
    async fn tenant_counts(&self, id: TenantId) -> Result<BTreeMap<String, u64>, RepositoryError> {
        let lease = self.pool.lease_for(id).await?;
        let counts = statistics::counts_of(lease.connection()?, id).await;
        lease.after_read(counts)
    }

    /// What [`tenant_statistics`](TenantRegistry::tenant_statistics) costs, once for each tenant, on one
    /// connection; small tenants cost a fraction of a millisecond each. Nothing is counted ahead, as every
    /// write would wait for its turn at the counter: whoever shows this often should remember it for a while.
    async fn statistics(&self) -> Result<(usize, Statistics), RepositoryError> {
        let lease = self.pool.lease().await?;
        let figures = statistics::of_all(&lease).await;
        lease.after_read(figures)
    }
}

/// A tenant to be created, with or without an audit record.
struct Creation {
    record: TenantRecord,
    definitions: TenantDefinitions,
    audit: Option<AuditEntry>,
}

/// A tenant to be deleted.
struct Deletion {
    id: TenantId,
    expected: Version,
    at: Timestamp,
    audit: AuditEntry,
}

fn slug_is_taken() -> Undone<RepositoryError> {
    Undone::Refused(RepositoryError::Uniqueness { attribute: "slug".to_owned() })
}

fn the_tenant(id: TenantId) -> AuditTarget {
    AuditTarget { resource_type: "tenant".to_owned(), id: id.to_string() }
}

/// Runs what is left of a change of a tenant, writes it down, sends word of it, and commits.
async fn finish_change(
    connection: &AsyncPgConnection,
    id: TenantId,
    event: Option<AuditEvent>,
    mut rest: Vec<Sql>,
) -> Result<(), Failure> {
    let events: Vec<_> = event.into_iter().collect();
    rest.push(notices::send(ChangeNotice::Tenant(id)));
    let (recorded, finished) =
        futures_util::join!(audit::insert(connection, id, &events), finish(connection, rest));
    recorded.and(finished)
}

#[async_trait]
impl Transaction for Creation {
    type Done = ();

    async fn attempt(&self, lease: &Lease) -> Result<(), Undone<RepositoryError>> {
        let connection = lease.connection()?;
        let record = &self.record;
        let (begun, inserted) = futures_util::join!(begin(connection), tenants::insert(connection, record));
        begun?;
        if !inserted? {
            return Err(slug_is_taken());
        }
        let rest = tenants::define(record.id, &self.definitions)?;
        let audit = self.audit.as_ref();
        let event = audit.map(|audit| {
            audit.record(record.id, record.created_at, the_tenant(record.id), None, Some(record.version))
        });
        Ok(finish_change(connection, record.id, event, rest).await?)
    }
}

#[async_trait]
impl Transaction for UpdateTenant {
    type Done = TenantRecord;

    async fn attempt(&self, lease: &Lease) -> Result<TenantRecord, Undone<RepositoryError>> {
        let connection = lease.connection()?;
        let (begun, locked) =
            futures_util::join!(begin(connection), tenants::record(connection, self.id, true));
        begun?;
        let mut record = locked?.ok_or(Undone::Refused(RepositoryError::NotFound))?;
        let current = record.version;
        if current != self.expected {
            return Err(Undone::Refused(RepositoryError::VersionConflict { current }));
        }
        fn set<T: Clone>(value: &mut T, new: &Option<T>) {
            if let Some(new) = new {
                value.clone_from(new);
            }
        }
        set(&mut record.slug, &self.slug);
        set(&mut record.display_name, &self.display_name);
        set(&mut record.active, &self.active);
        set(&mut record.config, &self.config);
        record.version = current.next();
        record.updated_at = self.at;
        // Nothing but the slug of this row is unique.
        match execute(connection, tenants::update(&record)?).await {
            Err(Failure::Taken(_)) => return Err(slug_is_taken()),
            outcome => outcome?,
        }
        let mut rest = Vec::new();
        if let Some(definitions) = &self.definitions {
            rest.extend(tenants::undefine(self.id));
            rest.extend(tenants::define(self.id, definitions)?);
        }
        let target = self.audit_target.clone().unwrap_or_else(|| the_tenant(self.id));
        let event = self.audit.record(self.id, self.at, target, Some(current), Some(record.version));
        finish_change(connection, self.id, Some(event), rest).await?;
        Ok(record)
    }
}

#[async_trait]
impl Transaction for Deletion {
    type Done = ();

    async fn attempt(&self, lease: &Lease) -> Result<(), Undone<RepositoryError>> {
        let connection = lease.connection()?;
        let (begun, deleted) = futures_util::join!(
            begin(connection),
            tenants::delete(connection, self.id, self.expected, self.at)
        );
        begun?;
        if !deleted? {
            let there = tenants::record(connection, self.id, false).await?;
            return Err(Undone::Refused(match there {
                Some(record) => RepositoryError::VersionConflict { current: record.version },
                None => RepositoryError::NotFound,
            }));
        }
        let event = self.audit.record(self.id, self.at, the_tenant(self.id), Some(self.expected), None);
        Ok(finish_change(connection, self.id, Some(event), Vec::new()).await?)
    }
}
