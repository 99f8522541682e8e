//! The parser alone, for those who count instructions and for other parsers on the same pages.
//!
//! `parse pages FOLDER` writes the pages of the bench; `parse PAGE TIMES` reads one so often, only what the catalogue
//! wants, and prints how many samples stand on it.

#[path = "../benches/pages/mod.rs"]
mod pages;
#[path = "../tests/common/replay/mod.rs"]
mod replay;

use std::hint::black_box;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use stellar::catalogue::Catalogue;
use stellar::exposition::{Format, parse};
use stellar::settings::Settings;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [word, folder] if word == "pages" => {
            for (name, page) in pages::benched() {
                let file = Path::new(folder).join(name.replace(' ', "-"));
                std::fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
            }
        }
        [page, times] => {
            let catalogue =
                Catalogue::load(&Settings::default()).map_err(|faults| anyhow!("{} faults", faults.len()))?;
            let wanted = catalogue.wanted();
            let bytes = std::fs::read(page).with_context(|| format!("cannot read {page}"))?;
            let mut samples = 0;
            for _ in 0..times.parse()? {
                samples = parse(black_box(&bytes), Format::Prometheus, &wanted).report.samples;
            }
            println!("{samples}");
        }
        _ => bail!("usage: parse pages FOLDER | parse PAGE TIMES"),
    }
    Ok(())
}
