//! Changing a resource.

mod together;

use std::collections::BTreeSet;
use std::sync::Arc;

use diesel::Queryable;
use diesel::sql_types::{BigInt, Bool, Json, Text, Timestamptz};
use diesel_async::AsyncPgConnection;
use scim_domain::identifier::{ResourceId, Timestamp};
use scim_domain::listing::Include;
use scim_domain::resource::{MemberChange, Resource, StoredResource};
use scim_domain::tenant::Tenant;
use scim_ports::{ExpectedVersion, RepositoryError, UpdateResource, Updated};
use time::OffsetDateTime;

use crate::document::Document;
use crate::error::Failure;
use crate::queries::audit::Changed;
use crate::queries::unique::Claim;
use crate::queries::{audit, members, relations, unique};
use crate::rows::{IS_IN_GROUP, Payload, count, version, version_number};
use crate::session::{Undone, begin, commit, execute, load};
use crate::sql::{Bind, Sql};
use crate::text::unique_digest;

/// A change, with what can be worked out before the transaction.
pub(crate) struct Change {
    update: UpdateResource,
    include: Include,
    content: Option<Content>,
}

struct Content {
    document: Document,
    claims: Vec<Claim>,
    digest: String,
}

#[derive(Queryable)]
struct Locked {
    version: i64,
    payload: Payload,
    unique_digest: String,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    member_count: i64,
    is_same_payload: bool,
}

#[derive(Queryable)]
struct Replaced {
    version: i64,
    created_at: OffsetDateTime,
    member_count: i64,
    is_in_group: bool,
}

/// What a change of members did: how many came in, and how many went.
struct MemberSteps {
    added: usize,
    removed: usize,
    not_added: BTreeSet<ResourceId>,
}

impl Change {
    pub(crate) fn new(tenant: &Tenant, update: UpdateResource, include: Include) -> Self {
        let content = update.attributes.as_ref().map(|(attributes, unique_values)| Content {
            document: Document::new(tenant.id, &update.resource_type, attributes),
            claims: unique_values
                .iter()
                .map(|value| Claim::new(update.resource_type.name(), value))
                .collect(),
            digest: unique_digest(unique_values),
        });
        Self { update, include, content }
    }

    /// The attributes as they are to be, where nothing else changes.
    fn content_alone(&self) -> Option<&Content> {
        self.content.as_ref().filter(|_| self.update.members.is_none())
    }

    /// Whether it may be made with others.
    pub(crate) fn is_of_attributes_alone(&self) -> bool {
        self.content_alone().is_some()
    }

    /// The change in one round trip: where only attributes change, and no unique value among them.
    /// `None` where it does not apply, for whatever reason; nothing is written then.
    ///
    /// Whether it applies is known when the transaction is over. The update therefore marks the row with the
    /// id of its audit record, by which the statement after it sees whether there is something to write down. (A
    /// statement that does both at once takes much longer on a cluster that keeps tenants on nodes of their own.)
    pub(crate) async fn in_one_trip(
        &self,
        connection: &AsyncPgConnection,
        tenant: &Tenant,
    ) -> Result<Option<Updated>, Failure> {
        let Some(content) = self.content_alone() else { return Ok(None) };
        let mut sql = Sql::of(tenant.id, "UPDATE scim_resource r SET version = r.version + 1, change_id = ");
        sql.bind(Bind::Uuid(self.update.audit.id.uuid()));
        sql.push(", ");
        let payload = self.set_content(&mut sql, content);
        sql.push(" WHERE r.tenant_id = $1 AND r.id = ").bind(Bind::id(self.update.id));
        sql.push(" AND r.resource_type = ").bind(Bind::text(self.update.resource_type.name()));
        sql.push(" AND r.unique_digest = ").bind(Bind::text(&content.digest));
        sql.push(" AND r.payload::text <> ").again(payload).push("::text");
        if let ExpectedVersion::OneOf(versions) = &self.update.expected {
            sql.push(" AND r.version = ANY(");
            sql.bind(Bind::Integers(versions.iter().copied().map(version_number).collect()));
            sql.push(")");
        }
        sql.push(" RETURNING r.version, r.created_at, r.member_count, ");
        sql.push(if self.shows_groups() { IS_IN_GROUP } else { "FALSE" });
        let changed = self.changed();
        let (begun, rows, noted, committed) = futures_util::join!(
            begin(connection),
            load::<_, Replaced>(connection, sql.rows::<(BigInt, Timestamptz, BigInt, Bool)>()),
            audit::insert_if_marked(connection, tenant.id, &changed, &self.update.audit),
            commit(connection),
        );
        begun?;
        let rows = rows?;
        noted?;
        committed?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let mut resources = vec![self.replaced(content, &row)?];
        // It is written: to run all of it again would write it twice.
        let attached = relations::attach(connection, tenant, &mut resources, self.include).await;
        attached.map_err(Failure::for_good)?;
        Ok(resources.pop().map(|resource| self.updated(resource)))
    }

