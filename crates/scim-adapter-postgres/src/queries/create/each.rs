//! Creating resources each by itself, many of them in one transaction.
//!
//! A transaction takes three round trips, however many resources it creates: what is taken already;
//! the rows, values and members of those that may succeed; the removal of those that did not, the
//! audit records of the others, and the end. Values are claimed in one statement, in the order that all transactions
//! keep, so that transactions that want the same values do not wait for each other in a circle.

use std::collections::HashSet;

use diesel_async::AsyncPgConnection;
use scim_domain::identifier::{ResourceId, TenantId};
use scim_domain::listing::Include;
use scim_domain::resource::StoredResource;
use scim_domain::tenant::Tenant;
use scim_ports::{NewResource, RepositoryError};

use crate::error::Failure;
use crate::queries::unique::Claim;
use crate::queries::{audit, relations, unique};
use crate::session::{Undone, commit, execute};
use crate::sql::{Bind, IS_ANY, Sql};

use super::{Draft, insert, taken_already};

/// The most resources of a transaction: it is over within some tenths of a second.
const MAX_RESOURCES: usize = 500;
/// The documents of a transaction come to little more than this.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Resources that are created in one transaction, each by itself.
pub(crate) struct Chunk {
    drafts: Vec<Draft>,
}

/// What became of one of them.
pub(crate) enum Fate {
    /// It is there.
    Created(StoredResource),
    /// It is not.
    Refused(RepositoryError),
    /// Nothing yet: it wants a value that one before it wants as well, which may fail for another reason.
    Open,
}

/// They cannot be created in one transaction: there is one whose id is in use.
#[derive(Debug)]
pub(crate) struct NotInOne;

impl Chunk {
    /// Takes as many from the front of `resources` as one transaction may create; `None` where there are none.
    pub(crate) fn take(tenant: TenantId, resources: &mut impl Iterator<Item = NewResource>) -> Option<Self> {
        let (mut drafts, mut bytes) = (Vec::new(), 0_usize);
        while drafts.len() < MAX_RESOURCES
            && bytes < MAX_BYTES
            && let Some(new) = resources.next()
        {
            let draft = Draft::new(tenant, new);
            bytes = bytes.saturating_add(draft.bytes());
            drafts.push(draft);
        }
        (!drafts.is_empty()).then_some(Self { drafts })
    }

    /// The resources, in their order.
    pub(crate) fn drafts(&self) -> &[Draft] {
        &self.drafts
    }

    /// Creates what can be created; answers the fate of each.
    pub(crate) async fn create(
        &self,
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        include: Include,
    ) -> Result<Vec<Fate>, Undone<NotInOne>> {
        let mut fates = self.sort_out(&self.taken(connection, tenant.id).await?);
        let candidates: Vec<&Draft> = self
            .drafts
            .iter()
            .zip(&fates)
            .filter_map(|(draft, fate)| fate.is_none().then_some(draft))
            .collect();
        if candidates.is_empty() {
            return Ok(fates.into_iter().flatten().collect());
        }
        let claims: Vec<(&Claim, ResourceId)> = candidates
            .iter()
            .flat_map(|draft| draft.claims.iter().map(|claim| (claim, draft.new.id)))
            .collect();
        let granted = insert(connection, tenant.id, &candidates, &claims).await?;
        if granted.ids.len() < candidates.len() {
            return Err(Undone::Refused(NotInOne));
        }
        let (mut created, mut records, mut losers) = (Vec::new(), Vec::new(), Vec::new());
        for (draft, fate) in self.drafts.iter().zip(&mut fates).filter(|(_, fate)| fate.is_none()) {
            match draft.check(&granted) {
                Ok(()) => {
                    created.push(draft.created(include, false));
                    records.push(draft.record(tenant.id));
                }
                Err(error) => {
                    losers.push(draft.new.id);
                    *fate = Some(Fate::Refused(error));
                }
            }
        }
        let (removed, noted, attached, committed) = futures_util::join!(
            remove(connection, tenant.id, &losers),
            audit::insert(connection, tenant.id, &records),
            relations::attach(connection, tenant, &mut created, include),
            commit(connection),
        );
        removed?;
        noted?;
        attached?;
        committed?;
        let mut created = created.into_iter().map(|(resource, _)| Fate::Created(resource));
        Ok(fates.into_iter().filter_map(|fate| fate.or_else(|| created.next())).collect())
    }

    /// The values that created resources have, by their fates.
    pub(crate) fn held(&self, fates: &[Fate]) -> HashSet<&Claim> {
        let created = |(draft, fate): (_, &Fate)| matches!(fate, Fate::Created(_)).then_some(draft);
        self.drafts.iter().zip(fates).filter_map(created).flat_map(|draft: &Draft| &draft.claims).collect()
    }

    /// Which values are taken. Only what has no members is asked for: unknown members count first.
    async fn taken(
        &self,
        connection: &AsyncPgConnection,
        tenant: TenantId,
    ) -> Result<HashSet<Claim>, Failure> {
        let alone = self.drafts.iter().filter(|draft| draft.new.members.is_empty());
        let claims: Vec<&Claim> = alone.flat_map(|draft| &draft.claims).collect();
        unique::taken(connection, tenant, &claims).await
    }

    /// Which fates are known before anything is written.
    fn sort_out(&self, taken: &HashSet<Claim>) -> Vec<Option<Fate>> {
        let mut wanted: HashSet<&Claim> = HashSet::new();
        let mut fates = Vec::with_capacity(self.drafts.len());
        for draft in &self.drafts {
            if let Some(refused) = draft.refused(|claim| taken.contains(claim)) {
                fates.push(Some(Fate::Refused(refused)));
                continue;
            }
            let has_rival = draft.claims.iter().any(|claim| wanted.contains(claim));
            wanted.extend(&draft.claims);
            fates.push(has_rival.then_some(Fate::Open));
        }
        fates
    }
}

impl Draft {
    /// Why it cannot be created, where one of its values is taken.
    pub(crate) fn refused(&self, is_taken: impl Fn(&Claim) -> bool) -> Option<RepositoryError> {
        if !self.new.members.is_empty() {
            return None;
        }
        self.claims.iter().find(|claim| is_taken(claim)).map(taken_already)
    }

    /// The values that it is to have.
    pub(crate) fn claims(&self) -> &[Claim] {
        &self.claims
    }
}

/// Removes what was inserted in vain; its members and its values go with it, by their foreign keys.
async fn remove(connection: &AsyncPgConnection, tenant: TenantId, ids: &[ResourceId]) -> Result<(), Failure> {
    if ids.is_empty() {
        return Ok(());
    }
    let sql = Sql::of(tenant, "DELETE FROM scim_resource r USING unnest(")
        .with(Bind::ids(ids), ") AS w(id) WHERE r.tenant_id = $1 AND r.id = w.id AND w.id");
    execute(connection, sql.with_text(IS_ANY)).await
}
