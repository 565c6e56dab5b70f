//! Filters.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scim_fuzz::filter(input));
