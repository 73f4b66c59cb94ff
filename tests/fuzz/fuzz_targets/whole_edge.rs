#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::whole_edge::holds_for(bytes));
