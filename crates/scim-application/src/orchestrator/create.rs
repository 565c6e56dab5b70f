//! Creating resources (RFC 7644 §3.3).

mod each;

use std::sync::Arc;

use scim_domain::audit::{AuditOperation, changed_attributes};
use scim_domain::identifier::ResourceId;
use scim_domain::listing::Include;
use scim_domain::projection::{Projection, written_attributes};
use scim_domain::resource::{Attributes, MemberChange};
use scim_domain::schema::ResourceType;
use scim_domain::scope::Access;
use scim_domain::validation::SchemaValidator;
use scim_ports::{NewResource, Operation};
use serde_json::Value;

use crate::observe::observed;
use crate::{RequestContext, ServiceError};

use super::answer::answer;
use super::{AnswerShape, ResourceOrchestrator, WriteAnswer};

/// One resource to be created, under an id that was made for it.
pub(crate) struct Creation<'a> {
    pub(crate) id: ResourceId,
    pub(crate) resource_type: Arc<ResourceType>,
    pub(crate) body: &'a Value,
}

impl ResourceOrchestrator {
    /// Creates a resource from the client's representation.
    ///
    /// # Errors
    /// 403 where the credential may not write this type; 400 for a body that does not validate or names members that are not there; 409 for a unique value in use.
    pub async fn create(
        &self,
        context: &RequestContext,
        resource_type: &Arc<ResourceType>,
        body: &Value,
        shape: &AnswerShape,
    ) -> Result<WriteAnswer, ServiceError> {
        let work = async {
            let projection =
                shape.projection_for_write(resource_type, &written_attributes(resource_type, body))?;
            let creation =
                Creation { id: self.ids.resource_id(), resource_type: Arc::clone(resource_type), body };
            let shown = (!shape.minimal || shape_asks(shape)).then_some(&projection);
            let mut answers =
                self.create_all(context, vec![creation], shown).await.map_err(|(_index, error)| error)?;
            answers.pop().ok_or_else(no_answer)
        };
        observed(&*self.observer, context, (Operation::Create, resource_type.name()), work).await
    }

    /// Creates all of `creations` or none; they may name one another as members. Answers in their
    /// order; with an error, which one it is about.
    pub(crate) async fn create_all(
        &self,
        context: &RequestContext,
        creations: Vec<Creation<'_>>,
        projection: Option<&Projection>,
    ) -> Result<Vec<WriteAnswer>, (usize, ServiceError)> {
        let tenant = context.tenant();
        let mut resources = Vec::with_capacity(creations.len());
        for (index, creation) in creations.into_iter().enumerate() {
            let new = self.validate(context, creation).await.map_err(|error| (index, error))?;
            resources.push(new);
        }
        let include = projection.map_or(Include::NOTHING, Projection::include);
        let created = self
            .resources
            .resource_create_all(tenant, resources, include)
            .await
            .map_err(|refused| (refused.index, refused.error.into()))?;
        let answers = created.iter().map(|resource| answer(context, resource, projection));
        answers.collect::<Result<_, _>>().map_err(|unreadable| (0, unreadable.into()))
    }

    async fn validate(
        &self,
        context: &RequestContext,
        creation: Creation<'_>,
    ) -> Result<NewResource, ServiceError> {
        let Creation { id, resource_type, body } = creation;
        context.require(Access::Write(resource_type.name()))?;
        let validator = SchemaValidator { resource_type: &resource_type, config: &context.tenant().config };
        let draft = validator.create(body)?;
        let (attributes, unique_values) = self.finish(&resource_type, None, draft.attributes).await?;
        let members = draft.members.unwrap_or_default();
        let joined =
            if members.is_empty() { MemberChange::default() } else { MemberChange::Replace(members.clone()) };
        let written = changed_attributes(&Attributes::new(), &attributes, &joined);
        Ok(NewResource {
            id,
            resource_type,
            attributes,
            unique_values,
            members,
            at: self.clock.now(),
            audit: context.audit(&*self.ids, AuditOperation::Create, written),
        })
    }
}

/// A store that answers less than it was asked for.
fn no_answer() -> ServiceError {
    ServiceError::unavailable("the store answered nothing", None)
}

/// A client that names `attributes` wants to see them, whatever it prefers.
pub(super) fn shape_asks(shape: &AnswerShape) -> bool {
    !shape.attributes.is_empty()
}
