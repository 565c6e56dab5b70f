//! What is measured by tenant.
//!
//! There may be ten thousand tenants, each with its own resource types. The first [`MOST_TENANTS`] that
//! are heard of have labels of their own, for as long as they are there; all others are added up under
//! [`OTHERS`], so that sums stay right. Finding a tenant's counters takes a shared lock and no memory.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::RwLock;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use scim_ports::{Operation, Outcome, TenantPopulation};

use super::Place;

/// The most tenants that have labels of their own.
pub const MOST_TENANTS: usize = 1000;
/// The most resource types of a tenant that have labels of their own.
const MOST_TYPES: usize = 32;
/// What all other tenants, or all other types, are called. No slug has an underscore.
pub const OTHERS: &str = "_other";

/// The counters of all tenants.
#[derive(Debug, Clone, Default)]
pub(super) struct Tenants(Arc<RwLock<HashMap<Box<str>, Arc<Tenant>>>>, Arc<Tenant>);

/// The counters of one tenant.
#[derive(Debug, Default)]
struct Tenant {
    types: RwLock<Vec<(Box<str>, Arc<Operations>)>>,
    population: RwLock<Option<Population>>,
    /// Whether the tenants were counted without this one since it was heard of.
    was_missed: AtomicBool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Population {
    users: u64,
    groups: u64,
}

/// One of them.
type Figure = fn(Population) -> u64;

const OPERATIONS: usize = Operation::ALL.len();
const OUTCOMES: usize = Outcome::ALL.len();

/// How often which operation ended how.
#[derive(Debug, Default)]
struct Operations([[AtomicU64; OUTCOMES]; OPERATIONS]);

impl Place for Operation {
    fn place(self) -> usize {
        match self {
            Self::Create => 0,
            Self::Read => 1,
            Self::Search => 2,
            Self::Replace => 3,
            Self::Modify => 4,
            Self::Delete => 5,
        }
    }
}

impl Operations {
    fn counter(&self, operation: Operation, outcome: Outcome) -> Option<&AtomicU64> {
        self.0.get(operation.place())?.get(outcome.place())
    }
}

impl Tenant {
    fn count(&self, resource_type: &str, operation: Operation, outcome: Outcome) {
        let count = |types: &[(Box<str>, Arc<Operations>)], name: &str| {
            let (_, operations) = types.iter().find(|(known, _)| **known == *name)?;
            operations.counter(operation, outcome)?.fetch_add(1, Ordering::Relaxed);
            Some(())
        };
        if count(&self.types.read(), resource_type).is_some() {
            return;
        }
        let mut types = self.types.write();
        let name = if types.len() < MOST_TYPES { resource_type } else { OTHERS };
        if !types.iter().any(|(known, _)| **known == *name) {
            types.push((name.into(), Arc::default()));
        }
        count(&types, name);
    }
}

impl Tenants {
    /// A use case on resources ended.
    pub(super) fn operation(
        &self,
        tenant: &str,
        resource_type: &str,
        operation: Operation,
        outcome: Outcome,
    ) {
        if let Some(tenant) = self.0.read().get(tenant) {
            return tenant.count(resource_type, operation, outcome);
        }
        self.named(tenant).count(resource_type, operation, outcome);
    }

    /// The counters of this tenant; those of all others where there is no room for its own.
    fn named(&self, slug: &str) -> Arc<Tenant> {
        let mut tenants = self.0.write();
        match tenants.get(slug) {
            Some(tenant) => Arc::clone(tenant),
            None if tenants.len() < MOST_TENANTS => {
                let tenant = Arc::<Tenant>::default();
                tenants.insert(slug.into(), Arc::clone(&tenant));
                tenant
            }
            None => Arc::clone(&self.1),
        }
    }

    /// These are all tenants that there are: what is gone has no labels any more, and makes room.
    pub(super) fn population(&self, all: &[TenantPopulation]) {
        let there: HashSet<&str> = all.iter().map(|tenant| tenant.tenant.as_str()).collect();
        // One that was never counted may be new, rather than gone: made while the others were counted. It is
        // among them the next time, or it is gone.
        let may_be_new = |tenant: &Tenant| {
            tenant.population.read().is_none() && !tenant.was_missed.swap(true, Ordering::Relaxed)
        };
        self.0.write().retain(|slug, tenant| there.contains(&**slug) || may_be_new(tenant));
        let mut others: Option<Population> = None;
        for TenantPopulation { tenant, users, groups } in all {
            let (users, groups) = (*users, *groups);
            let counters = self.named(tenant);
            if Arc::ptr_eq(&counters, &self.1) {
                let sum = others.get_or_insert_default();
                sum.users = sum.users.saturating_add(users);
                sum.groups = sum.groups.saturating_add(groups);
            } else {
                *counters.population.write() = Some(Population { users, groups });
            }
        }
        *self.1.population.write() = others;
    }

    /// All of them, in the order of their names.
    fn all(&self) -> Vec<(Box<str>, Arc<Tenant>)> {
        let tenants = self.0.read();
        let mut all: Vec<_> =
            tenants.iter().map(|(slug, tenant)| (slug.clone(), Arc::clone(tenant))).collect();
        drop(tenants);
        all.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        all.push((OTHERS.into(), Arc::clone(&self.1)));
        all
    }
}

impl Collector for Tenants {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let all = self.all();
        // They go up and down, so they are no counters, whatever their names end with.
        let figures: [(&str, &str, Figure); 2] = [
            ("users_total", "Users of the tenant, as they were counted last", |population| population.users),
            ("groups_total", "Groups of the tenant, as they were counted last", |population| {
                population.groups
            }),
        ];
        for (name, help, of) in figures {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Unknown)?;
            for (slug, tenant) in &all {
                if let Some(population) = *tenant.population.read() {
                    family.encode_family(&[("tenant", &**slug)])?.encode_gauge(&of(population))?;
                }
            }
        }
        let help = "Use cases on resources";
        let mut family = encoder.encode_descriptor("scim_operations", help, None, MetricType::Counter)?;
        for (slug, tenant) in &all {
            for (resource_type, operations) in tenant.types.read().iter() {
                for (operation, outcome) in
                    Operation::ALL.into_iter().flat_map(|one| Outcome::ALL.map(|outcome| (one, outcome)))
                {
                    let counter = operations.counter(operation, outcome);
                    let count = counter.map_or(0, |counter| counter.load(Ordering::Relaxed));
                    if count > 0 {
                        let labels = [
                            ("tenant", &**slug),
                            ("resource_type", &**resource_type),
                            ("operation", operation.as_str()),
                            ("outcome", outcome.as_str()),
                        ];
                        let no_exemplar =
                            None::<&prometheus_client::metrics::exemplar::Exemplar<[(&str, &str); 0], u64>>;
                        family.encode_family(&labels)?.encode_counter(&count, no_exemplar)?;
                    }
                }
            }
        }
        Ok(())
    }
}
