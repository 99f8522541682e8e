//! The parser alone, for those who count instructions and for other parsers on the same pages.
//!
//! `parse pages FOLDER` writes the pages of the bench; `parse PAGE TIMES` reads one so often, only what the catalogue
//! wants, and prints how many samples stand on it; `parse time PAGE…` tells the least time of many passes.

#[path = "../benches/pages/mod.rs"]
mod pages;
#[path = "../tests/common/replay/mod.rs"]
mod replay;

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use stellar::catalogue::Catalogue;
use stellar::exposition::{Format, Page, Wanted, parse_filtered};
use stellar::settings::{Kind, Settings};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [word, folder] if word == "pages" => {
            for (name, page) in pages::benched() {
                let file = Path::new(folder).join(name.replace(' ', "-"));
                std::fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
            }
        }
        [word, pages @ ..] if word == "time" => {
            let catalogue = catalogue()?;
            for page in pages {
                time(Path::new(page), &catalogue)?;
            }
        }
        [page, times] => {
            let (catalogue, bytes) = (catalogue()?, read(Path::new(page))?);
            let mut samples = 0;
            for _ in 0..times.parse()? {
                samples = parse(&bytes, &catalogue, catalogue.uses(Kind::Cluster).wanted()).report.samples;
            }
            println!("{samples}");
        }
        _ => bail!("usage: parse pages FOLDER | parse PAGE TIMES | parse time PAGE…"),
    }
    Ok(())
}

fn catalogue() -> Result<Catalogue> {
    Catalogue::load(&Settings::default()).map_err(|faults| anyhow!("{} faults", faults.len()))
}

/// As in a collection: names that are wanted, and of these what an expression reads.
fn parse<'p>(page: &'p [u8], catalogue: &Catalogue, wanted: &Wanted) -> Page<'p> {
    let readers = catalogue.uses(Kind::Cluster).readers();
    parse_filtered(black_box(page), Format::Prometheus, wanted, |name, labels| {
        readers.read(name, |label| labels.iter().find(|(own, _)| *own == label).map_or("", |(_, value)| value))
    })
}

fn read(page: &Path) -> Result<Vec<u8>> {
    std::fs::read(page).with_context(|| format!("cannot read {}", page.display()))
}

/// In the words of `benches/peers`.
fn time(file: &Path, catalogue: &Catalogue) -> Result<()> {
    let (page, wanted) = (read(file)?, catalogue.uses(Kind::Cluster).wanted());
    let samples = parse(&page, catalogue, wanted).report.samples;
    let (mut parsed, mut breaks) = (Duration::MAX, Duration::MAX);
    let end = Instant::now() + Duration::from_secs(2);
    while Instant::now() < end {
        let start = Instant::now();
        black_box(parse(&page, catalogue, wanted));
        parsed = parsed.min(start.elapsed());
        let start = Instant::now();
        black_box(memchr::memchr_iter(b'\n', black_box(&page)).count());
        breaks = breaks.min(start.elapsed());
    }
    let name = file.file_name().unwrap_or_default().display();
    let each = |took: Duration| took.as_secs_f64() * 1e9 / samples as f64;
    println!("{name}: {samples} samples, line breaks {:.1} ns, parsed {:.1} ns a sample", each(breaks), each(parsed));
    Ok(())
}
