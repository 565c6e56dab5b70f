//! Creating resources, all of them or none.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use scim_domain::identifier::ResourceId;
use scim_domain::schema::ResourceType;
use scim_ports::{NewResource, RefusedCreate, RepositoryError};

use crate::audit::Entry;
use crate::equality::LeafHasher;
use crate::row::{Content, Row};
use crate::unique::UniqueKey;

use super::TenantState;

/// A resource to be created, with what its row and indexes will hold.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) new: NewResource,
    content: Content,
    audit: Entry,
}

/// A resource that was created.
#[derive(Debug)]
pub(crate) struct Created {
    pub(crate) new: NewResource,
    pub(crate) row: Arc<Row>,
    /// What is to be written down of it.
    pub(crate) audit: Entry,
}

impl Prepared {
    /// Works out what can be worked out without a lock.
    pub(crate) fn new(hasher: &LeafHasher, mut new: NewResource) -> Result<Self, RepositoryError> {
        let unique_values = std::mem::take(&mut new.unique_values);
        let content = Content::new(hasher, &new.resource_type, &new.attributes, unique_values)?;
        let audit = Entry::from(&new.audit);
        Ok(Self { new, content, audit })
    }

    /// The same for several that are created together.
    pub(crate) fn all(hasher: &LeafHasher, resources: Vec<NewResource>) -> Result<Vec<Self>, RefusedCreate> {
        let prepare = |(index, new)| Self::new(hasher, new).map_err(|error| RefusedCreate { index, error });
        resources.into_iter().enumerate().map(prepare).collect()
    }
}

impl TenantState {
    /// Stores the resources and answers them with their rows, or stores nothing.
    pub(crate) fn create_all(&mut self, resources: Vec<Prepared>) -> Result<Vec<Created>, RefusedCreate> {
        self.check_all(&resources)?;
        let mut created = Vec::with_capacity(resources.len());
        for Prepared { new, content, audit } in resources {
            let slot = self.slots.vacant();
            self.ids.insert(new.id, slot);
            self.unique.insert(&content.unique, slot);
            self.equality.insert(&content.leaves, slot);
            let row = self.put(Row::new(new.id, slot, Arc::clone(&new.resource_type), content, new.at));
            self.wrote(new.at);
            created.push(Created { new, row, audit });
        }
        for Created { new, row, .. } in &created {
            for id in &new.members {
                if let Some(member) = self.ids.get(id) {
                    self.membership.add((row.id, row.slot), (*id, *member));
                }
            }
        }
        Ok(created)
    }

    /// Whether a resource has this id, or had it when it was put aside.
    fn has_id(&self, id: ResourceId) -> bool {
        self.ids.contains_key(&id) || self.aside.contains_key(&id)
    }

    fn check_all(&self, resources: &[Prepared]) -> Result<(), RefusedCreate> {
        let types: HashMap<ResourceId, &ResourceType> =
            resources.iter().map(|resource| (resource.new.id, &*resource.new.resource_type)).collect();
        let mut ids = HashSet::new();
        let mut unique: HashSet<(&str, &UniqueKey)> = HashSet::new();
        for (index, Prepared { new, content, .. }) in resources.iter().enumerate() {
            let refuse = |error| Err(RefusedCreate { index, error });
            if !self.slots.has_room_for(resources.len()) {
                return refuse(RepositoryError::Unavailable("there are too many resources".into()));
            }
            if self.has_id(new.id) || !ids.insert(new.id) {
                return refuse(RepositoryError::Uniqueness { attribute: "id".into() });
            }
            let members = new.members.iter().copied();
            if let Err(error) = self.members_to_be(&new.resource_type, members, |id| types.get(&id).copied())
            {
                return refuse(error);
            }
            let of_type = |key| (new.resource_type.name(), key);
            let taken = self
                .unique
                .taken(&self.slots, &new.resource_type, &content.unique, None)
                .or_else(|| content.unique.iter().find(|key| unique.contains(&of_type(*key))));
            if let Some(key) = taken {
                return refuse(RepositoryError::Uniqueness { attribute: key.attribute().to_owned() });
            }
            unique.extend(content.unique.iter().map(of_type));
        }
        Ok(())
    }
}
