//! Long expected texts, each in a file of its own beside the tests.

use std::fs;
use std::path::Path;

const WRITE: &str = "STELLAR_SNAPSHOTS=write cargo test --test cli";

#[allow(clippy::disallowed_methods, reason = "a test has no main.rs that hands the environment on")]
fn writes() -> bool {
    std::env::var_os("STELLAR_SNAPSHOTS").is_some_and(|value| value == "write")
}

/// The same for exit code, standard output and standard error of a run.
pub fn is_run(name: &str, run: &crate::program::Ended) {
    is(name, &format!("{run:?}\n"));
}

/// Fails unless `text` is what `tests/cli/NAME` says.
pub fn is(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli").join(name);
    if writes() {
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folder of the expected texts");
        fs::write(&file, text).expect("the expected text is written");
        return;
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        expected == text,
        "this is not what tests/cli/{name} says; when it should, run: {WRITE}\n--- expected\n{expected}--- found\n{text}---"
    );
}
