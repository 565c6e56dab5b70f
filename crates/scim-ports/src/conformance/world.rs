//! What the cases work with: tenants with three resource types, and short ways to write and read.

mod queries;
mod tenants;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scim_domain::audit::{Actor, AuditEntry, AuditEvent, AuditOperation, Origin};
use scim_domain::identifier::{AuditEventId, ResourceId, Timestamp, Version};
use scim_domain::listing::{Include, ResourcePage, ResourceQuery};
use scim_domain::resource::{Attributes, MemberChange, Resource, StoredResource, unique_values};
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::{Builder, Uuid};

use crate::{
    AuditQuery, AuditRepository, DeleteResource, ExpectedVersion, NewResource, RefusedCreate,
    RepositoryError, ResourceRepository, TenantRepository, UpdateResource, Updated,
};

use super::{Harness, Stores};

pub(super) use queries::{BASE_URL, Query, bind, query};
pub(super) use tenants::{definitions, redefined};
pub use tenants::{new_tenant, tenant};

/// What the audit log is to say of a change that a test makes. Ids are in the order in which they are made.
pub fn audit_entry(operation: AuditOperation) -> AuditEntry {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let origin = Origin { actor: Actor::Operator, request_id: "kit".into(), client_address: None };
    // Tests that run at the same time may have one database: the rest of the id is random.
    let [.., a, b, c, d, e, f, g, h, i, j] = Uuid::new_v4().into_bytes();
    let millis = 1_600_000_000_000_u64.saturating_add(MADE.fetch_add(1, Ordering::Relaxed));
    let id = Builder::from_unix_timestamp_millis(millis, &[a, b, c, d, e, f, g, h, i, j]).into_uuid();
    AuditEntry { id: AuditEventId::new(id), origin: Arc::new(origin), operation, attributes: Vec::new() }
}

/// Ids and moments, each greater than every one before.
#[derive(Debug, Clone, Default)]
pub(super) struct Ticks(Arc<AtomicU64>);

