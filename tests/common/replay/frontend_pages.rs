//! Pages of frontends that do not lead, which were recorded only once each: they take a share of what the leader does.

use super::page::{Page, like, name_of};

/// Work that only a leader does; a follower's own figures of these stay as recorded.
const LEADERS_WORK: &[&str] =
    &["txn", "load", "edit", "journal", "image", "job", "routine", "meta", "tablet", "report"];

/// Measured now, though announced as counters.
const NO_COUNTERS: &[&str] = &["_num", "_pending", "_running", "_job"];

/// The page of a frontend beside the leader: its recorded page plus `share` of what the leader's counters have gained
/// since `first`.
pub(super) fn beside(leader: &Page, first: &Page, own: &Page, share: f64) -> Page {
    let mut page = own.clone();
    let journal = "starrocks_fe_max_journal_id";
    let gained = |series: &str| Some((leader.value(series)? - first.value(series)?).max(0.0));
    let queries = gained("starrocks_fe_query_latency_ms_count").unwrap_or_default() * share;
    page.map(|series, value| {
        let recorded: f64 = value.parse().ok()?;
        let name = name_of(series);
        match name {
            "starrocks_fe_max_journal_id" | "starrocks_fe_meta_log_count" => {
                return Some(like(value, leader.value(journal)? - 1.0));
            }
            "starrocks_fe_edit_log_read" => return Some(like(value, recorded + gained(journal)?)),
            "starrocks_fe_qps" | "starrocks_fe_rps" => return Some(like(value, leader.value(series)? * share)),
            "starrocks_fe_query_latency_ms" | "starrocks_fe_query_latency_ms_sum" if queries < 1.0 => return None,
            // The same queries on a machine that is a little slower.
            "starrocks_fe_query_latency_ms" => {
                return Some(like(value, (leader.value(series)? * (1.0 + share / 2.0)).round()));
            }
            "starrocks_fe_query_latency_ms_sum" => return Some(like(value, leader.value(series)? * share)),
            _ => {}
        }
        let short = name.strip_prefix("starrocks_fe_").unwrap_or(name);
        let leads = LEADERS_WORK.iter().any(|prefix| short.starts_with(prefix));
        let counts = own.is_counter(series) || name.ends_with("_count") || name.ends_with("_gc");
        let counts = counts && !NO_COUNTERS.iter().any(|suffix| name.ends_with(suffix));
        (counts && !leads).then(|| Some(like(value, recorded + gained(series)? * share))).flatten()
    });
    page
}

/// A page recorded after the restart of a leader, as a follower prints it.
pub(super) fn without_lead(restarted: &Page, leader: &Page) -> Page {
    let mut page = restarted.clone();
    page.remove("node_info{type=\"is_master\"}");
    page.remove("starrocks_fe_tablet_num{");
    let journal = leader.value("starrocks_fe_max_journal_id").unwrap_or_default() - 1.0;
    page.map(|series, value| match name_of(series) {
        "starrocks_fe_max_journal_id" | "starrocks_fe_meta_log_count" => Some(like(value, journal)),
        "starrocks_fe_edit_log_write" => Some("0".to_owned()),
        _ if series.contains("is_leader=\"true\"") => Some(like(value, 0.0)),
        _ => None,
    });
    page.replace_in_series("is_leader=\"true\"", "is_leader=\"false\"");
    page
}
