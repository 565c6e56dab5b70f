//! Resources as rows.

use std::sync::Arc;

use diesel::Queryable;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::{BigInt, Bool, Json, Text, Timestamptz, Uuid as SqlUuid};
use scim_domain::identifier::{ResourceId, Timestamp, Version};
use scim_domain::listing::Include;
use scim_domain::resource::{Resource, StoredAttributes, StoredResource};
use scim_domain::schema::ResourceType;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::{Failure, unreadable};

/// The columns of [`ResourceRow`] but the last, of a table or sub-query with the alias `r`.
pub(crate) const RESOURCE_COLUMNS: &str =
    "r.id, r.resource_type, r.payload, r.version, r.created_at, r.updated_at, r.member_count";

/// The last, where groups are asked for: so that who is in none takes no other statement. With OFFSET 0 each is
/// looked up, and not all memberships of the tenant are read.
pub(crate) const IS_IN_GROUP: &str =
    "EXISTS (SELECT 1 FROM resource_member m WHERE m.tenant_id = $1 AND m.member_id = r.id OFFSET 0)";

/// The types of all of them.
pub(crate) type ResourceColumns = (SqlUuid, Text, Json, BigInt, Timestamptz, Timestamptz, BigInt, Bool);

/// A resource as it is stored.
#[derive(Debug, Queryable)]
pub(crate) struct ResourceRow {
    pub(crate) id: Uuid,
    pub(crate) resource_type: String,
    pub(crate) payload: Payload,
    pub(crate) version: i64,
    pub(crate) created_at: OffsetDateTime,
    pub(crate) updated_at: OffsetDateTime,
    pub(crate) member_count: i64,
    pub(crate) is_in_group: bool,
}

/// A document, as the text that it is stored as.
#[derive(Debug, FromSqlRow)]
pub(crate) struct Payload(pub(crate) StoredAttributes);

impl FromSql<Json, Pg> for Payload {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(StoredAttributes::new(str::from_utf8(value.as_bytes())?)))
    }
}

impl ResourceRow {
    /// The resource, and how many members it has. Members are not read yet, and groups only where
    /// they are asked for and it is in none.
    pub(crate) fn into_resource(
        self,
        resource_type: Arc<ResourceType>,
        include: Include,
    ) -> Result<(StoredResource, usize), Failure> {
        let shows_groups = include.groups && resource_type.groups().is_some();
        let resource = Resource {
            id: ResourceId::new(self.id),
            resource_type,
            attributes: self.payload.0,
            version: version(self.version)?,
            created: Timestamp::new(self.created_at),
            last_modified: Timestamp::new(self.updated_at),
            members: None,
            groups: (shows_groups && !self.is_in_group).then(Vec::new),
        };
        Ok((resource, count(self.member_count)?))
    }
}

/// The version that a column holds.
pub(crate) fn version(number: i64) -> Result<Version, Failure> {
    u64::try_from(number).map(Version::new).map_err(unreadable)
}

/// The count that a column holds.
pub(crate) fn count(number: i64) -> Result<usize, Failure> {
    usize::try_from(number).map_err(unreadable)
}

/// The number that a column holds a version as; the highest one for versions that nothing is at.
pub(crate) fn version_number(version: Version) -> i64 {
    i64::try_from(version.number()).unwrap_or(i64::MAX)
}
