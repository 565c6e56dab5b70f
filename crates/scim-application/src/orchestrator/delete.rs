//! Deleting a resource (RFC 7644 §3.6).

use std::sync::Arc;

use scim_domain::audit::{AuditOperation, changed_attributes};
use scim_domain::deletion::{Deletion, active};
use scim_domain::identifier::ResourceId;
use scim_domain::listing::Include;
use scim_domain::precondition::VersionCondition;
use scim_domain::resource::{Attributes, MemberChange};
use scim_domain::scope::Access;
use scim_ports::{DeleteResource, ExpectedVersion, Operation, RepositoryError};

use crate::observe::observed;
use crate::{RequestContext, ServiceError};

use super::{
    MAX_ATTEMPTS, ResourceOrchestrator, ResourceTarget, check_condition, require_condition, too_many_writers,
};

impl ResourceOrchestrator {
    /// Deletes a resource; where the tenant's `softDelete` says so, hides it.
    ///
    /// # Errors
    /// 403 where the credential may not write this type; 404; 412 where `If-Match` names another
    /// version; 428 where strict mode misses it.
    pub async fn delete(
        &self,
        context: &RequestContext,
        target: &ResourceTarget,
        if_match: Option<&VersionCondition>,
    ) -> Result<(), ServiceError> {
        let work = async {
            context.require(Access::Write(target.resource_type.name()))?;
            require_condition(context, if_match)?;
            if context.tenant().config.soft_delete && active(&target.resource_type).is_some() {
                return self.hide(context, target, if_match).await;
            }
            let expected = match if_match {
                None | Some(VersionCondition::Any) => ExpectedVersion::Any,
                Some(VersionCondition::OneOf(versions)) => ExpectedVersion::OneOf(versions.clone()),
            };
            match self.delete_at(context, target, expected, None).await {
                Ok(()) => Ok(()),
                Err(RepositoryError::NotFound) => Err(target.not_found().into()),
                Err(error) => Err(error.into()),
            }
        };
        observed(&*self.observer, context, (Operation::Delete, target.resource_type.name()), work).await
    }

    /// Hides a resource as it is, again from the start when another writer came between.
    async fn hide(
        &self,
        context: &RequestContext,
        target: &ResourceTarget,
        if_match: Option<&VersionCondition>,
    ) -> Result<(), ServiceError> {
        for _attempt in 0..MAX_ATTEMPTS {
            let current = self.get(context, target, Include::NOTHING).await?;
            check_condition(if_match, current.version)?;
            let current = current.read()?;
            let kept = match Deletion::of(&context.tenant().config, &current) {
                Deletion::Hide(attributes) => {
                    let names =
                        changed_attributes(&current.attributes, &attributes, &MemberChange::default());
                    Some((attributes, names))
                }
                Deletion::Remove => None,
            };
            let expected = ExpectedVersion::OneOf(vec![current.version]);
            match self.delete_at(context, target, expected, kept).await {
                Ok(()) => return Ok(()),
                Err(RepositoryError::NotFound) => return Err(target.not_found().into()),
                Err(error @ RepositoryError::VersionConflict { .. }) => {
                    if matches!(if_match, Some(VersionCondition::OneOf(_))) {
                        return Err(error.into());
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(too_many_writers())
    }

    /// Deletes a resource; where something is kept of it, those attributes, with the names of those that change.
    async fn delete_at(
        &self,
        context: &RequestContext,
        target: &ResourceTarget,
        expected: ExpectedVersion,
        kept: Option<(Attributes, Vec<String>)>,
    ) -> Result<(), RepositoryError> {
        let Some(id) = ResourceId::parse(&target.id) else { return Err(RepositoryError::NotFound) };
        let (keep, names) = kept.unzip();
        let delete = DeleteResource {
            id,
            resource_type: Arc::clone(&target.resource_type),
            expected,
            keep,
            at: self.clock.now(),
            audit: context.audit(&*self.ids, AuditOperation::Delete, names.unwrap_or_default()),
        };
        self.resources.resource_delete(context.tenant(), delete).await
    }
}
