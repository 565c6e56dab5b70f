//! Thousands of drawn resources, filters, sorts and pages, answered as the domain answers them.

use scim_ports::conformance::equivalence::{Extent, run};

use crate::conformance::Postgres;
use crate::support::block_on;

const EXTENT: Extent = Extent { resources: 50, queries: 600 };

#[test]
fn drawn_searches_are_answered_as_the_domain_does_1() {
    block_on(run(&Postgres, 101, EXTENT));
}

#[test]
fn drawn_searches_are_answered_as_the_domain_does_2() {
    block_on(run(&Postgres, 102, EXTENT));
}

#[test]
fn drawn_searches_are_answered_as_the_domain_does_3() {
    block_on(run(&Postgres, 103, EXTENT));
}
