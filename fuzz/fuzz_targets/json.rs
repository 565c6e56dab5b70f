//! Bodies that create or replace a resource.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scim_fuzz::json_body(input));
