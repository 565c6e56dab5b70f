//! Unique values: rows of their own, whose primary key is what keeps them unique.

use std::collections::HashSet;

use diesel::sql_types::Text;
use diesel_async::AsyncPgConnection;
use scim_domain::identifier::{ResourceId, TenantId};
use scim_domain::resource::UniqueValue;

use crate::error::Failure;
use crate::session::{execute, load};
use crate::sql::{Bind, Sql};
use crate::text::unique_key;

/// A unique value that a resource is to have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Claim {
    pub(crate) resource_type: String,
    pub(crate) attribute: String,
    pub(crate) key: String,
}

impl Claim {
    pub(crate) fn new(resource_type: &str, value: &UniqueValue) -> Self {
        Self {
            resource_type: resource_type.to_owned(),
            attribute: value.attribute.clone(),
            key: unique_key(&value.key).into_owned(),
        }
    }
}

/// Claims values for resources and answers those that were free. Waits for transactions that have
/// claimed or freed one of them and are not done. The order is the same in all transactions, so that
/// no two of them wait for each other over what they claim.
pub(crate) async fn claim(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    claims: &[(&Claim, ResourceId)],
) -> Result<HashSet<Claim>, Failure> {
    if claims.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = insertion(tenant, claims)
        .with_text(" ON CONFLICT DO NOTHING RETURNING v.resource_type, v.attribute, v.value_key");
    found(connection, sql).await
}

/// Which of `claims` are those of a resource now.
pub(crate) async fn taken(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    claims: &[&Claim],
) -> Result<HashSet<Claim>, Failure> {
    if claims.is_empty() {
        return Ok(HashSet::new());
    }
    let texts = |text| texts(claims.iter().copied(), text);
    let sql = Sql::of(tenant, "SELECT v.resource_type, v.attribute, v.value_key FROM unnest(")
        .with(texts(|claim| &claim.resource_type), ", ")
        .with(texts(|claim| &claim.attribute), ", ")
        .with(
            texts(|claim| &claim.key),
            ") AS w(resource_type, attribute, value_key) CROSS JOIN LATERAL (\
         SELECT v.resource_type, v.attribute, v.value_key FROM resource_unique_value v \
         WHERE v.tenant_id = $1 AND v.resource_type = w.resource_type AND v.attribute = w.attribute \
         AND v.value_key = w.value_key OFFSET 0) v",
        );
    found(connection, sql).await
}

/// Claims values for resources, all of them or, as [`Failure::Taken`], none.
pub(crate) async fn claim_all(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    claims: &[(&Claim, ResourceId)],
) -> Result<(), Failure> {
    if claims.is_empty() {
        return Ok(());
    }
    execute(connection, insertion(tenant, claims)).await
}

fn insertion(tenant: TenantId, claims: &[(&Claim, ResourceId)]) -> Sql {
    let mut sql = Sql::of(tenant, INSERTION);
    push_claims(&mut sql, claims);
    sql
}

/// What inserts rows `w`.
pub(super) const INSERTION: &str = "INSERT INTO resource_unique_value AS v (tenant_id, resource_type, attribute, value_key, resource_id) \
     SELECT $1, w.resource_type, w.attribute, w.value_key, w.resource_id FROM ";

/// Writes the claims as rows `w`, in the order that all transactions keep.
pub(super) fn push_claims(sql: &mut Sql, claims: &[(&Claim, ResourceId)]) {
    let mut sorted = claims.to_vec();
    sorted.sort_unstable();
    let texts = |text| texts(sorted.iter().map(|(claim, _)| *claim), text);
    sql.push("unnest(").bind(texts(|claim| &claim.resource_type));
    sql.push(", ").bind(texts(|claim| &claim.attribute));
    sql.push(", ").bind(texts(|claim| &claim.key));
    sql.push(", ").bind(Bind::Uuids(sorted.iter().map(|(_, id)| id.uuid()).collect()));
    sql.push(") AS w(resource_type, attribute, value_key, resource_id)");
}

/// Frees the values of a resource that are not among `kept`.
pub(crate) async fn release(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    id: ResourceId,
    kept: &[Claim],
) -> Result<(), Failure> {
    let sql =
        Sql::of(tenant, "DELETE FROM resource_unique_value v WHERE v.tenant_id = $1 AND v.resource_id = ")
            .with(
                Bind::id(id),
                " AND (v.attribute, v.value_key) NOT IN (SELECT w.attribute, w.value_key FROM unnest(",
            )
            .with(texts(kept, |claim| &claim.attribute), ", ")
            .with(texts(kept, |claim| &claim.key), ") AS w(attribute, value_key))");
    execute(connection, sql).await
}

/// The values that a resource has.
pub(crate) async fn held(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    id: ResourceId,
) -> Result<HashSet<Claim>, Failure> {
    let sql = Sql::of(
        tenant,
        "SELECT v.resource_type, v.attribute, v.value_key FROM resource_unique_value v \
         WHERE v.tenant_id = $1 AND v.resource_id = ",
    )
    .with(Bind::id(id), "");
    found(connection, sql).await
}

/// One part of each of some claims.
pub(super) fn texts<'a>(claims: impl IntoIterator<Item = &'a Claim>, text: fn(&Claim) -> &String) -> Bind {
    Bind::Texts(claims.into_iter().map(|claim| text(claim).clone()).collect())
}

async fn found(connection: &AsyncPgConnection, sql: Sql) -> Result<HashSet<Claim>, Failure> {
    let rows: Vec<(String, String, String)> = load(connection, sql.rows::<(Text, Text, Text)>()).await?;
    let claim = |(resource_type, attribute, key)| Claim { resource_type, attribute, key };
    Ok(rows.into_iter().map(claim).collect())
}
