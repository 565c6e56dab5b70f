//! The calls of the admin API that the command line makes.

use serde_json::Value;

/// One call. Tenants are named by id or slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    TenantCreate { body: Value },
    TenantList,
    TenantShow { tenant: String },
    TenantUpdate { tenant: String, patch: Value },
    TenantDelete { tenant: String },
    CredentialCreate { tenant: String, body: Value },
    CredentialList { tenant: String },
    CredentialRevoke { tenant: String, credential: String },
    CredentialRotate { tenant: String, credential: String, body: Value },
}

impl Call {
    /// Whether it answers a list, a page at a time.
    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::TenantList | Self::CredentialList { .. })
    }

    /// The parameters of the page that begins at `cursor`: those of a list only.
    pub(super) fn parameters(&self, cursor: Option<&str>) -> Vec<(String, String)> {
        if !self.is_list() {
            return Vec::new();
        }
        let cursor = cursor.map(|cursor| ("cursor".to_owned(), cursor.to_owned()));
        cursor.into_iter().chain([("limit".to_owned(), PAGE.to_owned())]).collect()
    }
}

/// How many items a page has.
const PAGE: &str = "200";
