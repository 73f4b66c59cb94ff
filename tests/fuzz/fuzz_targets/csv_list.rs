#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::csv_list::holds_for(bytes));
