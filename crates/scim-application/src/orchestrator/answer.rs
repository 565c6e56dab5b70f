//! What use cases answer, and what the client wants to see of it.

use scim_domain::attribute::AttributeRef;
use scim_domain::error::ScimError;
use scim_domain::identifier::{ResourceId, Version};
use scim_domain::projection::Projection;
use scim_domain::representation::write_resource;
use scim_domain::resource::{StoredResource, Unreadable};
use scim_domain::schema::ResourceType;

use crate::RequestContext;

/// What the client wants to see of the resource in an answer (RFC 7644 §3.9, RFC 7240).
#[derive(Debug, Clone, Default)]
pub struct AnswerShape {
    /// `attributes`
    pub attributes: Vec<String>,
    /// `excludedAttributes`
    pub excluded_attributes: Vec<String>,
    /// `Prefer: return=minimal`
    pub minimal: bool,
}

impl AnswerShape {
    pub(crate) fn projection(&self, resource_type: &ResourceType) -> Result<Projection, ScimError> {
        Projection::new(resource_type, &self.attributes, &self.excluded_attributes)
    }

    /// The projection for the answer to a write of these attributes.
    pub(crate) fn projection_for_write(
        &self,
        resource_type: &ResourceType,
        written: &[AttributeRef],
    ) -> Result<Projection, ScimError> {
        Projection::for_write(resource_type, &self.attributes, &self.excluded_attributes, written)
    }
}

/// A resource as it is answered.
#[derive(Debug, Clone)]
pub struct ResourceAnswer {
    /// Its id.
    pub id: ResourceId,
    /// Its version, for `ETag`.
    pub version: Version,
    /// Its absolute URL: `meta.location`, `Content-Location`, and `Location` of what was created.
    pub location: String,
    /// The representation; `None` where the client asked for none, or it would be too long.
    pub body: Option<Vec<u8>>,
}

/// The answer to a read.
#[derive(Debug, Clone)]
pub enum ReadAnswer {
    /// The resource.
    Found(ResourceAnswer),
    /// The client has this version already (RFC 7644 §3.14, `If-None-Match`).
    NotModified(Version),
}

/// The answer to a write.
pub type WriteAnswer = ResourceAnswer;

/// The answer that shows `resource` by `projection`, or only that it is there.
pub(crate) fn answer(
    context: &RequestContext,
    resource: &StoredResource,
    projection: Option<&Projection>,
) -> Result<ResourceAnswer, Unreadable> {
    let body = projection.map(|projection| {
        let mut body = Vec::with_capacity(1024);
        write_resource(&mut body, resource, projection, &context.base_url)?;
        Ok::<_, Unreadable>(body)
    });
    Ok(ResourceAnswer {
        id: resource.id,
        version: resource.version,
        location: format!("{}{}", context.base_url, resource.location()),
        body: body.transpose()?,
    })
}
