//! Changing definitions: what is stored is looked at first, and worked out anew afterwards.

use std::sync::Arc;

use scim_domain::audit::{AuditOperation, AuditTarget};
use scim_domain::identifier::ResourceId;
use scim_domain::listing::query::KeysetPosition;
use scim_domain::listing::{
    Direction, Include, MemberInclude, PageRequest, QueryScope, ResourceQuery, SortOrder,
};
use scim_domain::schema::{DefinitionChange, ResourceType, TenantDefinitions, TenantSchema, TypeChange};
use scim_domain::tenant::Tenant;
use scim_domain::validation::ViolationReport;
use scim_ports::{ChangeNotice, RepositoryError, TenantRecord, UpdateTenant};
use serde_json::{Map, Value};

use crate::ServiceError;
use crate::administration::tenants::MAX_ATTEMPTS;
use crate::administration::{
    AdminContext, AdminError, Administration, conflict, no_tenant, too_many_writers,
};

/// How many resources are looked at, or worked out anew, at a time.
const BATCH: usize = 500;

/// A change that is asked for.
pub(super) struct Edit<'a, F> {
    /// What it changes, as the audit log has it.
    pub(super) kind: &'static str,
    /// Which one.
    pub(super) id: &'a str,
    /// Whether only to tell what it would mean.
    pub(super) is_dry: bool,
    /// Works it out from the definitions as they are.
    pub(super) edit: &'a F,
}

/// Definitions as they are to be, and what of them changes.
pub(super) struct Edited {
    /// All of them.
    pub(super) definitions: TenantDefinitions,
    /// What the definition that changes says now; `None` where there is none.
    pub(super) before: Option<Map<String, Value>>,
    /// What it is to say; `None` where it is taken out.
    pub(super) after: Option<Map<String, Value>>,
}

/// What came of a change.
pub(super) struct Done {
    /// Whether there was no definition of that name.
    pub(super) is_new: bool,
    /// The report, of a dry run.
    pub(super) report: Option<Value>,
}

impl Administration {
    /// Changes the definitions of a tenant, if what is stored allows it.
    ///
    /// A definition that is put in again as it is changes nothing, but what the store keeps beside the
    /// resources of its types is worked out anew: so a change is finished that was cut off.
    pub(super) async fn change_definitions<F>(
        &self,
        context: &AdminContext,
        name: &str,
        edit: &Edit<'_, F>,
    ) -> Result<Done, AdminError>
    where
        F: Fn(&TenantDefinitions) -> Result<Edited, ServiceError> + Sync,
    {
        for _attempt in 0..MAX_ATTEMPTS {
            // The record comes first: if the definitions are newer than it, the update is refused.
            let record = self.record(name).await?;
            let tenant = self.ports.tenants.tenant_by_id(record.id).await?.ok_or_else(|| no_tenant(name))?;
            let edited = (edit.edit)(&TenantDefinitions::of(&tenant.schema))?;
            let schema = edited.definitions.compile().map_err(ServiceError::from)?;
            let change = DefinitionChange::between(&tenant.schema, &schema);
            let report = self.report(&tenant, &change).await?;
            let is_new = edited.before.is_none();
            if edit.is_dry {
                return Ok(Done { is_new: false, report: Some(report.to_json()) });
            }
            if !report.is_empty() {
                return Err(in_the_way(&report));
            }
            let anew = types_to_reindex(&change, &edited, &schema, edit);
            if edited.before != edited.after {
                match self.store_definitions(context, &record, edited, edit).await {
                    Ok(()) => {}
                    Err(RepositoryError::VersionConflict { .. }) => continue,
                    Err(RepositoryError::NotFound) => return Err(no_tenant(name)),
                    Err(error) => return Err(error.into()),
                }
            }
            self.reindex(record.id, &anew).await?;
            return Ok(Done { is_new, report: None });
        }
        Err(too_many_writers())
    }

    async fn store_definitions<F>(
        &self,
        context: &AdminContext,
        record: &TenantRecord,
        edited: Edited,
        edit: &Edit<'_, F>,
    ) -> Result<(), RepositoryError> {
        let operation = match (&edited.before, &edited.after) {
            (None, _) => AuditOperation::Create,
            (Some(_), Some(_)) => AuditOperation::Replace,
            (Some(_), None) => AuditOperation::Delete,
        };
        let names = changed_names(&edited.before.unwrap_or_default(), &edited.after.unwrap_or_default());
        let update = UpdateTenant {
            id: record.id,
            expected: record.version,
            slug: None,
            display_name: None,
            active: None,
            config: None,
            definitions: Some(edited.definitions),
            at: self.ports.clock.now(),
            audit: context.audit(&*self.ports.ids, operation, names),
            audit_target: Some(AuditTarget { resource_type: edit.kind.to_owned(), id: edit.id.to_owned() }),
        };
        self.ports.tenants.tenant_update(update).await?;
        self.changed(ChangeNotice::Tenant(record.id));
        Ok(())
    }

