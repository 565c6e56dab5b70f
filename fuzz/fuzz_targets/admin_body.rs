//! Bodies that operators send: configs, schemas and resource types.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scim_fuzz::admin_body(input));
