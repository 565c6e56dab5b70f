//! One bulk request while it runs.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scim_domain::bulk::{
    BulkMethod, BulkOperation, BulkOutcome, BulkPath, BulkRequest, BulkResult, BulkTarget, RefusedOperation,
    substitute,
};
use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::identifier::ResourceId;
use scim_domain::precondition::{IfMatch, VersionCondition};
use scim_domain::schema::ResourceType;
use scim_ports::Operation;
use serde_json::Value;

use crate::observe::outcome_of;
use crate::orchestrator::Creation;
use crate::{AnswerShape, RequestContext, ResourceOrchestrator, ResourceTarget, ServiceError, WriteAnswer};

/// What is known of a `bulkId`.
enum Named {
    /// Its operation is still to come.
    Pending,
    /// Its operation created this.
    Created(ResourceId),
    /// Its operation failed.
    Failed,
}

/// The state of a run.
pub(super) struct Run<'a> {
    orchestrator: &'a ResourceOrchestrator,
    context: &'a RequestContext,
    request: &'a BulkRequest,
    names: HashMap<&'a str, Named>,
    results: Vec<Option<BulkResult>>,
    errors: usize,
}

/// How one operation went: what it wrote, if it did not delete.
type Outcome = Result<Option<WriteAnswer>, ServiceError>;

/// What a POST is to create: a resource with this id, of this type, from this body.
type ToCreate = (ResourceId, Arc<ResourceType>, Value);

/// The answers in a bulk response show no resource (RFC 7644 §3.7: "MAY elect to omit").
fn no_body() -> AnswerShape {
    AnswerShape { minimal: true, ..AnswerShape::default() }
}

impl<'a> Run<'a> {
    pub(super) fn new(
        orchestrator: &'a ResourceOrchestrator,
        context: &'a RequestContext,
        request: &'a BulkRequest,
    ) -> Self {
        let mut names = HashMap::new();
        for operation in &request.operations {
            match operation {
                Ok(BulkOperation { method: BulkMethod::Post, bulk_id: Some(name), .. }) => {
                    names.insert(name.as_str(), Named::Pending);
                }
                Err(RefusedOperation { method: Some(BulkMethod::Post), bulk_id: Some(name), .. }) => {
                    names.entry(name.as_str()).or_insert(Named::Failed);
                }
                _ => {}
            }
        }
        let results = request.operations.iter().map(|_| None).collect();
        Self { orchestrator, context, request, names, results, errors: 0 }
    }

    /// Whether as many operations failed as the client accepts (`failOnErrors`).
    pub(super) fn is_over(&self) -> bool {
        self.request.fail_on_errors.is_some_and(|limit| self.errors >= limit)
    }

    /// What became of the operations that ran, in the order of the request.
    pub(super) fn into_results(self) -> Vec<BulkResult> {
        self.results.into_iter().flatten().collect()
    }

    /// How many of the next steps of the plan run at once: POSTs that refer to none of each other. At
    /// least one, where there is one.
    pub(super) fn at_once(&self, steps: &[Vec<usize>]) -> usize {
        let mut names = HashSet::new();
        let posts = steps.iter().take_while(|step| {
            let Some(operation) = self.single_post(step) else { return false };
            let is_apart = !operation.references().iter().any(|name| names.contains(name));
            names.extend(operation.bulk_id.as_deref());
            is_apart
        });
        posts.count().max(1).min(steps.len())
    }

