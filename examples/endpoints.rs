//! Replayed clusters and applications for `benches/run`, in a process of their own, so that what they cost is not counted.
//!
//! `endpoints FOLDER CLUSTERS FRONTENDS BACKENDS [PAUSE]`, `endpoints FOLDER applications COUNT`, or `endpoints FOLDER both
//! CLUSTERS FRONTENDS BACKENDS APPLICATIONS`, writes FOLDER/config.toml and answers, after so many ms, until its standard input ends.
//! Pages are recorded ones: of clusters made up to 2,000 samples, of applications cut down to 100. Their counters go on
//! every second.

#[path = "../benches/pages/mod.rs"]
mod pages;
#[path = "../tests/common/replay/mod.rs"]
mod replay;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use replay::{Application, Behaviour, Cluster, LivePage, life};
use stellar::clock::Clock;

const SAMPLES: usize = 2000;
const SERIES: usize = 100;
const STEPS: usize = 4;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    match words[..] {
        [folder, "applications", count] => serve(folder, vec![applications(count)?]),
        [folder, "both", clusters, frontends, backends, count] => {
            serve(folder, vec![of_clusters([clusters, frontends, backends], None)?, applications(count)?])
        }
        [folder, clusters, frontends, backends] => {
            serve(folder, vec![of_clusters([clusters, frontends, backends], None)?])
        }
        [folder, clusters, frontends, backends, pause] => {
            let pause = Some(Duration::from_millis(pause.parse()?));
            serve(folder, vec![of_clusters([clusters, frontends, backends], pause)?])
        }
        _ => anyhow::bail!(
            "usage: endpoints FOLDER CLUSTERS FRONTENDS BACKENDS [PAUSE] | FOLDER applications COUNT \
             | FOLDER both CLUSTERS FRONTENDS BACKENDS APPLICATIONS"
        ),
    }
}

/// Targets that answer.
struct Served {
    /// How the configuration names them.
    blocks: String,
    /// Shows the pages of a second, counted from the first.
    show: Box<dyn FnMut(usize)>,
}

/// Shows the first pages, says where they are, and goes on every second.
fn serve(folder: &str, mut all: Vec<Served>) -> Result<()> {
    for second in 0.. {
        all.iter_mut().for_each(|served| (served.show)(second));
        if second == 0 {
            write(Path::new(folder), &all.iter().map(|served| served.blocks.as_str()).collect::<String>())?;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

/// Each application has another of the recorded pages every second.
fn applications(count: &str) -> Result<Served> {
    let looks = life("C");
    let pages: Vec<Arc<[u8]>> =
        looks.iter().skip(30).take(STEPS).filter_map(|look| look.page.as_ref()).map(shortened).collect();
    let applications: Vec<Application> =
        (0..count.parse()?).map(|_| Application::with_page(Arc::clone(&pages[0]))).collect();
    let blocks = applications.iter().enumerate().map(|(index, application)| {
        format!("\n[[applications]]\nname = \"batch-{index:03}\"\nurl = \"{}\"\n", application.url())
    });
    let blocks = blocks.collect();
    let show = move |second: usize| {
        for application in &applications {
            application.show(Arc::clone(&pages[second % pages.len()]));
            application.node.forget();
        }
    };
    Ok(Served { blocks, show: Box::new(show) })
}

/// The first hundred series of what the catalogue reads: of the real database first, then of those that are announced.
fn shortened(page: &LivePage) -> Arc<[u8]> {
    const FAMILIES: [&str; 11] = [
        "batch_size",
        "execute_duration",
        "errors_total",
        "active_connections",
        "concurrent_workers",
        "current_rps",
        "data_integrity_rate",
        "executor_concurrency",
        "memory_usage_mb",
        "records_processed_total",
        "tests_run_total",
    ];
    let text = String::from_utf8_lossy(&page.body);
    let is_wanted = |line: &&str| {
        let name = line.strip_prefix("batchsql_");
        name.is_some_and(|name| FAMILIES.iter().any(|family| name.starts_with(family)))
    };
    let (real, announced): (Vec<&str>, Vec<&str>) =
        text.lines().filter(is_wanted).partition(|line| line.contains("\"sqlite3\""));
    let chosen: Vec<&str> = real.into_iter().chain(announced).take(SERIES).collect();
    // In the order of the page, for a family that is torn apart does not count.
    let lines = text.lines().filter(|line| chosen.contains(line));
    lines.fold(String::new(), |text, line| text + line + "\n").into_bytes().into()
}

fn of_clusters(counts: [&str; 3], pause: Option<Duration>) -> Result<Served> {
    let [clusters, frontends, backends] = counts.map(str::parse::<usize>);
    let (frontends, backends) = (frontends?, backends?);
    let clusters: Vec<Cluster> = (0..clusters?).map(|_| Cluster::start(frontends, backends)).collect();
    ensure!(!clusters.is_empty(), "at least one cluster");
    if let Some(pause) = pause {
        clusters.iter().flat_map(Cluster::nodes).for_each(|node| node.behave(Behaviour::Delay(pause)));
    }
    let shared = |page: String| Arc::<[u8]>::from(page.into_bytes());
    let of_step = |step| {
        let frontend = |leads| shared(pages::frontend(step, leads, SAMPLES));
        (frontend(true), frontend(false), shared(pages::backend(step, SAMPLES)))
    };
    let pages: Vec<_> = (0..STEPS).map(of_step).collect();
    let clock = Clock::new(None)?;
    let blocks = configured(&clusters);
    let show = move |second: usize| {
        let (leader, follower, backend) = &pages[second % pages.len()];
        for cluster in &clusters {
            cluster.edit(|world| {
                world.tick(clock.now() / 1000);
                world.frontends.iter_mut().for_each(|node| node.page = follower.clone());
                world.frontends[0].page = leader.clone();
                world.backends.iter_mut().for_each(|node| node.page = backend.clone());
            });
            cluster.forget();
        }
    };
    Ok(Served { blocks, show: Box::new(show) })
}

fn configured(clusters: &[Cluster]) -> String {
    let mut text = String::new();
    for (index, cluster) in clusters.iter().enumerate() {
        let frontends = cluster.urls().iter().map(|url| format!("\"{url}\"")).collect::<Vec<_>>().join(", ");
        text += &format!("\n[[clusters]]\nname = \"bench-{index:03}\"\nfrontends = [{frontends}]\nuser = \"root\"\n");
    }
    text
}

/// Renamed into place, because somebody waits for it to appear.
fn write(folder: &Path, targets: &str) -> Result<()> {
    let (unfinished, file) = (folder.join("config.toml.new"), folder.join("config.toml"));
    std::fs::write(&unfinished, format!("[database]\npath = \"stellar.db\"\n{targets}"))
        .and_then(|()| std::fs::rename(&unfinished, &file))
        .with_context(|| format!("cannot write {}", file.display()))
}