    /// The resource whose row was replaced, without groups where it is in none, and how many members it has.
    fn replaced(&self, content: &Content, row: &Replaced) -> Result<(StoredResource, usize), Failure> {
        let resource = Resource {
            id: self.update.id,
            resource_type: Arc::clone(&self.update.resource_type),
            attributes: content.document.stored(),
            version: version(row.version)?,
            created: Timestamp::new(row.created_at),
            last_modified: self.update.at,
            members: None,
            groups: (self.shows_groups() && !row.is_in_group).then(Vec::new),
        };
        Ok((resource, count(row.member_count)?))
    }

    fn updated(&self, (resource, member_count): (StoredResource, usize)) -> Updated {
        Updated { resource, changed: true, member_count: self.shown_count(member_count) }
    }

    /// The change in a transaction. The row is locked before anything else, so that all changes of one
    /// resource come one after the other.
    pub(crate) async fn in_transaction(
        &self,
        connection: &AsyncPgConnection,
        tenant: &Tenant,
    ) -> Result<Updated, Undone<RepositoryError>> {
        let (begun, locked, steps) = futures_util::join!(
            begin(connection),
            self.lock(connection, tenant),
            self.change_members(connection, tenant)
        );
        begun?;
        let locked = locked?.ok_or(Undone::Refused(RepositoryError::NotFound))?;
        let current = version(locked.version)?;
        if !self.update.expected.allows(current) {
            return Err(Undone::Refused(RepositoryError::VersionConflict { current }));
        }
        let steps = steps?;
        self.check_members(connection, tenant, &steps.not_added).await?;
        if let Some(content) = self.content.as_ref().filter(|content| content.digest != locked.unique_digest)
        {
            self.change_unique_values(connection, tenant, content).await?;
        }
        let content = self.content.as_ref().filter(|_| !locked.is_same_payload);
        let changed = content.is_some() || steps.added > 0 || steps.removed > 0;
        let member_count =
            count(locked.member_count)?.saturating_add(steps.added).saturating_sub(steps.removed);
        let resource = Resource {
            id: self.update.id,
            resource_type: Arc::clone(&self.update.resource_type),
            attributes: content.map_or(locked.payload.0, |content| content.document.stored()),
            version: if changed { current.next() } else { current },
            created: Timestamp::new(locked.created_at),
            last_modified: if changed { self.update.at } else { Timestamp::new(locked.updated_at) },
            members: None,
            groups: None,
        };
        let mut resources = vec![(resource, member_count)];
        let records = changed.then(|| {
            self.changed().record(tenant.id, &self.update.audit, Some(current), Some(current.next()))
        });
        let (written, noted, attached, committed) = futures_util::join!(
            self.write(connection, tenant, content, changed, member_count),
            audit::insert(connection, tenant.id, records.as_slice()),
            relations::attach(connection, tenant, &mut resources, self.include),
            commit(connection),
        );
        written?;
        noted?;
        attached?;
        committed?;
        let Some((resource, _)) = resources.pop() else {
            return Err(Undone::Refused(RepositoryError::NotFound));
        };
        Ok(Updated { resource, changed, member_count: self.shown_count(member_count) })
    }

