//! `/Me`: the resource that the credential speaks for (RFC 7644 §3.11).

use scim_domain::error::{ErrorKind, ScimError};

use super::Answer;
use crate::extract::Authorized;
use crate::respond;

/// GET
pub(crate) async fn show(request: Authorized) -> Answer {
    let (shape, if_none_match) = (request.answer_shape()?, request.if_none_match()?);
    let service = request.service().resources();
    let answer = service.read_me(&request.context, &shape, if_none_match.as_ref()).await?;
    Ok(respond::read(answer))
}

/// PUT
pub(crate) async fn replace(mut request: Authorized) -> Answer {
    let target = request.context.me()?;
    let (shape, if_match) = (request.answer_shape()?, request.if_match()?);
    let body = request.json().await?;
    let service = request.service().resources();
    let answer = service.replace(&request.context, &target, &body, if_match.as_ref(), &shape).await?;
    Ok(respond::changed(answer))
}

/// PATCH
pub(crate) async fn modify(mut request: Authorized) -> Answer {
    let target = request.context.me()?;
    let (shape, if_match) = (request.answer_shape()?, request.if_match()?);
    let body = request.json().await?;
    let service = request.service().resources();
    let answer = service.patch(&request.context, &target, &body, if_match.as_ref(), &shape).await?;
    Ok(respond::changed(answer))
}

/// DELETE
pub(crate) async fn delete(request: Authorized) -> Answer {
    let target = request.context.me()?;
    let if_match = request.if_match()?;
    request.service().resources().delete(&request.context, &target, if_match.as_ref()).await?;
    Ok(respond::deleted())
}

/// POST: nobody creates what they are.
pub(crate) async fn create(_request: Authorized) -> Answer {
    Err(ScimError::new(ErrorKind::NotImplemented, "/Me: a resource is not created here").into())
}
