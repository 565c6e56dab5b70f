//! Bodies of PATCH requests.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scim_fuzz::patch_body(input));
