//! The corpus of the fuzz targets, replayed: what once broke something stays whole, without a fuzzer at hand.

#[path = "fuzz/exposition.rs"]
mod exposition;
#[path = "fuzz/promql.rs"]
mod promql;
#[path = "fuzz/show.rs"]
mod show;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Every file of a target's corpus through its body; names those that break it.
fn replay(target: &str, at_least: usize, check: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).expect("the corpus is in the tree");
    let files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    assert!(files.len() >= at_least, "{} files", files.len());
    let broken = files.iter().filter(|file| {
        let bytes = std::fs::read(file).expect("a file of the corpus");
        catch_unwind(AssertUnwindSafe(|| check(&bytes))).is_err()
    });
    assert_eq!(broken.collect::<Vec<_>>(), Vec::<&std::path::PathBuf>::new());
}

#[test]
fn every_page_of_the_corpus() {
    replay("exposition", 25, exposition::check);
}

#[test]
fn every_list_of_the_corpus() {
    replay("show", 20, show::check);
}

#[test]
fn every_expression_of_the_corpus() {
    replay("promql", 60, |bytes| promql::check(&String::from_utf8_lossy(bytes)));
}
