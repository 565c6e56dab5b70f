//! The HTTP tests on the embedded store.

mod it;

use it::{admin, admin_devices, bodies, hostile, rate_limits};

/// The server under test.
type TestApp = scim_e2e::TestApp<scim_e2e::Memory>;
