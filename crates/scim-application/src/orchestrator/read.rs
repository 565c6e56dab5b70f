//! Reading one resource (RFC 7644 §3.4.1).

use scim_domain::precondition::IfNoneMatch;
use scim_domain::scope::Access;
use scim_ports::Operation;

use crate::observe::observed;
use crate::{RequestContext, ServiceError};

use super::answer::answer;
use super::{AnswerShape, ReadAnswer, ResourceOrchestrator, ResourceTarget};

impl ResourceOrchestrator {
    /// Reads a resource, unless `if_none_match` names the version it is at.
    ///
    /// # Errors
    /// 403 where the credential may not read this type; 404 where there is no such resource.
    pub async fn read(
        &self,
        context: &RequestContext,
        target: &ResourceTarget,
        shape: &AnswerShape,
        if_none_match: Option<&IfNoneMatch>,
    ) -> Result<ReadAnswer, ServiceError> {
        let work = async {
            context.require(Access::Read(target.resource_type.name()))?;
            self.show(context, target, shape, if_none_match).await
        };
        observed(&*self.observer, context, (Operation::Read, target.resource_type.name()), work).await
    }

    /// Reads the resource that the credential speaks for, which takes no scope of its own
    /// (`GET /Me`, RFC 7644 §3.11).
    ///
    /// # Errors
    /// 501 for a credential that speaks for none; 403 where it has no scope at all; 404 where the
    /// resource is gone.
    pub async fn read_me(
        &self,
        context: &RequestContext,
        shape: &AnswerShape,
        if_none_match: Option<&IfNoneMatch>,
    ) -> Result<ReadAnswer, ServiceError> {
        let target = context.me()?;
        let work = async {
            context.require(Access::Discovery)?;
            self.show(context, &target, shape, if_none_match).await
        };
        observed(&*self.observer, context, (Operation::Read, target.resource_type.name()), work).await
    }

    async fn show(
        &self,
        context: &RequestContext,
        target: &ResourceTarget,
        shape: &AnswerShape,
        if_none_match: Option<&IfNoneMatch>,
    ) -> Result<ReadAnswer, ServiceError> {
        let projection = shape.projection(&target.resource_type)?;
        let resource = self.get(context, target, projection.include()).await?;
        if if_none_match.is_some_and(|condition| condition.matches(resource.version)) {
            return Ok(ReadAnswer::NotModified(resource.version));
        }
        Ok(ReadAnswer::Found(answer(context, &resource, Some(&projection))?))
    }
}