impl Ticks {
    fn tick(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn uuid(&self) -> Uuid {
        let tick = self.tick();
        let [a, b, c, d, e, f, g, h] = tick.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        let millis = 1_700_000_000_000_u64.saturating_add(tick);
        let random = [h, g, f, e, d, c, b, a, h, g];
        Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    pub(super) fn now(&self) -> Timestamp {
        let seconds = 1_700_000_000_i64.saturating_add_unsigned(self.tick());
        Timestamp::new(OffsetDateTime::from_unix_timestamp(seconds).expect("within range"))
    }

    /// What the audit log is to say of a change, by a request of its own.
    pub(super) fn audit(&self, operation: AuditOperation, attributes: &[&str]) -> AuditEntry {
        let request_id = format!("request-{}", self.tick());
        let origin = Origin { actor: Actor::Operator, request_id, client_address: None };
        AuditEntry {
            id: AuditEventId::new(self.uuid()),
            origin: Arc::new(origin),
            operation,
            attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
        }
    }
}

/// Two tenants, of which the cases use the first but where they say so, and their stores.
pub(super) struct World {
    pub(super) resources: Arc<dyn ResourceRepository>,
    pub(super) tenants: Arc<dyn TenantRepository>,
    pub(super) log: Arc<dyn AuditRepository>,
    pub(super) tenant: Arc<Tenant>,
    pub(super) other: Arc<Tenant>,
    pub(super) ticks: Ticks,
}

impl World {
    pub(super) async fn new(harness: &dyn Harness) -> Arc<Self> {
        let (tenant, other) = (tenant(), tenant());
        let stores = harness.stores(&[Arc::clone(&tenant), Arc::clone(&other)]).await;
        Arc::new(Self::of(stores, tenant, other, Ticks::default()))
    }

    /// A world of tenants that are registered in these stores.
    pub(super) fn of(stores: Stores, tenant: Arc<Tenant>, other: Arc<Tenant>, ticks: Ticks) -> Self {
        let Stores { resources, tenants, audit: log } = stores;
        Self { resources, tenants, log, tenant, other, ticks }
    }

    /// The same stores with another tenant in the place of the first, or with the first as it is by now.
    pub(super) fn with(&self, tenant: Arc<Tenant>) -> Self {
        let stores = Stores {
            resources: Arc::clone(&self.resources),
            tenants: Arc::clone(&self.tenants),
            audit: Arc::clone(&self.log),
        };
        Self::of(stores, tenant, Arc::clone(&self.other), self.ticks.clone())
    }

    /// An id greater than every one before.
    pub(super) fn id(&self) -> ResourceId {
        ResourceId::new(self.ticks.uuid())
    }

    /// A moment later than every one before.
    pub(super) fn now(&self) -> Timestamp {
        self.ticks.now()
    }

    pub(super) fn user_type(&self) -> Arc<ResourceType> {
        self.resource_type("User")
    }

    pub(super) fn group_type(&self) -> Arc<ResourceType> {
        self.resource_type("Group")
    }

    pub(super) fn device_type(&self) -> Arc<ResourceType> {
        self.resource_type("Device")
    }

    fn resource_type(&self, name: &str) -> Arc<ResourceType> {
        Arc::clone(self.tenant.schema.resource_type(name).expect("the type is defined"))
    }

    // Things to write

    pub(super) fn user(&self, user_name: &str) -> NewResource {
        self.user_with(json!({"userName": user_name}))
    }

    pub(super) fn user_with(&self, attributes: Value) -> NewResource {
        self.new_resource(self.user_type(), attributes, &[])
    }

    pub(super) fn device(&self, attributes: Value) -> NewResource {
        self.new_resource(self.device_type(), attributes, &[])
    }

    pub(super) fn group(&self, display_name: &str, members: &[ResourceId]) -> NewResource {
        self.new_resource(self.group_type(), json!({"displayName": display_name}), members)
    }

    pub(super) fn new_resource(
        &self,
        resource_type: Arc<ResourceType>,
        attributes: Value,
        members: &[ResourceId],
    ) -> NewResource {
        let attributes = object(attributes);
        NewResource {
            id: self.id(),
            unique_values: unique_values(&resource_type, &attributes),
            resource_type,
            attributes,
            members: members.iter().copied().collect(),
            at: self.now(),
            audit: self.ticks.audit(AuditOperation::Create, &["created", "urn:example:kit:x"]),
        }
    }

    /// An update that expects any version and changes nothing yet.
    pub(super) fn update_of(&self, resource: &StoredResource) -> UpdateResource {
        UpdateResource {
            id: resource.id,
            resource_type: Arc::clone(&resource.resource_type),
            expected: ExpectedVersion::Any,
            attributes: None,
            members: MemberChange::default(),
            at: self.now(),
            audit: self.ticks.audit(AuditOperation::Modify, &["changed"]),
        }
    }

    pub(super) fn update_to(&self, resource: &StoredResource, attributes: Value) -> UpdateResource {
        let attributes = object(attributes);
        let unique_values = unique_values(&resource.resource_type, &attributes);
        UpdateResource { attributes: Some((attributes, unique_values)), ..self.update_of(resource) }
    }

    pub(super) fn members_of(
        &self,
        group: &StoredResource,
        add: &[ResourceId],
        remove: &[ResourceId],
    ) -> UpdateResource {
        let (add, remove) = (add.iter().copied().collect(), remove.iter().copied().collect());
        UpdateResource { members: MemberChange::Delta { add, remove }, ..self.update_of(group) }
    }

    pub(super) fn deletion_of(&self, resource: &StoredResource) -> DeleteResource {
        DeleteResource {
            id: resource.id,
            resource_type: Arc::clone(&resource.resource_type),
            expected: ExpectedVersion::Any,
            keep: None,
            at: self.now(),
            audit: self.ticks.audit(AuditOperation::Delete, &[]),
        }
    }

    // Writing and reading, in the first tenant

    pub(super) async fn try_create(
        &self,
        resources: Vec<NewResource>,
    ) -> Result<Vec<StoredResource>, RefusedCreate> {
        self.resources.resource_create_all(&self.tenant, resources, Include::EVERYTHING).await
    }

    pub(super) async fn create(&self, resource: NewResource) -> StoredResource {
        let mut created = self.try_create(vec![resource]).await.expect("the resource is created");
        created.pop().expect("the created resource is answered")
    }

    pub(super) async fn try_update(&self, update: UpdateResource) -> Result<Updated, RepositoryError> {
        self.resources.resource_update(&self.tenant, update, Include::EVERYTHING).await
    }

    pub(super) async fn update(&self, update: UpdateResource) -> Updated {
        self.try_update(update).await.expect("the resource is updated")
    }

    pub(super) async fn try_delete(&self, delete: DeleteResource) -> Result<(), RepositoryError> {
        self.resources.resource_delete(&self.tenant, delete).await
    }

    pub(super) async fn delete(&self, resource: &StoredResource) {
        self.try_delete(self.deletion_of(resource)).await.expect("the resource is deleted");
    }

    pub(super) async fn try_get(
        &self,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
    ) -> Option<StoredResource> {
        let got = self.resources.resource_get(&self.tenant, resource_type, id, Include::EVERYTHING).await;
        got.expect("the store answers")
    }

    /// The resource as it is now.
    pub(super) async fn get(&self, resource: &StoredResource) -> StoredResource {
        self.try_get(&resource.resource_type, resource.id).await.expect("the resource is there")
    }

    pub(super) async fn search(&self, query: &ResourceQuery) -> ResourcePage {
        self.resources.resource_search(&self.tenant, query).await.expect("the store answers")
    }

    /// What the audit log says of the tenant's resources, the oldest record first.
    pub(super) async fn records(&self) -> Vec<AuditEvent> {
        let query = AuditQuery { filter: None, before: None, limit: 10_000 };
        let mut page = self.log.audit_page(self.tenant.id, &query).await.expect("the store answers");
        let is_of_a_resource = |record: &AuditEvent| {
            record
                .target
                .as_ref()
                .is_some_and(|target| self.tenant.schema.resource_type(&target.resource_type).is_some())
        };
        page.retain(is_of_a_resource);
        page.reverse();
        page
    }

    /// The resources of a type that match, of which there are fewer than a thousand; the total
    /// has to agree.
    pub(super) async fn matching(&self, resource_type: &Arc<ResourceType>, filter: &str) -> Vec<ResourceId> {
        let page = self.search(&query(resource_type).filter(filter).into_query()).await;
        assert_eq!(page.total_results, page.resources.len(), "the total of {filter}");
        ids(&page.resources)
    }
}

pub(super) fn object(value: Value) -> Attributes {
    match value {
        Value::Object(attributes) => attributes,
        other => panic!("{other} is no object"),
    }
}

/// The resource with its attributes read.
pub(super) fn read(resource: &StoredResource) -> Resource {
    resource.clone().read().expect("the store answers what it was given")
}

/// Everything about a resource, in a form that compares and prints.
pub(super) fn shown(resource: &StoredResource) -> Value {
    let members = resource.members.as_ref();
    let groups = resource.groups.as_ref();
    json!({
        "id": resource.id.to_string(),
        "type": resource.resource_type.name(),
        "attributes": read(resource).attributes,
        "version": resource.version.number(),
        "created": resource.created.to_string(),
        "lastModified": resource.last_modified.to_string(),
        "members": members.map(|members| members.iter().map(|member| member.to_json()).collect::<Vec<_>>()),
        "groups": groups.map(|groups| groups.iter().map(|group| group.to_json()).collect::<Vec<_>>()),
    })
}

pub(super) fn ids(resources: &[StoredResource]) -> Vec<ResourceId> {
    resources.iter().map(|resource| resource.id).collect()
}

/// The ids of a group's members, which have to be in their order.
pub(super) fn member_ids(group: &StoredResource) -> Vec<ResourceId> {
    let members = group.members.as_ref().expect("the members were read");
    let ids: Vec<ResourceId> = members.iter().map(|member| member.id).collect();
    assert!(ids.is_sorted(), "members are in the order of their ids");
    ids
}

pub(super) fn version(number: u64) -> ExpectedVersion {
    ExpectedVersion::OneOf(vec![Version::new(number)])
}
