#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::proto_decode::holds_for(bytes));
