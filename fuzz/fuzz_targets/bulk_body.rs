//! Bodies of bulk requests.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scim_fuzz::bulk_body(input));
