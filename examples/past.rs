//! Gives a database a past, for `benches/run`: `past DATABASE SLOTS` stores its newest run once more in each of so many
//! earlier slots of 30 s. Twenty clusters of five nodes reach 1 GB in about a week of them.

#[path = "../benches/history/mod.rs"]
mod history;

use std::path::Path;

use anyhow::Result;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [database, slots] = arguments.as_slice() else {
        anyhow::bail!("usage: past DATABASE SLOTS");
    };
    history::lengthen(Path::new(database), slots.parse()?)
}
