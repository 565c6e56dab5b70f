//! Who is a member of what (RFC 7643 §4.2), both ways, so that each way is one look-up.
//!
//! All groups share two ordered sets: a membership costs the same in a group of ten and in one of
//! a million, and there is no overhead for each group or each member.

use std::collections::{BTreeSet, HashMap, HashSet};

use scim_domain::identifier::ResourceId;
use uuid::Uuid;

use crate::slots::Slot;

/// One membership, seen from one of its ends. Ordered by that end, then by the id of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Edge {
    from: Slot,
    id: ResourceId,
    to: Slot,
}

/// A resource as the end of a membership.
pub(crate) type End = (ResourceId, Slot);

/// All memberships of a tenant.
#[derive(Debug, Default)]
pub(crate) struct Membership {
    /// From groups to members.
    down: BTreeSet<Edge>,
    /// From members to groups.
    up: BTreeSet<Edge>,
    /// How many members each group has; groups without any are not in it.
    counts: HashMap<Slot, usize>,
}

impl Membership {
    /// Makes `member` a member of `group`; `false` where it is one.
    pub(crate) fn add(&mut self, group: End, member: End) -> bool {
        let is_new = self.down.insert(edge(group, member));
        if is_new {
            self.up.insert(edge(member, group));
            let count = self.counts.entry(group.1).or_default();
            *count = count.saturating_add(1);
        }
        is_new
    }

    /// Makes `member` no member of `group`; `false` where it is none.
    pub(crate) fn remove(&mut self, group: End, member: End) -> bool {
        let was_there = self.down.remove(&edge(group, member));
        if was_there {
            self.up.remove(&edge(member, group));
            if let Some(count) = self.counts.get_mut(&group.1) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.counts.remove(&group.1);
                }
            }
        }
        was_there
    }

    /// Whether `member` is a direct member of `group`.
    pub(crate) fn contains(&self, group: Slot, member: End) -> bool {
        self.down.contains(&Edge { from: group, id: member.0, to: member.1 })
    }

    /// How many direct members `group` has.
    pub(crate) fn count(&self, group: Slot) -> usize {
        self.counts.get(&group).copied().unwrap_or(0)
    }

    /// The direct members of `group`, in the order of their ids.
    pub(crate) fn members(&self, group: Slot) -> impl Iterator<Item = End> {
        from(&self.down, group)
    }

    /// The groups that `member` is in directly, in the order of their ids.
    pub(crate) fn direct_groups(&self, member: Slot) -> impl Iterator<Item = End> {
        from(&self.up, member)
    }

    /// The groups that `member` is in through other groups only, in the order of their ids. A
    /// resource is never an indirect member of itself, whatever circle it is part of.
    pub(crate) fn indirect_groups(&self, member: Slot) -> Vec<End> {
        let direct: Vec<End> = self.direct_groups(member).collect();
        let mut met: HashSet<Slot> = direct.iter().map(|group| group.1).chain([member]).collect();
        let mut indirect = Vec::new();
        let mut to_visit: Vec<Slot> = direct.iter().map(|group| group.1).collect();
        while let Some(slot) = to_visit.pop() {
            for group in self.direct_groups(slot) {
                if met.insert(group.1) {
                    indirect.push(group);
                    to_visit.push(group.1);
                }
            }
        }
        indirect.sort_unstable();
        indirect
    }

    /// Whether there is nothing left.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.down.is_empty() && self.up.is_empty() && self.counts.is_empty()
    }

    /// Every direct and indirect member of `group`, without order; `None` where there are more than `limit`.
    pub(crate) fn all_members(&self, group: Slot, limit: usize) -> Option<Vec<Slot>> {
        let mut met = HashSet::new();
        let mut to_visit = vec![group];
        while let Some(slot) = to_visit.pop() {
            for (_, member) in self.members(slot) {
                if met.insert(member) {
                    if met.len() > limit {
                        return None;
                    }
                    to_visit.push(member);
                }
            }
        }
        Some(met.into_iter().collect())
    }
}

fn edge(from: End, to: End) -> Edge {
    Edge { from: from.1, id: to.0, to: to.1 }
}

fn from(edges: &BTreeSet<Edge>, slot: Slot) -> impl Iterator<Item = End> {
    let least = Edge { from: slot, id: ResourceId::new(Uuid::nil()), to: Slot::MIN };
    let greatest = Edge { from: slot, id: ResourceId::new(Uuid::max()), to: Slot::MAX };
    edges.range(least..=greatest).map(|edge| (edge.id, edge.to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(number: u32) -> End {
        (ResourceId::new(Uuid::from_u128(number.into())), Slot::new(number))
    }

    fn with(memberships: &[(u32, u32)]) -> Membership {
        let mut membership = Membership::default();
        for &(group, member) in memberships {
            membership.add(end(group), end(member));
        }
        membership
    }

    #[track_caller]
    fn groups_of(memberships: &[(u32, u32)], member: u32, direct: &[u32], indirect: &[u32]) {
        let membership = with(memberships);
        let ends = |numbers: &[u32]| numbers.iter().map(|&number| end(number)).collect::<Vec<_>>();
        assert_eq!(membership.direct_groups(Slot::new(member)).collect::<Vec<_>>(), ends(direct));
        assert_eq!(membership.indirect_groups(Slot::new(member)), ends(indirect));
    }

    #[test]
    fn groups_are_found_through_groups() {
        groups_of(&[], 1, &[], &[]);
        groups_of(&[(3, 1), (2, 1)], 1, &[2, 3], &[]);
        groups_of(&[(5, 1), (4, 5), (3, 4)], 1, &[5], &[3, 4]);
        groups_of(&[(5, 1), (4, 5), (4, 1)], 1, &[4, 5], &[]);
    }

    #[test]
    fn circles_do_no_harm() {
        groups_of(&[(2, 1), (3, 2), (2, 3)], 1, &[2], &[3]);
        groups_of(&[(2, 2), (2, 1)], 1, &[2], &[]);
        groups_of(&[(2, 3), (3, 2)], 2, &[3], &[]);
        groups_of(&[(2, 2)], 2, &[2], &[]);
    }

    #[test]
    fn a_membership_comes_and_goes_at_both_ends() {
        let mut membership = with(&[(9, 1), (9, 2)]);
        assert!(!membership.add(end(9), end(1)));
        assert_eq!(membership.count(Slot::new(9)), 2);
        assert!(membership.contains(Slot::new(9), end(1)));
        assert!(membership.remove(end(9), end(1)) && !membership.remove(end(9), end(1)));
        assert_eq!(membership.count(Slot::new(9)), 1);
        assert_eq!(membership.direct_groups(Slot::new(1)).count(), 0);
        assert!(membership.remove(end(9), end(2)));
        assert!(membership.is_empty());
    }

    #[test]
    fn all_members_are_bounded() {
        let membership = with(&[(9, 8), (8, 9), (8, 1), (9, 2)]);
        let mut all = membership.all_members(Slot::new(9), 4).expect("within the limit");
        all.sort_unstable();
        assert_eq!(all, [1, 2, 8, 9].map(Slot::new));
        assert_eq!(membership.all_members(Slot::new(9), 3), None);
    }
}
