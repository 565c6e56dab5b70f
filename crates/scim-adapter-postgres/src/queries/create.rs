//! Creating resources, all of them or none.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::AsyncPgConnection;
use scim_domain::identifier::{ResourceId, Version};
use scim_domain::listing::Include;
use scim_domain::resource::Resource;
use scim_domain::tenant::Tenant;
use scim_ports::{NewResource, RefusedCreate, RepositoryError};
use uuid::Uuid;

use crate::document::Document;
use crate::error::Failure;
use crate::queries::unique::Claim;
use crate::queries::{members, relations, unique};
use crate::session::{Undone, begin, commit, execute, load};
use crate::sql::{Bind, Sql};
use crate::text::unique_digest;

/// Resources to be created, with what can be worked out before the transaction.
pub(crate) struct Batch<'a> {
    resources: &'a [NewResource],
    documents: Vec<Document>,
    claims: Vec<Vec<Claim>>,
}

/// The memberships that were made, and the claims that were free.
struct Granted {
    ids: HashSet<Uuid>,
    claims: HashSet<Claim>,
    memberships: HashSet<(ResourceId, ResourceId)>,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(tenant: &Tenant, resources: &'a [NewResource]) -> Self {
        let claims = |new: &NewResource| {
            new.unique_values.iter().map(|value| Claim::new(new.resource_type.name(), value)).collect()
        };
        Self {
            resources,
            documents: resources
                .iter()
                .map(|new| Document::new(tenant.id, &new.resource_type, &new.attributes))
                .collect(),
            claims: resources.iter().map(claims).collect(),
        }
    }

    /// Creates one resource that has no members, in a transaction that is sent as a whole: whatever
    /// of it fails takes the rest with it. `None` where it does not apply, or something that is to be
    /// unique is there already; nothing is created then.
    pub(crate) async fn in_one_trip(
        &self,
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        include: Include,
    ) -> Result<Option<Vec<Resource>>, Failure> {
        let ([new], [document], [claims]) =
            (self.resources, self.documents.as_slice(), self.claims.as_slice())
        else {
            return Ok(None);
        };
        if !new.members.is_empty() {
            return Ok(None);
        }
        let claims: Vec<(Claim, ResourceId)> = claims.iter().map(|claim| (claim.clone(), new.id)).collect();
        let (begun, inserted, claimed, committed) = futures_util::join!(
            begin(connection),
            execute(connection, insert_one(tenant, new, document)),
            unique::claim_all(connection, tenant.id, &claims),
            commit(connection),
        );
        // What comes after a failure fails for that alone.
        match begun.and(inserted).and(claimed).and(committed) {
            Ok(()) => {}
            Err(Failure::Taken(_)) => return Ok(None),
            Err(failure) => return Err(failure),
        }
        let mut created = self.created(include);
        relations::attach(connection, tenant, &mut created, include).await?;
        Ok(Some(created.into_iter().map(|(resource, _)| resource).collect()))
    }

    /// Creates them in one transaction.
    pub(crate) async fn create(
        &self,
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        include: Include,
    ) -> Result<Vec<Resource>, Undone<RefusedCreate>> {
        let mut claims: BTreeMap<&Claim, ResourceId> = BTreeMap::new();
        for (new, claimed) in self.resources.iter().zip(&self.claims) {
            for claim in claimed {
                claims.entry(claim).or_insert(new.id);
            }
        }
        let claims: Vec<(Claim, ResourceId)> =
            claims.into_iter().map(|(claim, id)| (claim.clone(), id)).collect();
        let (begun, ids, claims, memberships) = futures_util::join!(
            begin(connection),
            self.insert(connection, tenant),
            unique::claim(connection, tenant.id, &claims),
            self.add_members(connection, tenant),
        );
        begun?;
        self.check(&Granted { ids: ids?, claims: claims?, memberships: memberships? })
            .map_err(Undone::Refused)?;
        let mut created = self.created(include);
        let (attached, committed) = futures_util::join!(
            relations::attach(connection, tenant, &mut created, include),
            commit(connection)
        );
        attached?;
        committed?;
        Ok(created.into_iter().map(|(resource, _)| resource).collect())
    }

    async fn insert(
        &self,
        connection: &AsyncPgConnection,
        tenant: &Tenant,
    ) -> Result<HashSet<Uuid>, Failure> {
        let sql = match (self.resources, self.documents.as_slice()) {
            ([new], [document]) => insert_one(tenant, new, document),
            (resources, documents) => insert_many(tenant, resources, documents),
        }
        .with_text(" ON CONFLICT DO NOTHING RETURNING r.id");
        let ids: Vec<Uuid> = load(connection, sql.rows::<SqlUuid>()).await?;
        Ok(ids.into_iter().collect())
    }

    async fn add_members(
        &self,
        connection: &AsyncPgConnection,
        tenant: &Tenant,
    ) -> Result<HashSet<(ResourceId, ResourceId)>, Failure> {
        let mut by_types: BTreeMap<Vec<String>, Vec<(ResourceId, ResourceId)>> = BTreeMap::new();
        for new in self.resources.iter().filter(|new| !new.members.is_empty()) {
            by_types
                .entry(members::member_types(&new.resource_type))
                .or_default()
                .extend(new.members.iter().map(|member| (new.id, *member)));
        }
        let mut added = HashSet::new();
        for (types, memberships) in by_types {
            added.extend(members::add(connection, tenant.id, types, memberships).await?);
        }
        Ok(added)
    }

