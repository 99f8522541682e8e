//! Any bytes as a page, in both formats; shared by the tests and the fuzz target.

#[path = "../exposition/invariants.rs"]
mod invariants;

use stellar::exposition::Format;

pub fn check(page: &[u8]) {
    for format in [Format::Prometheus, Format::OpenMetrics] {
        invariants::check(page, format, &["a", "b_sum", "starrocks_fe_query_total", "node_info", "starrocks_be_cpu"]);
    }
}