    fn changed(&self) -> Changed<'_> {
        Changed { resource_type: &self.update.resource_type, id: self.update.id, at: self.update.at }
    }

    fn shows_groups(&self) -> bool {
        self.include.groups && self.update.resource_type.groups().is_some()
    }

    fn shown_count(&self, member_count: usize) -> usize {
        if self.update.resource_type.members().is_some() { member_count } else { 0 }
    }

    async fn lock(&self, connection: &AsyncPgConnection, tenant: &Tenant) -> Result<Option<Locked>, Failure> {
        let mut sql = Sql::of(
            tenant.id,
            "SELECT r.version, r.payload, r.unique_digest, r.created_at, r.updated_at, r.member_count, ",
        );
        match &self.content {
            Some(content) => {
                sql.push("r.payload::text = ").bind(Bind::text(&content.document.payload));
            }
            None => {
                sql.push("TRUE");
            }
        }
        let sql = sql
            .with_text(" FROM scim_resource r WHERE r.tenant_id = $1 AND r.id = ")
            .with(Bind::id(self.update.id), " AND r.resource_type = ")
            .with(Bind::text(self.update.resource_type.name()), " FOR NO KEY UPDATE");
        let rows: Vec<Locked> =
            load(connection, sql.rows::<(BigInt, Json, Text, Timestamptz, Timestamptz, BigInt, Bool)>())
                .await?;
        Ok(rows.into_iter().next())
    }

    /// Done before it is known whether the change is allowed: if it is not, the transaction is undone.
    async fn change_members(
        &self,
        connection: &AsyncPgConnection,
        tenant: &Tenant,
    ) -> Result<MemberSteps, Failure> {
        let group = self.update.id;
        let (add, removed) = match &self.update.members {
            MemberChange::Delta { add, remove } => {
                (add, members::remove(connection, tenant.id, group, remove).await?)
            }
            MemberChange::Replace(wanted) => {
                (wanted, members::remove_others(connection, tenant.id, group, wanted).await?)
            }
        };
        let types = members::member_types(&self.update.resource_type);
        let memberships = add.iter().map(|member| (group, *member)).collect();
        let added = members::add(connection, tenant.id, types, memberships).await?;
        let not_added = add.iter().filter(|member| !added.contains(&(group, **member))).copied().collect();
        Ok(MemberSteps { added: added.len(), removed, not_added })
    }

    /// Who was not added is a member already, or is not there.
    async fn check_members(
        &self,
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        not_added: &BTreeSet<ResourceId>,
    ) -> Result<(), Undone<RepositoryError>> {
        if not_added.is_empty() {
            return Ok(());
        }
        let among = members::among(connection, tenant.id, self.update.id, not_added).await?;
        let unknown: Vec<ResourceId> = not_added.iter().filter(|id| !among.contains(id)).copied().collect();
        if unknown.is_empty() {
            return Ok(());
        }
        Err(Undone::Refused(RepositoryError::UnknownMembers { ids: unknown }))
    }

    async fn change_unique_values(
        &self,
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        content: &Content,
    ) -> Result<(), Undone<RepositoryError>> {
        let id = self.update.id;
        let claims: Vec<(&Claim, ResourceId)> = content.claims.iter().map(|claim| (claim, id)).collect();
        // Who released first and waited then could wait for somebody who waits for what is released.
        let (_, (), held) = futures_util::try_join!(
            unique::claim(connection, tenant.id, &claims),
            unique::release(connection, tenant.id, id, &content.claims),
            unique::held(connection, tenant.id, id),
        )?;
        match content.claims.iter().find(|claim| !held.contains(*claim)) {
            None => Ok(()),
            Some(taken) => {
                Err(Undone::Refused(RepositoryError::Uniqueness { attribute: taken.attribute.clone() }))
            }
        }
    }

    async fn write(
        &self,
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        content: Option<&Content>,
        changed: bool,
        member_count: usize,
    ) -> Result<(), Failure> {
        if !changed {
            return Ok(());
        }
        let mut sql =
            Sql::of(tenant.id, "UPDATE scim_resource r SET version = r.version + 1, member_count = ");
        sql.bind(Bind::Integer(i64::try_from(member_count).unwrap_or(i64::MAX)));
        sql.push(", ");
        match content {
            Some(content) => {
                self.set_content(&mut sql, content);
                sql.push(", unique_digest = ").bind(Bind::text(&content.digest));
            }
            None => {
                sql.push("updated_at = ").bind(Bind::time(self.update.at));
            }
        }
        sql.push(" WHERE r.tenant_id = $1 AND r.id = ").bind(Bind::id(self.update.id));
        execute(connection, sql).await
    }

    /// Writes the assignments of what follows from the document; answers the number of its payload.
    fn set_content(&self, sql: &mut Sql, content: &Content) -> usize {
        let document = &content.document;
        sql.push("updated_at = ").bind(Bind::time(self.update.at));
        sql.push(", display = ").bind(Bind::OptionalText(document.display.clone()));
        sql.push(", display_key = ").bind(Bind::OptionalText(document.display_key.clone()));
        sql.push(", user_name_key = ").bind(Bind::OptionalText(document.user_name_key.clone()));
        sql.push(", search_text = ").bind(Bind::text(&document.search_text));
        sql.push(", keys = ").bind(Bind::jsonb(document.keys.clone()));
        sql.push(", payload = ").bind(Bind::json(document.payload.clone()))
    }
}
