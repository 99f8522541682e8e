//! Two collections of a cluster of 3 frontends and 10 backends, played from recorded pages half a minute apart.

#[path = "../../tests/common/replay/mod.rs"]
mod replay;

use anyhow::{Context, Result, anyhow, ensure};
use replay::{BackendPages, Cluster, recorded};
use stellar::catalogue::Catalogue;
use stellar::clock::Clock;
use stellar::collect::{self, Harvest, Progress, Remembered, Toolbox};
use stellar::sample::Millis;
use stellar::settings::{self, Settings};

/// 2026-11-22T02:28:58Z, when the first page was recorded, in seconds.
const FIRST: i64 = 1_795_314_538;
const APART: i64 = 30;

pub struct Collected {
    pub settings: Settings,
    pub catalogue: Catalogue,
    pub first: Harvest,
    pub second: Harvest,
}

/// When the second collection was, in unix milliseconds.
pub const AT: Millis = (FIRST + APART) * 1000;

/// Starts the cluster, collects it twice and lets it go.
pub fn collected() -> Result<Collected> {
    let cluster = Cluster::start(3, 10);
    let settings = configured(&cluster.urls())?;
    let catalogue = Catalogue::load(&settings).map_err(|faults| anyhow!("{} faults", faults.len()))?;
    let collect = |seconds: i64, page: &str| -> Result<Harvest> {
        let pages = BackendPages::new(&recorded("be_metrics_1.txt"), &recorded("be_metrics_2.txt"));
        cluster.edit(|world| {
            world.tick(FIRST + seconds);
            world.frontends[0].page = recorded(page).into();
            for backend in &mut world.backends {
                backend.page = pages.at(seconds as f64, 1.0, None).render().into();
            }
        });
        let (clock, progress) = (Clock::frozen_at((FIRST + seconds) * 1000), Progress::default());
        let tools = Toolbox { catalogue: &catalogue, clock: &clock, progress: &progress };
        let asked: Vec<_> = settings.targets().map(|target| (target, Remembered::default())).collect();
        let harvest = collect::fetch(&asked, &settings.collection, tools)?.pop().context("no cluster")?;
        let problems: Vec<&str> = harvest.problems.iter().map(|problem| problem.text.as_str()).collect();
        ensure!(problems.is_empty(), "{}", problems.join("; "));
        Ok(harvest)
    };
    let (first, second) =
        (collect(0, "21_live_series/metrics_01.body")?, collect(APART, "21_live_series/metrics_02.body")?);
    Ok(Collected { settings, catalogue, first, second })
}

fn configured(urls: &[String]) -> Result<Settings> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("config.toml");
    std::fs::write(&file, format!("[[clusters]]\nname = \"bench\"\nuser = \"root\"\nfrontends = {urls:?}\n"))?;
    Ok(settings::load(Some(&file), &|_| None).map_err(|error| anyhow!(error.render()))?.settings)
}