    /// Refuses the first resource that did not get all it asked for.
    fn check(&self, granted: &Granted) -> Result<(), RefusedCreate> {
        let mut claimed = HashSet::new();
        for (index, (new, claims)) in self.resources.iter().zip(&self.claims).enumerate() {
            let refuse = |error| Err(RefusedCreate { index, error });
            if !granted.ids.contains(&new.id.uuid()) {
                return refuse(RepositoryError::Uniqueness { attribute: "id".to_owned() });
            }
            let unknown: Vec<ResourceId> = new
                .members
                .iter()
                .filter(|member| !granted.memberships.contains(&(new.id, **member)))
                .copied()
                .collect();
            if !unknown.is_empty() {
                return refuse(RepositoryError::UnknownMembers { ids: unknown });
            }
            let is_taken = |claim: &&Claim| !granted.claims.contains(*claim) || claimed.contains(*claim);
            if let Some(taken) = claims.iter().find(is_taken) {
                return refuse(RepositoryError::Uniqueness { attribute: taken.attribute.clone() });
            }
            claimed.extend(claims);
        }
        Ok(())
    }

    fn created(&self, include: Include) -> Vec<(Resource, usize)> {
        // New resources are in no group but those that are created with them.
        let may_be_in_groups = self.resources.iter().any(|new| !new.members.is_empty());
        let created = |new: &NewResource| {
            let shows_groups = include.groups && new.resource_type.groups().is_some();
            let resource = Resource {
                id: new.id,
                resource_type: Arc::clone(&new.resource_type),
                attributes: new.attributes.clone(),
                version: Version::FIRST,
                created: new.at,
                last_modified: new.at,
                members: None,
                groups: (shows_groups && !may_be_in_groups).then(Vec::new),
            };
            (resource, new.members.len())
        };
        self.resources.iter().map(created).collect()
    }
}

fn insert_one(tenant: &Tenant, new: &NewResource, document: &Document) -> Sql {
    let mut sql = Sql::of(
        tenant.id,
        "INSERT INTO scim_resource AS r (tenant_id, id, resource_type, version, created_at, updated_at, \
         member_count, display, display_key, user_name_key, unique_digest, search_text, keys, payload) VALUES ($1, ",
    );
    sql.bind(Bind::id(new.id));
    sql.push(", ").bind(Bind::text(new.resource_type.name()));
    sql.push(", 1, ");
    let at = sql.bind(Bind::time(new.at));
    sql.push(", ").again(at).push(", ").bind(Bind::Integer(member_count(new)));
    sql.push(", ").bind(Bind::OptionalText(document.display.clone()));
    sql.push(", ").bind(Bind::OptionalText(document.display_key.clone()));
    sql.push(", ").bind(Bind::OptionalText(document.user_name_key.clone()));
    sql.push(", ").bind(Bind::Text(unique_digest(&new.unique_values)));
    sql.push(", ").bind(Bind::text(&document.search_text));
    sql.push(", ").bind(Bind::jsonb(document.keys.clone()));
    sql.push(", ").bind(Bind::json(document.payload.clone()));
    sql.push(")");
    sql
}

fn insert_many(tenant: &Tenant, resources: &[NewResource], documents: &[Document]) -> Sql {
    let texts =
        |text: fn(&Document) -> &String| Bind::Texts(documents.iter().map(|it| text(it).clone()).collect());
    let optional = |text: fn(&Document) -> &Option<String>| {
        Bind::OptionalTexts(documents.iter().map(|it| text(it).clone()).collect())
    };
    Sql::of(
        tenant.id,
        "INSERT INTO scim_resource AS r (tenant_id, id, resource_type, version, created_at, updated_at, \
         member_count, display, display_key, user_name_key, unique_digest, search_text, keys, payload) \
         SELECT $1, w.id, w.resource_type, 1, w.at, w.at, w.member_count, w.display, w.display_key, \
         w.user_name_key, w.unique_digest, w.search_text, w.keys::jsonb, w.payload::json FROM unnest(",
    )
    .with(Bind::Uuids(resources.iter().map(|new| new.id.uuid()).collect()), ", ")
    .with(Bind::Texts(resources.iter().map(|new| new.resource_type.name().to_owned()).collect()), ", ")
    .with(Bind::Times(resources.iter().map(|new| new.at.date_time()).collect()), ", ")
    .with(Bind::Integers(resources.iter().map(member_count).collect()), ", ")
    .with(optional(|it| &it.display), ", ")
    .with(optional(|it| &it.display_key), ", ")
    .with(optional(|it| &it.user_name_key), ", ")
    .with(Bind::Texts(resources.iter().map(|new| unique_digest(&new.unique_values)).collect()), ", ")
    .with(texts(|it| &it.search_text), ", ")
    .with(texts(|it| &it.keys), ", ")
    .with(
        texts(|it| &it.payload),
        ") AS w(id, resource_type, at, member_count, display, display_key, user_name_key, unique_digest, search_text, \
         keys, payload)",
    )
}

fn member_count(new: &NewResource) -> i64 {
    i64::try_from(new.members.len()).unwrap_or(i64::MAX)
}
