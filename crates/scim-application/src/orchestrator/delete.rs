//! Deleting a resource (RFC 7644 §3.6).

use std::sync::Arc;

use scim_domain::audit::AuditOperation;
use scim_domain::precondition::VersionCondition;
use scim_domain::scope::Access;
use scim_ports::{DeleteResource, ExpectedVersion, RepositoryError};

use crate::{RequestContext, ServiceError};

use super::{ResourceOrchestrator, ResourceTarget, require_condition};

impl ResourceOrchestrator {
    /// Deletes a resource.
    ///
    /// # Errors
    /// 403 where the credential may not write this type; 404; 412 where `If-Match` names another version; 428 where strict mode misses it.
    pub async fn delete(
        &self,
        context: &RequestContext,
        target: &ResourceTarget,
        if_match: Option<&VersionCondition>,
    ) -> Result<(), ServiceError> {
        context.require(Access::Write(target.resource_type.name()))?;
        require_condition(context, if_match)?;
        let delete = DeleteResource {
            id: target.resource_id()?,
            resource_type: Arc::clone(&target.resource_type),
            expected: match if_match {
                None | Some(VersionCondition::Any) => ExpectedVersion::Any,
                Some(VersionCondition::OneOf(versions)) => ExpectedVersion::OneOf(versions.clone()),
            },
            keep: None,
            at: self.clock.now(),
            audit: context.audit(&*self.ids, AuditOperation::Delete, Vec::new()),
        };
        match self.resources.resource_delete(context.tenant(), delete).await {
            Ok(()) => Ok(()),
            Err(RepositoryError::NotFound) => Err(target.not_found().into()),
            Err(error) => Err(error.into()),
        }
    }
}
