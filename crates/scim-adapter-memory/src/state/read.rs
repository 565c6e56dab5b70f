//! Reading what belongs to a resource beside its row: members and groups.

use std::sync::Arc;

use scim_domain::listing::{Include, MemberInclude};
use scim_domain::resource::{GroupMembership, Member, Resource};
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;

use crate::membership::End;
use crate::row::Row;
use crate::slots::Slot;

use super::TenantState;

/// The members and groups of one resource, as far as they were asked for.
#[derive(Debug, Default)]
pub(crate) struct Related {
    members: Option<Vec<Member>>,
    groups: Option<Vec<GroupMembership>>,
}

impl Related {
    /// Puts them into the resource.
    pub(crate) fn into_resource<A>(self, resource: Resource<A>) -> Resource<A> {
        Resource { members: self.members, groups: self.groups, ..resource }
    }
}

/// Whether resources of this type have anything beside their row that `include` asks for.
pub(crate) fn asks_for_related(resource_type: &ResourceType, include: Include) -> bool {
    (resource_type.members().is_some() && include.members != MemberInclude::None)
        || (resource_type.groups().is_some() && include.groups)
}

impl TenantState {
    /// What `include` asks for of the resource of this row. One that was deleted since the row was
    /// read has no memberships, and whatever is in its slot now is not it.
    pub(crate) fn related(
        &self,
        tenant: &Tenant,
        resource_type: &ResourceType,
        row: &Row,
        include: Include,
    ) -> Related {
        let slot = row.slot;
        let is_there = self.has(row);
        let wants_members = match include.members {
            MemberInclude::None => false,
            MemberInclude::UpTo(most) => !is_there || self.membership.count(slot) <= most,
            MemberInclude::All => true,
        };
        Related {
            members: (wants_members && resource_type.members().is_some())
                .then(|| if is_there { self.members(tenant, slot) } else { Vec::new() }),
            groups: (include.groups && resource_type.groups().is_some())
                .then(|| if is_there { self.groups(tenant, slot) } else { Vec::new() }),
        }
    }

    fn members(&self, tenant: &Tenant, group: Slot) -> Vec<Member> {
        let member = |(id, slot): End| {
            let row = self.row_in(slot)?;
            Some(Member { id, resource_type: type_of(tenant, row), display: display_of(row) })
        };
        self.membership.members(group).filter_map(member).collect()
    }

    fn groups(&self, tenant: &Tenant, slot: Slot) -> Vec<GroupMembership> {
        let group = |(id, slot): End, direct: bool| {
            let row = self.row_in(slot)?;
            Some(GroupMembership {
                id,
                resource_type: type_of(tenant, row),
                display: display_of(row),
                direct,
            })
        };
        let direct = self.membership.direct_groups(slot).filter_map(|end| group(end, true));
        let indirect = self.membership.indirect_groups(slot).into_iter().filter_map(|end| group(end, false));
        direct.chain(indirect).collect()
    }
}

/// The type of a row as the tenant defines it now, or as it was when the row was written.
fn type_of(tenant: &Tenant, row: &Row) -> Arc<ResourceType> {
    Arc::clone(tenant.schema.resource_type(row.resource_type.name()).unwrap_or(&row.resource_type))
}

fn display_of(row: &Row) -> Option<String> {
    row.display.as_deref().map(str::to_owned)
}