    /// The operation of a step that is one POST.
    fn single_post(&self, step: &[usize]) -> Option<&'a BulkOperation> {
        let &[index] = step else { return None };
        let operation = self.request.operations.get(index)?.as_ref().ok()?;
        (operation.method == BulkMethod::Post).then_some(operation)
    }

    /// Runs steps of the plan that run at once.
    pub(super) async fn steps(&mut self, steps: &[Vec<usize>]) {
        match steps {
            [step] => self.step(step).await,
            posts => self.posts(posts).await,
        }
    }

    /// POSTs that have nothing to do with each other.
    async fn posts(&mut self, steps: &[Vec<usize>]) {
        let mut posts = Vec::with_capacity(steps.len());
        for step in steps {
            if let (&[index], Some(operation)) = (step.as_slice(), self.single_post(step)) {
                let id = self.orchestrator.ids.resource_id();
                posts.push((index, self.to_create(operation, id)));
            }
        }
        let creations = posts.iter().map(|(_, to_create)| match to_create {
            Ok((id, resource_type, body)) => {
                Ok(Creation { id: *id, resource_type: Arc::clone(resource_type), body })
            }
            Err(error) => Err(error.clone().into()),
        });
        let accepted = self.request.fail_on_errors.unwrap_or(usize::MAX).saturating_sub(self.errors);
        let outcomes = self.orchestrator.create_each(self.context, creations.collect(), accepted).await;
        // What has no outcome came after the last error that the client accepts.
        for ((index, _), outcome) in posts.iter().zip(outcomes) {
            self.record(*index, outcome.map(Some).map_err(|error| in_operation(*index, error)));
        }
    }

    /// What a POST is to create.
    fn to_create(&self, operation: &BulkOperation, id: ResourceId) -> Result<ToCreate, ScimError> {
        let resource_type = self.resource_type(&operation.path)?;
        let own = operation.bulk_id.as_deref().map(|name| (name, id));
        Ok((id, resource_type, self.resolve(operation, own.as_slice())?))
    }

    /// Runs one step of the plan.
    async fn step(&mut self, operations: &[usize]) {
        match operations {
            &[index] => {
                let outcome = match self.request.operations.get(index) {
                    Some(Ok(operation)) => {
                        self.single(operation).await.map_err(|error| in_operation(index, error))
                    }
                    Some(Err(refused)) => Err(refused.error.clone().into()),
                    None => return,
                };
                self.record(index, outcome);
            }
            circle => self.circle(circle).await,
        }
    }

    async fn single(&self, operation: &BulkOperation) -> Outcome {
        match operation.method {
            BulkMethod::Post => {
                let (id, resource_type, body) =
                    self.to_create(operation, self.orchestrator.ids.resource_id())?;
                let creation = Creation { id, resource_type, body: &body };
                let created = self.orchestrator.create_all(self.context, vec![creation], None).await;
                created.map(|mut answers| answers.pop()).map_err(|(_, error)| error)
            }
            BulkMethod::Put | BulkMethod::Patch | BulkMethod::Delete => {
                self.change(operation, self.resource_type(&operation.path)?).await
            }
        }
    }

    async fn change(&self, operation: &BulkOperation, resource_type: Arc<ResourceType>) -> Outcome {
        let id = match &operation.path.target {
            Some(BulkTarget::Id(id)) => id.clone(),
            Some(BulkTarget::BulkId(name)) => self.id_of(name)?.to_string(),
            None => return Err(ScimError::invalid_value("path: names no resource").into()),
        };
        let target = ResourceTarget { resource_type, id };
        let condition = match &operation.version {
            Some(version) => Some(IfMatch::parse(version).map_err(|error| error.within("version"))?),
            None => None,
        };
        let condition: Option<&VersionCondition> = condition.as_ref().map(IfMatch::expected);
        let body = self.resolve(operation, &[])?;
        let (orchestrator, context) = (self.orchestrator, self.context);
        match operation.method {
            BulkMethod::Put => {
                orchestrator.replace(context, &target, &body, condition, &no_body()).await.map(Some)
            }
            BulkMethod::Patch => {
                orchestrator.patch(context, &target, &body, condition, &no_body()).await.map(Some)
            }
            BulkMethod::Post | BulkMethod::Delete => {
                orchestrator.delete(context, &target, condition).await.map(|()| None)
            }
        }
    }

    /// POSTs that refer to one another (RFC 7644 §3.7.1): their ids are made beforehand, and they
    /// are created in one transaction, all or none.
    async fn circle(&mut self, operations: &[usize]) {
        let posts: Vec<(usize, &'a BulkOperation, ResourceId)> = operations
            .iter()
            .filter_map(|&index| Some((index, self.request.operations.get(index)?.as_ref().ok()?)))
            .map(|(index, operation)| (index, operation, self.orchestrator.ids.resource_id()))
            .collect();
        let named = |(_, operation, id): &(usize, &'a BulkOperation, ResourceId)| {
            operation.bulk_id.as_deref().map(|name| (name, *id))
        };
        let own: Vec<(&str, ResourceId)> = posts.iter().filter_map(named).collect();
        match self.create_circle(&posts, &own).await {
            Ok(answers) => {
                for ((index, _, _), answer) in posts.iter().zip(answers) {
                    self.record(*index, Ok(Some(answer)));
                }
            }
            Err((failed, error)) => {
                let detail = format!(
                    "its references to other operations are circular, and Operations[{failed}] of the circle failed"
                );
                let mut error = Some(error);
                for (index, _, _) in posts {
                    let own_error = if index == failed { error.take() } else { None };
                    let told =
                        own_error.unwrap_or_else(|| ScimError::new(ErrorKind::Conflict, &detail).into());
                    self.record(index, Err(in_operation(index, told)));
                }
            }
        }
    }

    /// Answers in the order of `posts`; with an error, the place in the request of the operation
    /// that it is about.
    async fn create_circle(
        &self,
        posts: &[(usize, &BulkOperation, ResourceId)],
        own: &[(&str, ResourceId)],
    ) -> Result<Vec<WriteAnswer>, (usize, ServiceError)> {
        let mut bodies = Vec::with_capacity(posts.len());
        for (index, operation, _) in posts {
            bodies.push(self.resolve(operation, own).map_err(|error| (*index, error.into()))?);
        }
        let mut creations = Vec::with_capacity(posts.len());
        for ((index, operation, id), body) in posts.iter().zip(&bodies) {
            let resource_type =
                self.resource_type(&operation.path).map_err(|error| (*index, error.into()))?;
            creations.push(Creation { id: *id, resource_type, body });
        }
        let created = self.orchestrator.create_all(self.context, creations, None).await;
        created.map_err(|(place, error)| (posts.get(place).map_or(place, |(index, _, _)| *index), error))
    }

    fn resource_type(&self, path: &BulkPath) -> Result<Arc<ResourceType>, ScimError> {
        self.context
            .resource_type_at(&path.endpoint)
            .ok_or_else(|| ScimError::not_found(format!("path: there is no endpoint /{}", path.endpoint)))
    }

    /// The operation's body with an id in place of each reference. `own` are ids that are about to be used.
    fn resolve(&self, operation: &BulkOperation, own: &[(&str, ResourceId)]) -> Result<Value, ScimError> {
        let own: HashMap<&str, ResourceId> = own.iter().copied().collect();
        let mut ids = HashMap::new();
        for name in operation.references() {
            let id = match own.get(name) {
                Some(id) => *id,
                None => self.id_of(name)?,
            };
            ids.insert(name, id);
        }
        let mut body = operation.data.clone();
        substitute(&mut body, &|name| ids.get(name).map(ToString::to_string));
        Ok(body)
    }

    fn id_of(&self, name: &str) -> Result<ResourceId, ScimError> {
        match self.names.get(name) {
            Some(Named::Created(id)) => Ok(*id),
            Some(Named::Pending | Named::Failed) => Err(ScimError::new(
                ErrorKind::Conflict,
                format!("bulkId:{name}: the operation that was to create it failed"),
            )),
            None => Err(ScimError::invalid_value(format!(
                "bulkId:{name}: no operation of the request is named so"
            ))),
        }
    }

    fn record(&mut self, index: usize, outcome: Outcome) {
        let (method, bulk_id, location) = match self.request.operations.get(index) {
            Some(Ok(operation)) => {
                let location = self.location_of(&operation.path);
                (Some(operation.method), operation.bulk_id.as_deref(), location)
            }
            Some(Err(refused)) => {
                let location = refused.path.as_ref().and_then(|path| self.location_of(path));
                (refused.method, refused.bulk_id.as_deref(), location)
            }
            None => return,
        };
        let ended = outcome_of(&outcome);
        let observer = &self.orchestrator.observer;
        observer.bulk_operation(ended);
        if let Some(Ok(operation)) = self.request.operations.get(index)
            && operation.method == BulkMethod::Post
            && let Ok(resource_type) = self.resource_type(&operation.path)
        {
            // Every other method is a use case of its own, which tells by itself.
            let slug = &self.context.tenant().slug;
            observer.operation(slug, resource_type.name(), Operation::Create, ended);
        }
        let mut result = BulkResult {
            method,
            bulk_id: bulk_id.map(str::to_owned),
            location,
            outcome: BulkOutcome::Deleted,
        };
        let mut named = Named::Failed;
        match outcome {
            Ok(Some(answer)) => {
                named = Named::Created(answer.id);
                result.location = Some(answer.location);
                result.outcome = BulkOutcome::Done(answer.version);
            }
            Ok(None) => {}
            Err(failure) => {
                if let Some(cause) = &failure.cause {
                    tracing::error!(operation = index, cause = %cause, "an operation of a bulk request failed");
                }
                self.errors = self.errors.saturating_add(1);
                result.outcome = BulkOutcome::Failed(failure.error);
            }
        }
        if let Some(name) = bulk_id.filter(|_| method == Some(BulkMethod::Post)) {
            // A refused operation may have the name of one that ran: that one keeps it.
            if matches!(self.names.get(name), Some(Named::Pending)) {
                self.names.insert(name, named);
            }
        }
        if let Some(slot) = self.results.get_mut(index) {
            *slot = Some(result);
        }
    }

    /// The URL of the resource that an operation names, whether or not it is there (RFC 7644 §3.7:
    /// `location` is required "except in the event of a POST failure").
    fn location_of(&self, path: &BulkPath) -> Option<String> {
        let id = match path.target.as_ref()? {
            BulkTarget::Id(id) => id.clone(),
            BulkTarget::BulkId(name) => self.id_of(name).ok()?.to_string(),
        };
        Some(format!("{}/{}/{id}", self.context.base_url, path.endpoint))
    }
}

fn in_operation(index: usize, error: ServiceError) -> ServiceError {
    error.within(format_args!("Operations[{index}]"))
}
