//! `stellar restore`: a backup in the place of the database.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};

use super::backup::{document, summary};
use super::{Secrets, World, database, load_settings, print, print_json, progress, zone};
use crate::cli::{Global, Restore};
use crate::failure::Exit;
use crate::store::copy::Steps;
use crate::store::lock::Lock;
use crate::store::restore;
use crate::words;

/// The lock and the name of the command.
const NAME: &str = "restore";

/// Timers start commands all the time: without patience a restore would hardly ever find a moment.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(global: &Global, arguments: &Restore, world: &World) -> Result<Exit> {
    let started = Instant::now();
    let clock = world.clock()?;
    let loaded = load_settings(global, world, Secrets::NotNeeded)?;
    let (path, file) = (database(&loaded), &arguments.file);
    let _lock = Lock::take_all(path, NAME, arguments.wait.unwrap_or(PATIENCE), &clock)?;
    let stamp = jiff::Timestamp::from_millisecond(clock.now())
        .map(|now| now.to_zoned(zone(&loaded, false)).strftime("%Y%m%dT%H%M%S").to_string());
    let steps = Steps::default();
    let restored = progress::shown(world, global.quiet, &steps, || {
        restore::restore(file, path, stamp.as_deref().unwrap_or("unknown"), &steps)
    })?;
    if arguments.json {
        let mut document = document(&restored.copied, started.elapsed());
        document.insert("database".to_owned(), json!(path));
        document.insert("file".to_owned(), json!(file));
        document.insert("kept".to_owned(), json!(restored.kept));
        print_json(&Value::Object(document))?;
    } else if !global.quiet {
        let kept = match &restored.kept {
            Some(kept) => format!("kept    {}: the database as it was\n", kept.display()),
            None => String::new(),
        };
        let summary = summary(file, &restored.copied, started.elapsed());
        let text = format!("{kept}restored {}: {summary}\n", path.display());
        print(&words::folded(&text, world.width))?;
    }
    Ok(Exit::Done)
}
