//! Modifying a resource with PATCH (RFC 7644 §3.5.2).

use scim_domain::audit::AuditOperation;
use scim_domain::listing::{Include, MemberInclude};
use scim_domain::patch::{PatchEngine, PatchRequest};
use scim_domain::precondition::VersionCondition;
use scim_domain::scope::Access;
use scim_domain::validation::SchemaValidator;
use scim_ports::{Operation, RepositoryError};
use serde_json::Value;

use crate::observe::observed;
use crate::{RequestContext, ServiceError};

use super::answer::answer;
use super::create::shape_asks;
use super::{AnswerShape, Change, Includes, Refused, ResourceOrchestrator, ResourceTarget, WriteAnswer};

impl ResourceOrchestrator {
    /// Applies the client's operations, all or none.
    ///
    /// The answer has no body where the client asked for none, and where the resource is a group
    /// with more members than the tenant's `patchResponseMemberLimit`; `attributes` brings it back.
    ///
    /// # Errors
    /// As [`replace`](Self::replace), and what RFC 7644 §3.5.2 lists for operations.
    pub async fn patch(
        &self,
        context: &RequestContext,
        target: &ResourceTarget,
        body: &Value,
        if_match: Option<&VersionCondition>,
        shape: &AnswerShape,
    ) -> Result<WriteAnswer, ServiceError> {
        let work = async {
            context.require(Access::Write(target.resource_type.name()))?;
            let config = &context.tenant().config;
            let request = PatchRequest::parse(body, &target.resource_type, config, &context.base_url)?;
            let projection =
                shape.projection_for_write(&target.resource_type, &request.written_attributes())?;
            let engine =
                PatchEngine { validator: SchemaValidator { resource_type: &target.resource_type, config } };
            let compute = |current: &scim_domain::resource::Resource| {
                let outcome = engine.apply(current, &request)?;
                Ok(Change { attributes: outcome.attributes, members: outcome.members })
            };
            let reads = if request.needs_members() {
                Include { members: MemberInclude::All, groups: false }
            } else {
                Include::NOTHING
            };
            let asked = shape_asks(shape);
            let limit = config.patch_response_member_limit;
            let answers = match projection.include() {
                _ if shape.minimal && !asked => Include::NOTHING,
                Include { members: MemberInclude::All, groups } if !asked => {
                    Include { members: MemberInclude::UpTo(limit), groups }
                }
                include => include,
            };
            let modify = AuditOperation::Modify;
            let includes = Includes { reads, answers };
            let updated = self.change(context, modify, target, if_match, includes, compute).await;
            let updated = updated.map_err(|refused| blame(&request, refused))?;
            let shown = asked || (!shape.minimal && updated.member_count <= limit);
            Ok(answer(context, &updated.resource, shown.then_some(&projection))?)
        };
        observed(&*self.observer, context, (Operation::Modify, target.resource_type.name()), work).await
    }
}

/// The error for the client, with the operation that it comes from.
fn blame(request: &PatchRequest, refused: Refused) -> ServiceError {
    let operation = match &refused {
        Refused::ByStore(RepositoryError::UnknownMembers { ids }) => {
            ids.first().and_then(|id| request.operation_adding(*id))
        }
        Refused::ByStore(RepositoryError::Uniqueness { attribute }) => request.operation_writing(attribute),
        Refused::ByStore(_) | Refused::Before(_) => None,
    };
    let error = refused.into_service_error();
    match operation {
        Some(index) => error.within(format_args!("Operations[{index}]")),
        None => error,
    }
}
