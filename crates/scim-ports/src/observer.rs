//! What an operator is shown of a service while it runs.
//!
//! The application tells an [`Observer`] what it did; what becomes of that (metrics, as a rule) is the
//! observer's. Where time is spent is told by spans of the `tracing` crate, whose target is [`SPANS`].

/// The target of the spans that make up traces: a use case, a query. They are no part of the log.
pub const SPANS: &str = "scim::span";

/// Hears of what the service does. Every method MUST return quickly, and is called from many threads.
///
/// Each does nothing unless it is implemented.
pub trait Observer: Send + Sync {
    /// A use case on resources of this type of a tenant, whose slug is given, came to an end.
    fn operation(&self, _tenant: &str, _resource_type: &str, _operation: Operation, _outcome: Outcome) {}

    /// Somebody tried to be let in.
    fn authentication(&self, _outcome: Outcome) {}

    /// A token's secret was looked for among those that are known to be right or wrong, which spares hashing it.
    fn credential_cache(&self, _outcome: CacheOutcome) {}

    /// So many tokens' secrets are known now.
    fn credentials_cached(&self, _count: usize) {}

    /// A tenant or a credential was looked for among those that are remembered, which spares the store.
    fn cache(&self, _outcome: CacheOutcome) {}

    /// An operation of a bulk request came to an end.
    fn bulk_operation(&self, _outcome: Outcome) {}

    /// Whether [`population`](Self::population) is wanted: it takes counting.
    fn wants_population(&self) -> bool {
        false
    }

    /// How many users and groups every tenant has.
    fn population(&self, _tenants: &[TenantPopulation]) {}
}

/// Nobody looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl Observer for Unobserved {}

/// A use case on resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// POST
    Create,
    /// GET of one resource
    Read,
    /// GET and POST of many
    Search,
    /// PUT
    Replace,
    /// PATCH
    Modify,
    /// DELETE
    Delete,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Create, Self::Read, Self::Search, Self::Replace, Self::Modify, Self::Delete];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Search => "search",
            Self::Replace => "replace",
            Self::Modify => "modify",
            Self::Delete => "delete",
        }
    }
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// As it was asked for.
    Success,
    /// Refused: whoever asked is to ask otherwise.
    Refused,
    /// Failed on our side.
    Failed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Success, Self::Refused, Self::Failed];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// What came of looking into a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheOutcome {
    /// It was there.
    Hit,
    /// It was not.
    Miss,
}

impl CacheOutcome {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Hit, Self::Miss];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Miss => "miss",
        }
    }
}

/// How many users and groups a tenant has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantPopulation {
    /// The slug of the tenant.
    pub tenant: String,
    /// The resources of type User.
    pub users: u64,
    /// The resources of type Group.
    pub groups: u64,
}
