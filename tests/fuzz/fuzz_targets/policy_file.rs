#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::policy_file::holds_for(bytes));
