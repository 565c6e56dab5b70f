//! What can be asked for.

use anyhow::bail;
use clap::{ArgGroup, Subcommand};
use serde_json::{Map, Value, json};

use super::call::Call;
use super::output::Shape;

/// A command on tenants. A tenant is named by its id or its slug.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum TenantCommand {
    /// Create a tenant
    Create {
        /// Its name in URLs
        slug: String,
        /// Its name for people [the slug]
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// What it begins with: rfc, entra-id, okta or minimal; rfc unless given
        #[arg(long)]
        preset: Option<String>,
        /// A key of its config, such as strictMode=true or bulk.maxOperations=10; may be given several
        /// times. The value is JSON, or else text
        #[arg(long, value_name = "KEY=VALUE", value_parser = Setting::parse)]
        set: Vec<Setting>,
        /// Not to be used yet
        #[arg(long)]
        inactive: bool,
    },
    /// List all tenants
    List,
    /// Show a tenant
    Show {
        /// Its id or slug
        tenant: String,
    },
    /// Change a tenant
    #[command(group = ArgGroup::new("change").required(true).multiple(true)
        .args(["slug", "display_name", "active", "set", "unset"]))]
    Update {
        /// Its id or slug
        tenant: String,
        /// Its new name in URLs
        #[arg(long)]
        slug: Option<String>,
        /// Its new name for people
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// Whether it may be used
        #[arg(long, value_name = "BOOLEAN")]
        active: Option<bool>,
        /// A key of its config, such as strictMode=true or bulk.maxOperations=10; may be given several
        /// times. The value is JSON, or else text
        #[arg(long, value_name = "KEY=VALUE", value_parser = Setting::parse)]
        set: Vec<Setting>,
        /// A key of its config that goes back to its default; may be given several times
        #[arg(long, value_name = "KEY", value_parser = Setting::parse_default)]
        unset: Vec<Setting>,
    },
    /// Delete a tenant with all that it has
    Delete {
        /// Its id or slug
        tenant: String,
        /// Confirms it
        #[arg(long, required = true)]
        yes: bool,
    },
}

impl TenantCommand {
    /// The call that it is.
    ///
    /// # Errors
    /// Where one key of the config is given two values.
    pub(super) fn call(&self) -> anyhow::Result<Call> {
        Ok(match self {
            Self::Create { slug, display_name, preset, set, inactive } => {
                let body = members([
                    ("slug", Some(json!(slug))),
                    ("displayName", display_name.as_ref().map(|name| json!(name))),
                    ("preset", preset.as_ref().map(|preset| json!(preset))),
                    ("config", config(set)?),
                    ("active", inactive.then_some(json!(false))),
                ]);
                Call::TenantCreate { body }
            }
            Self::List => Call::TenantList,
            Self::Show { tenant } => Call::TenantShow { tenant: tenant.clone() },
            Self::Update { tenant, slug, display_name, active, set, unset } => {
                let patch = members([
                    ("slug", slug.as_ref().map(|slug| json!(slug))),
                    ("displayName", display_name.as_ref().map(|name| json!(name))),
                    ("active", active.map(|active| json!(active))),
                    ("config", config(set.iter().chain(unset))?),
                ]);
                Call::TenantUpdate { tenant: tenant.clone(), patch }
            }
            Self::Delete { tenant, yes: _ } => Call::TenantDelete { tenant: tenant.clone() },
        })
    }

    /// How its outcome is shown.
    pub(super) fn shape(&self) -> Shape {
        match self {
            Self::List => Shape::Table(&["slug", "id", "active", "displayName", "preset", "createdAt"]),
            Self::Create { .. } | Self::Show { .. } | Self::Update { .. } => Shape::Record(&[
                "id",
                "slug",
                "displayName",
                "active",
                "preset",
                "createdAt",
                "updatedAt",
                "config",
            ]),
            Self::Delete { tenant, .. } => {
                Shape::Done { what: "tenant", name: tenant.clone(), how: "deleted" }
            }
        }
    }
}

/// A command on the credentials of a tenant, which is named by its id or its slug.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Create a credential; its secret is shown this once
    Create {
        /// The tenant's id or slug
        tenant: String,
        /// What it is: `bearer` or `oauth_client`; `bearer` unless given
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// What people call it
        #[arg(long)]
        label: Option<String>,
        /// What it allows, such as read,write:User; read, write and bulk unless given
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',')]
        scopes: Vec<String>,
        /// From when on it is refused, such as 2031-01-31T12:00:00Z
        #[arg(long, value_name = "TIME")]
        expires_at: Option<String>,
        /// The id or userName of the user that /Me means
        #[arg(long, value_name = "USER")]
        subject: Option<String>,
    },
    /// List the credentials of a tenant
    List {
        /// The tenant's id or slug
        tenant: String,
    },
    /// Revoke a credential, at once and for good
    Revoke {
        /// The tenant's id or slug
        tenant: String,
        /// The credential's id
        credential: String,
    },
    /// Give a credential another secret, which is shown this once
    Rotate {
        /// The tenant's id or slug
        tenant: String,
        /// The credential's id
        credential: String,
        /// For how long the old secret lives on
        #[arg(long, value_name = "SECONDS", default_value_t = 0)]
        grace_seconds: u64,
    },
}

