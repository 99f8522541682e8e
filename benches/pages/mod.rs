//! Pages as large as those of real nodes: recorded ones, made up to any number of samples. Frontends have more by table
//! metrics, backends by more of what they have of each resource group.
//!
//! Whoever takes this in has the replayed clusters as `replay`.

#![allow(dead_code, reason = "every target compiles its own copy and uses a part of it")]

use crate::replay::{BackendPages, recorded};

/// What every recorded family of resource groups has once.
const GROUP: &str = "name=\"default_wg\"";

/// A recorded page of a frontend, one of four a few seconds apart, and as many of the recorded table metrics as it takes.
pub fn frontend(step: usize, leads: bool, wanted: usize) -> String {
    let mut page = text(&recorded(&format!("21_live_series/metrics_{:02}.body", 1 + 3 * step)));
    if !leads {
        page = page.lines().filter(|line| !line.contains("is_master")).map(|line| format!("{line}\n")).collect();
    }
    let mut missing = wanted.saturating_sub(samples(&page));
    for line in text(&recorded("50_mv_rg_tables/metrics_table_all.body")).lines() {
        let of_a_table =
            ["starrocks_fe_table_load_", "starrocks_fe_table_scan_"].iter().any(|name| line.contains(name));
        if of_a_table && missing > 0 {
            page += &format!("{line}\n");
            missing -= samples(line);
        }
    }
    page
}

/// A recorded page of a backend, and as many more resource groups as it takes.
pub fn backend(step: usize, wanted: usize) -> String {
    let pages = BackendPages::new(&recorded("be_metrics_1.txt"), &recorded("be_metrics_2.txt"));
    let page = text(&pages.at(step as f64 * 30.0, 1.0, None).render());
    let mut missing = wanted.saturating_sub(samples(&page));
    let families = page.lines().filter(|line| line.contains(GROUP)).count().max(1);
    let groups = missing.div_ceil(families);
    let mut larger = String::new();
    for line in page.lines() {
        larger += &format!("{line}\n");
        if line.contains(GROUP) {
            for group in 0..groups.min(missing) {
                larger += &format!("{}\n", line.replace(GROUP, &format!("name=\"group_{group}\"")));
            }
            missing = missing.saturating_sub(groups);
        }
    }
    larger
}

/// The pages that the parser is measured on, with their names: as small as a new cluster's and as large as those of a
/// cluster in use.
pub fn benched() -> [(&'static str, String); 4] {
    [
        ("small frontend", frontend(3, true, 0)),
        ("frontend", frontend(3, true, 2_045)),
        ("small backend", backend(1, 0)),
        ("backend", backend(1, 4_664)),
    ]
}

fn text(page: &[u8]) -> String {
    String::from_utf8_lossy(page).into_owned()
}

fn samples(page: &str) -> usize {
    page.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count()
}
