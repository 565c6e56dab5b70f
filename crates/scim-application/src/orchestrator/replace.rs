//! Replacing a resource with PUT (RFC 7644 §3.5.1).

use scim_domain::audit::AuditOperation;
use scim_domain::listing::Include;
use scim_domain::precondition::VersionCondition;
use scim_domain::projection::written_attributes;
use scim_domain::resource::MemberChange;
use scim_domain::scope::Access;
use scim_domain::validation::SchemaValidator;
use scim_ports::Operation;
use serde_json::Value;

use crate::observe::observed;
use crate::{RequestContext, ServiceError};

use super::answer::answer;
use super::create::shape_asks;
use super::{AnswerShape, Change, Includes, Refused, ResourceOrchestrator, ResourceTarget, WriteAnswer};

impl ResourceOrchestrator {
    /// Replaces a resource by the client's representation.
    ///
    /// # Errors
    /// 403 where the credential may not write this type; 404; 412 where `If-Match` names another version; 428 where strict mode misses it; 400 for a
    /// body that does not validate; 409 for a unique value in use.
    pub async fn replace(
        &self,
        context: &RequestContext,
        target: &ResourceTarget,
        body: &Value,
        if_match: Option<&VersionCondition>,
        shape: &AnswerShape,
    ) -> Result<WriteAnswer, ServiceError> {
        let work = async {
            context.require(Access::Write(target.resource_type.name()))?;
            let written = written_attributes(&target.resource_type, body);
            let projection = shape.projection_for_write(&target.resource_type, &written)?;
            let validator =
                SchemaValidator { resource_type: &target.resource_type, config: &context.tenant().config };
            let compute = |current: &scim_domain::resource::Resource| {
                let draft = validator.replace(current, body)?;
                let members = draft.members.map_or_else(MemberChange::default, MemberChange::Replace);
                let attributes = (draft.attributes != current.attributes).then_some(draft.attributes);
                Ok(Change { attributes, members })
            };
            let shown = !shape.minimal || shape_asks(shape);
            let answers = if shown { projection.include() } else { Include::NOTHING };
            let includes = Includes { reads: Include::NOTHING, answers };
            let replace = AuditOperation::Replace;
            let updated = self.change(context, replace, target, if_match, includes, compute).await;
            let updated = updated.map_err(Refused::into_service_error)?;
            Ok(answer(context, &updated.resource, shown.then_some(&projection))?)
        };
        observed(&*self.observer, context, (Operation::Replace, target.resource_type.name()), work).await
    }
}
