//! Tenants: created from a preset, changed by a merge patch (RFC 7396), deleted with all they have.

use scim_domain::audit::AuditOperation;
use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::identifier::{TenantId, Version};
use scim_domain::input::InputError;
use scim_domain::precondition::VersionCondition;
use scim_domain::tenant::{Preset, TenantConfig, UnknownPreset, check_slug};
use scim_ports::{ChangeNotice, NewTenant, RepositoryError, TenantRecord, UpdateTenant};
use serde_json::{Value, json};

use super::body::{Members, text};
use super::page::PageOf;
use super::{AdminContext, AdminError, Administration, Parameters, bad_request, conflict, too_many_writers};

/// The longest `displayName`, in characters.
const LONGEST_NAME: usize = 200;
/// How often a change that lost a race is worked out again.
pub(super) const MAX_ATTEMPTS: usize = 20;

/// A tenant as it is answered.
#[derive(Debug, Clone)]
pub struct TenantAnswer {
    /// Its id.
    pub id: TenantId,
    /// Its version, for `ETag`.
    pub version: Version,
    /// Its representation.
    pub body: Value,
}

impl Administration {
    /// The tenants, in the order of their ids.
    ///
    /// # Errors
    /// 400 for parameters that there are not, or a wrong cursor.
    pub async fn tenant_list(&self, parameters: &Parameters) -> Result<Value, AdminError> {
        let page = PageOf::read(parameters, &[])?;
        let after = page.after(TenantId::parse)?;
        let tenants = self.ports.tenants.tenant_list(after, page.fetch()).await?;
        Ok(page.answer(tenants, |tenant| tenant.id.to_string(), show))
    }

    /// A tenant.
    ///
    /// # Errors
    /// 404
    pub async fn tenant_show(&self, tenant: &str) -> Result<TenantAnswer, AdminError> {
        Ok(answer(&self.record(tenant).await?))
    }

    /// Creates a tenant: `slug`, and what the client wants of `displayName`, `active`, `preset` and
    /// `config`, which goes over the config of the preset.
    ///
    /// # Errors
    /// 400 for a member that there is not or that is wrong; 409 for a slug in use.
    pub async fn tenant_create(
        &self,
        context: &AdminContext,
        body: &Value,
    ) -> Result<TenantAnswer, AdminError> {
        let mut members = Members::of(body)?;
        let slug = members.take_value("slug").ok_or_else(|| bad_request("slug: required"))?;
        let slug = read_slug(slug)?;
        let display_name = members.take_text("displayName", LONGEST_NAME)?.unwrap_or(slug);
        let active = members.take_value("active").map(read_active).transpose()?.unwrap_or(true);
        let preset = members.take_value("preset").map(read_preset).transpose()?;
        let preset = preset.or_else(|| Preset::named(Preset::DEFAULT)).ok_or_else(no_preset)?;
        let config = match members.take_value("config") {
            Some(patch) => preset.config.merge_patch(patch).map_err(wrong_config)?,
            None => preset.config,
        };
        members.finish()?;
        let at = self.ports.clock.now();
        let record = TenantRecord {
            id: self.ports.ids.tenant_id(),
            slug: slug.to_owned(),
            display_name: display_name.to_owned(),
            active,
            preset: preset.name.to_owned(),
            config,
            version: Version::FIRST,
            created_at: at,
            updated_at: at,
        };
        let mut names = vec!["slug".to_owned(), "displayName".into(), "active".into(), "preset".into()];
        names.extend(changed_keys(&TenantConfig::default(), &record.config));
        let audit = context.audit(&*self.ports.ids, AuditOperation::Create, names);
        let tenant = NewTenant { record: record.clone(), definitions: preset.definitions, audit };
        self.ports.tenants.tenant_create(tenant).await.map_err(|error| refused(error, slug))?;
        self.changed(ChangeNotice::Tenant(record.id));
        Ok(answer(&record))
    }

    /// Changes a tenant by a merge patch (RFC 7396). What changes nothing keeps the version.
    ///
    /// # Errors
    /// 404; 412 where `If-Match` names another version; 400 for a member that there is not, that is
    /// wrong, or that cannot be changed; 409 for a slug in use.
    pub async fn tenant_modify(
        &self,
        context: &AdminContext,
        tenant: &str,
        patch: &Value,
        if_match: Option<&VersionCondition>,
    ) -> Result<TenantAnswer, AdminError> {
        for _attempt in 0..MAX_ATTEMPTS {
            let current = self.record(tenant).await?;
            check_version(if_match, current.version)?;
            let wanted = patched(&current, patch)?;
            if current.slug == self.ports.operator_tenant && wanted.slug != current.slug {
                let detail = "keeps its name, by which the operator's secret finds it";
                return Err(conflict(format!("slug: the tenant '{}' {detail}", current.slug)).into());
            }
            let names = changed_members(&current, &wanted);
            if names.is_empty() {
                return Ok(answer(&current));
            }
            let update = UpdateTenant {
                id: current.id,
                expected: current.version,
                slug: (wanted.slug != current.slug).then_some(wanted.slug.clone()),
                display_name: (wanted.display_name != current.display_name).then_some(wanted.display_name),
                active: (wanted.active != current.active).then_some(wanted.active),
                config: (wanted.config != current.config).then_some(wanted.config),
                definitions: None,
                at: self.ports.clock.now(),
                audit: context.audit(&*self.ports.ids, AuditOperation::Modify, names),
                audit_target: None,
            };
            match self.ports.tenants.tenant_update(update).await {
                Ok(record) => {
                    self.changed(ChangeNotice::Tenant(record.id));
                    return Ok(answer(&record));
                }
                Err(RepositoryError::VersionConflict { .. }) => {}
                Err(error) => return Err(refused(error, &wanted.slug)),
            }
        }
        Err(too_many_writers())
    }

