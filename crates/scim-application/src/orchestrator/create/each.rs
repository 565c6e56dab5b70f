//! Creating many resources, each by itself, as a bulk request does (RFC 7644 §3.7): up to as many errors as its client accepts.

use std::collections::VecDeque;

use futures_util::{StreamExt, stream};
use scim_domain::listing::Include;
use scim_ports::NewResource;

use crate::{RequestContext, ServiceError};

use super::super::answer::answer;
use super::super::{ResourceOrchestrator, WriteAnswer};
use super::{Creation, no_answer};

/// The most resources that are validated at a time: enough to have several processors hash
/// their passwords, and a small part of what the hasher lets wait.
const VALIDATED_AT_ONCE: usize = 16;
/// From this many errors on that are still accepted, as many resources are created at a time, each by itself.
const MANY_ERRORS: usize = 20;
/// The most resources that are created at a time, all or none, where fewer errors are accepted.
const HOPED_FOR: usize = 100;

type Outcome = Result<WriteAnswer, ServiceError>;

impl ResourceOrchestrator {
    /// Creates each of `creations` by itself, in their order, until `most_errors` of them have failed: what
    /// comes after that is not created and has no outcome. None of them names another. One that could not
    /// even be read is an error in its place. The answers show nothing of the resources.
    pub(crate) async fn create_each(
        &self,
        context: &RequestContext,
        creations: Vec<Result<Creation<'_>, ServiceError>>,
        most_errors: usize,
    ) -> Vec<Outcome> {
        let validated =
            creations.into_iter().map(|creation| async { self.validate(context, creation?).await });
        let mut left: VecDeque<Result<NewResource, ServiceError>> =
            stream::iter(validated).buffered(VALIDATED_AT_ONCE).collect().await;
        let (mut outcomes, mut errors_left) = (Vec::with_capacity(left.len()), most_errors);
        while errors_left > 0 && !left.is_empty() {
            let next = if errors_left >= left.len().min(MANY_ERRORS) {
                let next = left.drain(..errors_left.min(left.len())).collect();
                self.create_apart(context, next).await
            } else {
                self.create_next(context, &mut left).await
            };
            let errors = next.iter().filter(|outcome| outcome.is_err()).count();
            errors_left = errors_left.saturating_sub(errors);
            outcomes.extend(next);
        }
        outcomes
    }

    /// Creates the next ones together, in the hope that none of them is refused: then it is as if each had
    /// been created by itself, and otherwise none of them is. What comes before the one that was refused is
    /// tried again without it, and that one alone, so that nothing is created after an error that may be the last.
    async fn create_next(
        &self,
        context: &RequestContext,
        left: &mut VecDeque<Result<NewResource, ServiceError>>,
    ) -> Vec<Outcome> {
        let mut count = left.iter().take(HOPED_FOR).take_while(|new| new.is_ok()).count();
        while count > 1 {
            let news: Vec<NewResource> = left.iter().take(count).flatten().cloned().collect();
            match self.resources.resource_create_all(context.tenant(), news, Include::NOTHING).await {
                Ok(created) => {
                    left.drain(..count);
                    return created.iter().map(|resource| Ok(answer(context, resource, None)?)).collect();
                }
                Err(refused) => count = refused.index.min(count.saturating_sub(1)),
            }
        }
        self.create_apart(context, left.pop_front().into_iter().collect()).await
    }

    async fn create_apart(
        &self,
        context: &RequestContext,
        news: Vec<Result<NewResource, ServiceError>>,
    ) -> Vec<Outcome> {
        let (mut resources, mut refusals) = (Vec::with_capacity(news.len()), Vec::with_capacity(news.len()));
        for new in news {
            refusals.push(new.map(|new| resources.push(new)).err());
        }
        let created =
            self.resources.resource_create_each(context.tenant(), resources, Include::NOTHING).await;
        let mut created = created.into_iter();
        let outcome = |refusal: Option<ServiceError>| match refusal {
            Some(error) => Err(error),
            None => {
                let resource = created.next().ok_or_else(no_answer)??;
                Ok(answer(context, &resource, None)?)
            }
        };
        refusals.into_iter().map(outcome).collect()
    }
}