    /// What is stored that a change does not go with.
    async fn report(
        &self,
        tenant: &Tenant,
        change: &DefinitionChange,
    ) -> Result<ViolationReport, AdminError> {
        let mut report = ViolationReport::default();
        for change in change.types.iter().filter(|change| change.checks_resources) {
            self.look_at(tenant, change, &mut report).await?;
        }
        Ok(report)
    }

    /// Looks at every resource of a type, a page at a time.
    async fn look_at(
        &self,
        tenant: &Tenant,
        change: &TypeChange,
        report: &mut ViolationReport,
    ) -> Result<(), AdminError> {
        let name = change.old.name();
        let members = if change.needs_members() { MemberInclude::All } else { MemberInclude::None };
        let mut position = None;
        loop {
            let query = ResourceQuery {
                scopes: vec![QueryScope {
                    resource_type: Arc::clone(&change.old),
                    filter: None,
                    sort_by: None,
                }],
                sort_order: SortOrder::Ascending,
                page: PageRequest::Keyset { position, direction: Direction::Ascending, count: BATCH },
                include: Include { members, groups: false },
            };
            let page = self.ports.resources.resource_search(tenant, &query).await?;
            let last = page.resources.last().filter(|_| page.has_more).map(|last| last.id);
            for resource in page.resources {
                let resource = resource.read()?;
                report.add(name, resource.id, change.violations(&tenant.config, &resource));
                report.add_unique(name, resource.id, change.newly_unique_values(&resource.attributes));
            }
            let Some(id) = last else { return Ok(()) };
            position = Some(KeysetPosition { sort_key: None, id });
        }
    }

    /// Works out anew what the store keeps beside the resources of these types.
    async fn reindex(
        &self,
        id: scim_domain::identifier::TenantId,
        names: &[String],
    ) -> Result<(), AdminError> {
        if names.is_empty() {
            return Ok(());
        }
        let Some(tenant) = self.ports.tenants.tenant_by_id(id).await? else { return Ok(()) };
        for name in names {
            if let Some(resource_type) = tenant.schema.resource_type(name) {
                self.reindex_type(&tenant, resource_type).await?;
            }
        }
        Ok(())
    }

    async fn reindex_type(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
    ) -> Result<(), AdminError> {
        let mut after: Option<ResourceId> = None;
        loop {
            let last = self.ports.resources.resource_reindex(tenant, resource_type, after, BATCH).await;
            after = last.inspect_err(|error| {
                tracing::error!(
                    tenant = tenant.slug,
                    resource_type = resource_type.name(),
                    %error,
                    "a definition was changed, but not all that is stored was worked out anew: put it in again"
                );
            })?;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

/// The types of whose resources what the store keeps beside them follows otherwise than before; of a
/// definition that stays as it is, all that have it.
fn types_to_reindex<F>(
    change: &DefinitionChange,
    edited: &Edited,
    schema: &TenantSchema,
    edit: &Edit<'_, F>,
) -> Vec<String> {
    if edited.before != edited.after {
        let changed = change.types.iter().filter(|change| change.needs_reindex);
        return changed.map(|change| change.old.name().to_owned()).collect();
    }
    let has_it = |known: &&Arc<ResourceType>| {
        known.name().eq_ignore_ascii_case(edit.id)
            || known.schema.id.matches(edit.id)
            || known.extension(edit.id).is_some()
    };
    schema.resource_types().iter().filter(has_it).map(|known| known.name().to_owned()).collect()
}

/// The names of the members that differ.
fn changed_names(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<String> {
    let gone = before.keys().filter(|name| !after.contains_key(name.as_str()));
    let changed = after.iter().filter(|(name, value)| before.get(name.as_str()) != Some(value));
    changed.map(|(name, _)| name).chain(gone).cloned().collect()
}

fn in_the_way(report: &ViolationReport) -> AdminError {
    let detail = format!("{} stored resources do not go with this definition", report.affected());
    AdminError { failure: conflict(detail).into(), report: Some(report.to_json()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_that_differ_are_named() {
        let members = |value: Value| value.as_object().cloned().expect("an object");
        let before = members(json!({"a": 1, "b": 2, "c": 3}));
        let after = members(json!({"a": 1, "b": 3, "d": 4}));
        assert_eq!(changed_names(&before, &after), ["b", "d", "c"]);
        assert!(changed_names(&before, &before).is_empty());
    }
}
