//! `stellar backup`: the history in one file that stands for itself.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::{Secrets, World, database, load_settings, print, print_json, progress};
use crate::cli::{Backup, Global};
use crate::failure::Exit;
use crate::store::backup;
use crate::store::copy::{Copied, Steps};
use crate::words;

pub fn run(global: &Global, arguments: &Backup, world: &World) -> Result<Exit> {
    let started = Instant::now();
    let clock = world.clock()?;
    let loaded = load_settings(global, world, Secrets::NotNeeded)?;
    let (path, file) = (database(&loaded), &arguments.file);
    let taken_at = clock.now();
    let steps = Steps::default();
    let copied = progress::shown(world, global.quiet, &steps, || backup::backup(path, file, arguments.force, &steps))?;
    let remembered = backup::remember(path, file, taken_at);
    if let Err(error) = &remembered {
        log::info!("{}: this backup is not noted in the database: {error}", path.display());
    }
    if arguments.json {
        let mut document = document(&copied, started.elapsed());
        document.insert("database".to_owned(), json!(path));
        document.insert("file".to_owned(), json!(file));
        document.insert("taken_at_unix_ms".to_owned(), json!(taken_at));
        document.insert("noted".to_owned(), json!(remembered.is_ok()));
        print_json(&Value::Object(document))?;
    } else if !global.quiet {
        let text = format!("{}: {}\n", file.display(), summary(path, &copied, started.elapsed()));
        print(&words::folded(&text, world.width))?;
    }
    Ok(Exit::Done)
}

/// `copy of stellar.db, 12.3 MiB, 1,234 rows in 13 tables, compared, in 84 ms`
pub(super) fn summary(source: &Path, copied: &Copied, took: Duration) -> String {
    format!(
        "copy of {}, {}, {} in {}, compared, in {}",
        source.display(),
        words::bytes(copied.bytes as f64),
        words::count(usize::try_from(copied.rows()).unwrap_or(usize::MAX), "row"),
        words::count(copied.tables.len(), "table"),
        words::took(took),
    )
}

/// What programs want to know of a copy.
pub(super) fn document(copied: &Copied, took: Duration) -> Map<String, Value> {
    let rows: Map<String, Value> = copied.tables.iter().map(|(table, rows)| (table.clone(), json!(rows))).collect();
    let values = [
        ("schema", json!(1)),
        ("bytes", json!(copied.bytes)),
        ("database_schema", json!(copied.schema)),
        ("rows", Value::Object(rows)),
        ("took_seconds", json!(took.as_secs_f64())),
    ];
    values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