    /// Deletes a tenant and all that it has, but for its audit log.
    ///
    /// # Errors
    /// 404; 412 where `If-Match` names another version; 409 for the tenant of the operator's secret.
    pub async fn tenant_delete(
        &self,
        context: &AdminContext,
        tenant: &str,
        if_match: Option<&VersionCondition>,
    ) -> Result<(), AdminError> {
        for _attempt in 0..MAX_ATTEMPTS {
            let TenantRecord { id, version, slug, .. } = self.record(tenant).await?;
            check_version(if_match, version)?;
            if slug == self.ports.operator_tenant {
                return Err(conflict(format!(
                    "the tenant '{slug}' cannot be deleted: it is the one that the operator's secret \
                     opens at /scim/v2; it can be made inactive"
                ))
                .into());
            }
            let (now, audit) =
                (self.ports.clock.now(), context.audit(&*self.ports.ids, AuditOperation::Delete, Vec::new()));
            match self.ports.tenants.tenant_delete(id, version, now, audit).await {
                Ok(()) => {
                    self.changed(ChangeNotice::Tenant(id));
                    return Ok(());
                }
                Err(RepositoryError::VersionConflict { .. }) => {}
                Err(RepositoryError::NotFound) => return Err(super::no_tenant(tenant)),
                Err(error) => return Err(error.into()),
            }
        }
        Err(too_many_writers())
    }
}

fn answer(record: &TenantRecord) -> TenantAnswer {
    TenantAnswer { id: record.id, version: record.version, body: show(record) }
}

fn show(record: &TenantRecord) -> Value {
    json!({
        "id": record.id.to_string(),
        "slug": record.slug,
        "displayName": record.display_name,
        "active": record.active,
        "preset": record.preset,
        "config": record.config.effective(),
        "createdAt": record.created_at.to_string(),
        "updatedAt": record.updated_at.to_string(),
    })
}

/// The tenant as `patch` wants it.
fn patched(current: &TenantRecord, patch: &Value) -> Result<TenantRecord, ScimError> {
    let mut wanted = current.clone();
    let mut members = Members::of(patch)?;
    if let Some(slug) = members.take("slug") {
        read_slug(slug)?.clone_into(&mut wanted.slug);
    }
    if let Some(name) = members.take("displayName") {
        wanted.display_name = match name {
            Value::Null => wanted.slug.clone(),
            name => text("displayName", name, LONGEST_NAME)?.to_owned(),
        };
    }
    if let Some(active) = members.take("active") {
        wanted.active = read_active(active)?;
    }
    if let Some(config) = members.take("config") {
        wanted.config = match config {
            Value::Null => TenantConfig::default(),
            patch => current.config.merge_patch(patch).map_err(wrong_config)?,
        };
    }
    // A client may send back what it got.
    let shown = show(current);
    for name in ["id", "preset", "createdAt", "updatedAt"] {
        if members.take(name).is_some_and(|sent| shown.get(name) != Some(sent)) {
            return Err(bad_request(format!("{name}: cannot be changed")));
        }
    }
    members.finish()?;
    Ok(wanted)
}

fn read_slug(slug: &Value) -> Result<&str, ScimError> {
    let slug = slug.as_str().ok_or_else(|| bad_request("slug: expected a string"))?;
    check_slug(slug).map_err(|expected| bad_request(format!("slug: {expected}")))?;
    Ok(slug)
}

fn read_active(active: &Value) -> Result<bool, ScimError> {
    active.as_bool().ok_or_else(|| bad_request("active: expected true or false"))
}

fn read_preset(name: &Value) -> Result<Preset, ScimError> {
    name.as_str().and_then(Preset::named).ok_or_else(no_preset)
}

fn no_preset() -> ScimError {
    bad_request(format!("preset: {UnknownPreset}"))
}

fn wrong_config(error: InputError) -> ScimError {
    let separator = if error.key.is_empty() { ": " } else { "." };
    bad_request(format!("config{separator}{error}"))
}

/// The names of the members that differ; those of the config by their keys.
fn changed_members(before: &TenantRecord, after: &TenantRecord) -> Vec<String> {
    let changed = [
        ("slug", before.slug != after.slug),
        ("displayName", before.display_name != after.display_name),
        ("active", before.active != after.active),
    ];
    let names = changed.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name.to_owned());
    names.chain(changed_keys(&before.config, &after.config)).collect()
}

fn changed_keys(before: &TenantConfig, after: &TenantConfig) -> Vec<String> {
    let (before, after) = (before.to_json(), after.to_json());
    let keys = |config: &Value| -> Vec<String> {
        config.as_object().into_iter().flat_map(|keys| keys.keys().cloned()).collect()
    };
    let mut all = keys(&before);
    all.extend(keys(&after));
    all.sort();
    all.dedup();
    all.retain(|key| before.get(key) != after.get(key));
    all.into_iter().map(|key| format!("config.{key}")).collect()
}

fn check_version(condition: Option<&VersionCondition>, current: Version) -> Result<(), ScimError> {
    match condition {
        Some(condition) if !condition.allows(current) => Err(ScimError::new(
            ErrorKind::PreconditionFailed,
            format!("the tenant is at version {current}, which If-Match does not name"),
        )),
        _ => Ok(()),
    }
}

fn refused(error: RepositoryError, slug: &str) -> AdminError {
    match error {
        RepositoryError::NotFound => super::no_tenant(slug),
        RepositoryError::Uniqueness { .. } => {
            conflict(format!("slug: '{slug}' is the slug of another tenant")).into()
        }
        error => error.into(),
    }
}
