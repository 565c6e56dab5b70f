//! What a search finds, as rows.

use diesel::Queryable;
use diesel::sql_types::{BigInt, Bool, Json, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::rows::{Payload, ResourceRow};

/// A row with the total before it; all NULL where the page is empty.
pub(super) type FoundColumns = (
    BigInt,
    Nullable<SqlUuid>,
    Nullable<Text>,
    Nullable<Json>,
    Nullable<BigInt>,
    Nullable<Timestamptz>,
    Nullable<Timestamptz>,
    Nullable<BigInt>,
    Bool,
);

/// Such a row.
#[derive(Queryable)]
pub(super) struct FoundRow {
    pub(super) total: i64,
    id: Option<Uuid>,
    resource_type: Option<String>,
    payload: Option<Payload>,
    version: Option<i64>,
    created_at: Option<OffsetDateTime>,
    updated_at: Option<OffsetDateTime>,
    member_count: Option<i64>,
    is_in_group: bool,
}

impl FoundRow {
    /// The row without the total, if there is one.
    pub(super) fn into_row(self) -> Option<ResourceRow> {
        Some(ResourceRow {
            id: self.id?,
            resource_type: self.resource_type?,
            payload: self.payload?,
            version: self.version?,
            created_at: self.created_at?,
            updated_at: self.updated_at?,
            member_count: self.member_count?,
            is_in_group: self.is_in_group,
        })
    }
}
