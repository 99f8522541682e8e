//! Replayed clusters for `benches/run`, in a process of their own, so that what they cost is not counted.
//!
//! `endpoints CLUSTERS FRONTENDS BACKENDS FOLDER` writes FOLDER/config.toml and answers until its standard input ends.
//! Pages are recorded ones made up to 2,000 samples: frontends by table metrics, backends by more of what they have of
//! each resource group. Their counters go on every second.

#[path = "../tests/common/replay/mod.rs"]
mod replay;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use replay::{BackendPages, Cluster, recorded};
use stellar::clock::Clock;

const SAMPLES: usize = 2000;
const STEPS: usize = 4;
/// What every recorded family of resource groups has once.
const GROUP: &str = "name=\"default_wg\"";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [clusters, frontends, backends, folder] = arguments.as_slice() else {
        anyhow::bail!("usage: endpoints CLUSTERS FRONTENDS BACKENDS FOLDER");
    };
    let (frontends, backends): (usize, usize) = (frontends.parse()?, backends.parse()?);
    let clusters: Vec<Cluster> = (0..clusters.parse()?).map(|_| Cluster::start(frontends, backends)).collect();
    ensure!(!clusters.is_empty(), "at least one cluster");
    let pages: Vec<_> = (0..STEPS).map(|step| (frontend(step, true), frontend(step, false), backend(step))).collect();
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let clock = Clock::new(None)?;
    let mut configured = false;
    for (leader, follower, backend) in pages.iter().cycle() {
        for cluster in &clusters {
            cluster.edit(|world| {
                world.tick(clock.now() / 1000);
                world.frontends.iter_mut().for_each(|node| node.page = follower.clone());
                world.frontends[0].page = leader.clone();
                world.backends.iter_mut().for_each(|node| node.page = backend.clone());
            });
            cluster.forget();
        }
        if !configured {
            configure(Path::new(folder), &clusters)?;
            configured = true;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

fn configure(folder: &Path, clusters: &[Cluster]) -> Result<()> {
    let mut text = "[database]\npath = \"stellar.db\"\n".to_owned();
    for (index, cluster) in clusters.iter().enumerate() {
        let frontends = cluster.urls().iter().map(|url| format!("\"{url}\"")).collect::<Vec<_>>().join(", ");
        text += &format!("\n[[clusters]]\nname = \"bench-{index:03}\"\nfrontends = [{frontends}]\nuser = \"root\"\n");
    }
    // Renamed into place, because somebody waits for it to appear.
    let (unfinished, file) = (folder.join("config.toml.new"), folder.join("config.toml"));
    std::fs::write(&unfinished, text)
        .and_then(|()| std::fs::rename(&unfinished, &file))
        .with_context(|| format!("cannot write {}", file.display()))
}

/// A recorded page of a frontend, and as many of the recorded table metrics as it takes.
fn frontend(step: usize, leads: bool) -> Arc<[u8]> {
    let mut page = text(&recorded(&format!("21_live_series/metrics_{:02}.body", 1 + 3 * step)));
    if !leads {
        page = page.lines().filter(|line| !line.contains("is_master")).map(|line| format!("{line}\n")).collect();
    }
    let mut missing = SAMPLES.saturating_sub(samples(&page));
    for line in text(&recorded("50_mv_rg_tables/metrics_table_all.body")).lines() {
        let of_a_table =
            ["starrocks_fe_table_load_", "starrocks_fe_table_scan_"].iter().any(|name| line.contains(name));
        if of_a_table && missing > 0 {
            page += &format!("{line}\n");
            missing -= samples(line);
        }
    }
    page.into_bytes().into()
}

/// A recorded page of a backend, and as many more resource groups as it takes.
fn backend(step: usize) -> Arc<[u8]> {
    let pages = BackendPages::new(&recorded("be_metrics_1.txt"), &recorded("be_metrics_2.txt"));
    let page = text(&pages.at(step as f64 * 30.0, 1.0, None).render());
    let mut missing = SAMPLES.saturating_sub(samples(&page));
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
    larger.into_bytes().into()
}

fn text(page: &[u8]) -> String {
    String::from_utf8_lossy(page).into_owned()
}

fn samples(page: &str) -> usize {
    page.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).count()
}
