#![no_main]

#[path = "../../tests/fuzz/promql.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|text: &str| body::check(text));
