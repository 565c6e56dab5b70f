//! Cursors of clients, and cursors that were sealed.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| scim_fuzz::cursor(input));
