//! Reading one resource (RFC 7644 §3.4.1).

use scim_domain::precondition::IfNoneMatch;

use crate::{RequestContext, ServiceError};

use super::answer::answer;
use super::{AnswerShape, ReadAnswer, ResourceOrchestrator, ResourceTarget};

impl ResourceOrchestrator {
    /// Reads a resource, unless `if_none_match` names the version it is at.
    ///
    /// # Errors
    /// 404 where there is no such resource.
    pub async fn read(
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
        Ok(ReadAnswer::Found(answer(context, &resource, Some(&projection))))
    }
}
