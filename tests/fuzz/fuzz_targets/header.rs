#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::header::holds_for(bytes));
