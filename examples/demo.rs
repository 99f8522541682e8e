//! A live cluster of three frontends and three backends on this machine, played from recorded pages: five minutes in
//! which a backend dies and comes back and a frontend restarts, collected a dozen times.
//!
//! `cargo run --release --example demo`

#[path = "../tests/common/replay/mod.rs"]
mod replay;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use stellar::cli::Cli;
use stellar::command::{self, World};
use stellar::failure::Exit;

const WHILE_A_BACKEND_IS_DEAD: usize = 7;

fn main() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/demo");
    let (config, database) = (folder.join("config.toml"), folder.join("stellar.db"));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;

    let timeline = replay::demo_cluster();
    let frontends = timeline.cluster.urls().iter().map(|url| format!("\"{url}\"")).collect::<Vec<_>>().join(", ");
    let text = format!(
        "[metrics]\ninterval_secs = 25\ntimezone = \"UTC\"\n\n[collection]\ndeadline = \"20s\"\n\n\
         [database]\npath = \"stellar.db\"\n\n[[clusters]]\nname = \"demo\"\nfrontends = [{frontends}]\nuser = \"root\"\n"
    );
    std::fs::write(&config, text)?;

    println!("collecting a dozen times along five recorded minutes (the clock is set to each moment)\n");
    let mut now = 0;
    for moment in 0..timeline.len() {
        now = timeline.step(moment);
        println!("{}", stamp(now));
        stellar(&config, now, &["collect-once"])?;
        if moment == WHILE_A_BACKEND_IS_DEAD {
            println!("\nstellar report, while a backend is dead\n");
            stellar(&config, now + 5, &["report", "--no-pager"])?;
            println!();
        }
    }
    println!("\nstellar report\n");
    stellar(&config, now + 5, &["report", "--no-pager"])?;
    println!("\nstellar report --cluster demo\n");
    stellar(&config, now + 5, &["report", "--no-pager", "--cluster", "demo"])?;

    let shown = |path: &Path| {
        std::env::current_dir()
            .ok()
            .and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf))
            .unwrap_or_else(|| path.to_path_buf())
    };
    println!("\nThe database is yours to look at:");
    println!(
        "  sqlite3 -box {} 'SELECT time, frontends_alive, backends_alive, queries, queries_per_second, query_latency_p95_seconds FROM snapshots'",
        shown(&database).display()
    );
    println!("  cargo run --release -- --config {} report --json", shown(&config).display());
    Ok(())
}

/// Runs one command of the program in this process, with the clock at `now`.
fn stellar(config: &Path, now: i64, words: &[&str]) -> Result<()> {
    let arguments = ["stellar".as_ref(), "--config".as_ref(), config.as_os_str()];
    let cli = Cli::try_parse_from(arguments.into_iter().chain(words.iter().map(std::ffi::OsStr::new)))?;
    let mut world = World::of_this_process(&cli.global);
    // The result lines are wanted wherever the demo runs.
    world.stdout_is_terminal = true;
    world.environment = Box::new(move |name| (name == "STELLAR_NOW").then(|| now.to_string()));
    let exit = match command::run(&cli, &world) {
        Ok(exit) => exit,
        Err(error) => command::explain(&error, &world),
    };
    ensure!(exit == Exit::Done, "`stellar {}` ended with exit code {}", words.join(" "), exit as u8);
    Ok(())
}

fn stamp(unix: i64) -> String {
    jiff::Timestamp::from_second(unix).map_or_else(|_| unix.to_string(), |stamp| stamp.strftime("%H:%M:%S").to_string())
}