impl CredentialCommand {
    /// The call that it is.
    pub(super) fn call(&self) -> Call {
        match self {
            Self::Create { tenant, kind, label, scopes, expires_at, subject } => {
                let body = members([
                    ("type", kind.as_ref().map(|kind| json!(kind))),
                    ("label", label.as_ref().map(|label| json!(label))),
                    ("scopes", (!scopes.is_empty()).then(|| json!(scopes))),
                    ("expiresAt", expires_at.as_ref().map(|time| json!(time))),
                    ("subject", subject.as_ref().map(|subject| json!(subject))),
                ]);
                Call::CredentialCreate { tenant: tenant.clone(), body }
            }
            Self::List { tenant } => Call::CredentialList { tenant: tenant.clone() },
            Self::Revoke { tenant, credential } => {
                Call::CredentialRevoke { tenant: tenant.clone(), credential: credential.clone() }
            }
            Self::Rotate { tenant, credential, grace_seconds } => Call::CredentialRotate {
                tenant: tenant.clone(),
                credential: credential.clone(),
                body: json!({"graceSeconds": grace_seconds}),
            },
        }
    }

    /// How its outcome is shown.
    pub(super) fn shape(&self) -> Shape {
        match self {
            Self::List { .. } => {
                Shape::Table(&["id", "type", "label", "scopes", "expiresAt", "lastUsedAt", "createdAt"])
            }
            Self::Create { .. } | Self::Rotate { .. } => Shape::Record(&[
                "id",
                "type",
                "label",
                "scopes",
                "subject",
                "createdAt",
                "expiresAt",
                "previousExpiresAt",
                "token",
                "clientId",
                "clientSecret",
            ]),
            Self::Revoke { credential, .. } => {
                Shape::Done { what: "credential", name: credential.clone(), how: "revoked" }
            }
        }
    }
}

/// A key of a tenant's config, and its value; `null` is its default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    key: String,
    value: Value,
}

impl Setting {
    fn parse(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
        let value = serde_json::from_str(value).unwrap_or_else(|_no_json| json!(value));
        Self::new(key, value)
    }

    fn parse_default(key: &str) -> Result<Self, String> {
        Self::new(key, Value::Null)
    }

    fn new(key: &str, value: Value) -> Result<Self, String> {
        if key.split('.').any(str::is_empty) {
            return Err("expected a key such as strictMode or bulk.maxOperations".to_owned());
        }
        Ok(Self { key: key.to_owned(), value })
    }
}

/// The merge patch that these are together (RFC 7396); dots in keys lead into objects.
fn config<'a>(settings: impl IntoIterator<Item = &'a Setting>) -> anyhow::Result<Option<Value>> {
    let mut config = Map::new();
    for Setting { key, value } in settings {
        let (path, last) = match key.rsplit_once('.') {
            Some((path, last)) => (Some(path), last),
            None => (None, key.as_str()),
        };
        let mut section = &mut config;
        for name in path.into_iter().flat_map(|path| path.split('.')) {
            let inner = section.entry(name).or_insert_with(|| json!({}));
            let Some(inner) = inner.as_object_mut() else { bail!("{key}: given twice") };
            section = inner;
        }
        if section.insert(last.to_owned(), value.clone()).is_some() {
            bail!("{key}: given twice");
        }
    }
    Ok((!config.is_empty()).then_some(Value::Object(config)))
}

fn members<const N: usize>(given: [(&str, Option<Value>); N]) -> Value {
    given.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_config(settings: &[&str], expected: Result<Value, &str>) {
        let settings: Vec<Setting> =
            settings.iter().map(|text| Setting::parse(text).expect("a setting")).collect();
        let config = config(&settings).map(Option::unwrap_or_default);
        assert_eq!(config.map_err(|error| error.to_string()), expected.map_err(str::to_owned));
    }

    #[test]
    fn settings_are_one_merge_patch() {
        check_config(&[], Ok(Value::Null));
        check_config(&["strictMode=true"], Ok(json!({"strictMode": true})));
        check_config(&["logLevel=debug"], Ok(json!({"logLevel": "debug"})));
        check_config(&["documentationUri=https://x/?a=b"], Ok(json!({"documentationUri": "https://x/?a=b"})));
        check_config(&["documentationUri="], Ok(json!({"documentationUri": ""})));
        check_config(
            &["bulk.maxOperations=10", "bulk.maxPayloadSize=20", "rateLimit=null"],
            Ok(json!({"bulk": {"maxOperations": 10, "maxPayloadSize": 20}, "rateLimit": null})),
        );
        check_config(&[r#"bulk={"maxOperations":10}"#], Ok(json!({"bulk": {"maxOperations": 10}})));
        check_config(&["a=1", "a=2"], Err("a: given twice"));
        check_config(&["a=1", "a.b=2"], Err("a.b: given twice"));
        check_config(&["a.b=1", "a=2"], Err("a: given twice"));
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for wrong in ["strictMode", "=true", ".a=1", "a.=1", "a..b=1", ""] {
            assert!(Setting::parse(wrong).is_err(), "{wrong}");
        }
        assert!(Setting::parse_default("").is_err());
        assert_eq!(Setting::parse_default("a.b"), Setting::parse("a.b=null"));
    }
}
