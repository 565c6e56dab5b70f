//! The query that a store answers, bound to the schema, and the page that it gives.

use std::sync::Arc;

use crate::attribute::AttributeRef;
use crate::filter::TypedFilter;
use crate::identifier::ResourceId;
use crate::resource::StoredResource;
use crate::schema::ResourceType;

use super::sort::{Direction, SortKey, SortOrder};

/// A query on one or more resource types of a tenant.
#[derive(Debug, Clone)]
pub struct ResourceQuery {
    /// The types asked for, each with the filter as it reads for that type.
    pub scopes: Vec<QueryScope>,
    /// Which way `sort_by` sorts. Ties, and everything where no scope has a `sort_by`, are in the order of ids.
    pub sort_order: SortOrder,
    /// Which part of the result.
    pub page: PageRequest,
    /// What to read beside the stored attributes.
    pub include: Include,
}

/// One resource type in a query.
#[derive(Debug, Clone)]
pub struct QueryScope {
    /// The type.
    pub resource_type: Arc<ResourceType>,
    /// What its resources have to match; all of them where there is none.
    pub filter: Option<TypedFilter>,
    /// The attribute to sort by; a type that does not have it counts as absent.
    pub sort_by: Option<AttributeRef>,
}

/// Which part of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum PageRequest {
    /// By position (RFC 7644 §3.4.2.4). `count` 0 asks for the total alone.
    Index {
        /// How many resources come before the page: `startIndex` less one.
        skip: usize,
        /// At most this many.
        count: usize,
    },
    /// By cursor (RFC 9865): the resources next to a position, in the direction given.
    Keyset {
        /// Where the last page ended; `None` for the first page.
        position: Option<KeysetPosition>,
        /// Away from the position, towards the end (`Ascending`) or the start (`Descending`) of the result.
        direction: Direction,
        /// At most this many.
        count: usize,
    },
}

/// A place in an ordered result: that of a resource with this sort key and id, whether or not it still is there.
#[derive(Debug, Clone, PartialEq)]
pub struct KeysetPosition {
    /// The sort key; `None` where nothing is sorted by, or the resource has no value.
    pub sort_key: Option<SortKey>,
    /// The id.
    pub id: ResourceId,
}

/// What to read beside a resource's stored attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Include {
    /// The members of groups.
    pub members: MemberInclude,
    /// The groups that a resource is in, where its type shows them.
    pub groups: bool,
}

/// How many members to read with a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberInclude {
    /// None of them.
    None,
    /// All of them, or none where there are more than this.
    UpTo(usize),
    /// All of them.
    All,
}

impl Include {
    /// Stored attributes only.
    pub const NOTHING: Self = Self { members: MemberInclude::None, groups: false };
    /// Everything.
    pub const EVERYTHING: Self = Self { members: MemberInclude::All, groups: true };
}

/// The part of a result that was asked for.
#[derive(Debug, Clone)]
pub struct ResourcePage {
    /// How many resources match, on all pages.
    pub total_results: usize,
    /// The resources of this page, always in the order of the result, whichever way it was reached.
    pub resources: Vec<StoredResource>,
    /// Whether the result goes on beyond this page in the direction in which it was asked for.
    pub has_more: bool,
}
