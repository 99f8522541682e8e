//! Any bytes, in both formats. Recorded pages make a good first corpus:
//! `cargo +nightly fuzz run exposition fuzz/corpus/exposition tests/pages/starrocks`
#![no_main]

#[path = "../../tests/exposition/invariants.rs"]
mod invariants;

use libfuzzer_sys::fuzz_target;
use stellar::exposition::Format;

fuzz_target!(|page: &[u8]| {
    for format in [Format::Prometheus, Format::OpenMetrics] {
        invariants::check(page, format, &["a", "b_sum", "starrocks_fe_query_total", "node_info", "starrocks_be_cpu"]);
    }
});
