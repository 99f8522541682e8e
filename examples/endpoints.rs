//! Replayed clusters for `benches/run`, in a process of their own, so that what they cost is not counted.
//!
//! `endpoints CLUSTERS FRONTENDS BACKENDS FOLDER [PAUSE]` writes FOLDER/config.toml and answers, after so many ms, until
//! its standard input ends.
//! Pages are recorded ones made up to 2,000 samples. Their counters go on every second.

#[path = "../benches/pages/mod.rs"]
mod pages;
#[path = "../tests/common/replay/mod.rs"]
mod replay;

use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use replay::{Behaviour, Cluster};
use stellar::clock::Clock;

const SAMPLES: usize = 2000;
const STEPS: usize = 4;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (clusters, frontends, backends, folder, pause) = match arguments.as_slice() {
        [clusters, frontends, backends, folder] => (clusters, frontends, backends, folder, None),
        [clusters, frontends, backends, folder, pause] => (clusters, frontends, backends, folder, Some(pause)),
        _ => anyhow::bail!("usage: endpoints CLUSTERS FRONTENDS BACKENDS FOLDER [PAUSE]"),
    };
    let (frontends, backends): (usize, usize) = (frontends.parse()?, backends.parse()?);
    let clusters: Vec<Cluster> = (0..clusters.parse()?).map(|_| Cluster::start(frontends, backends)).collect();
    ensure!(!clusters.is_empty(), "at least one cluster");
    if let Some(pause) = pause {
        let pause = Duration::from_millis(pause.parse()?);
        clusters.iter().flat_map(Cluster::nodes).for_each(|node| node.behave(Behaviour::Delay(pause)));
    }
    let shared = |page: String| Arc::<[u8]>::from(page.into_bytes());
    let of_step = |step| {
        let frontend = |leads| shared(pages::frontend(step, leads, SAMPLES));
        (frontend(true), frontend(false), shared(pages::backend(step, SAMPLES)))
    };
    let pages: Vec<_> = (0..STEPS).map(of_step).collect();
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
