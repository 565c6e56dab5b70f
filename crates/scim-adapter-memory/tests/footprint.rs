//! What a tenant costs. A test binary of its own: it measures the whole process.

#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, reason = "a test fails by a panic")]

use std::fs;

use scim_adapter_memory::MemoryStore;
use scim_domain::identifier::TenantId;
use scim_ports::conformance::{new_tenant, tenant};
use uuid::Uuid;

const TENANTS: u64 = 500;

/// The memory that the process has, in bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("the status of the process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line on memory");
    let kilobytes = line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number");
    kilobytes * 1024
}

#[test]
fn many_tenants_of_equal_definitions_take_less_than_10_kb_each() {
    let store = MemoryStore::new();
    let mut new = new_tenant(&tenant());
    let mut register = |number: u64| {
        new.record.id = TenantId::new(Uuid::from_u128(u128::from(number)));
        new.record.slug = format!("tenant-{number}");
        store.tenants().create(new.clone()).expect("it is registered");
    };
    register(0);
    let before = resident();
    (1..=TENANTS).for_each(register);
    let each = resident().saturating_sub(before) / TENANTS;
    assert!(each < 10 * 1024, "{each} bytes each");
}
