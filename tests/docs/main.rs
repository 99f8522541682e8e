//! The generated documents are what the program says: manual pages from the command line and the settings, METRICS.md
//! from the catalogue. `STELLAR_DOCS=write cargo test --test docs` writes them anew.

#[path = "../common/peers.rs"]
mod peers;

mod command_pages;
mod readme;
mod roff;
mod settings_page;

use peers::peer;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use stellar::catalogue::{Catalogue, reference};
use stellar::settings::Settings;

const WRITE: &str = "STELLAR_DOCS=write cargo test --test docs";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[allow(clippy::disallowed_methods, reason = "a test has no main.rs that hands the environment on")]
fn writes() -> bool {
    std::env::var_os("STELLAR_DOCS").is_some_and(|value| value == "write")
}

/// All manual pages: path from the root of the repository, and text.
fn pages() -> Vec<(PathBuf, String)> {
    let mut pages = command_pages::all();
    pages.push(("stellar.toml.5".to_owned(), settings_page::page()));
    pages.into_iter().map(|(name, text)| (Path::new("man").join(name), text)).collect()
}

/// Runs the command with the text on its standard input.
fn fed(command: &mut Command, text: &str) -> Output {
    let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = streams.spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("its standard input");
    let output = std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(text.as_bytes()).expect("the text is taken"));
        child.wait_with_output()
    });
    output.expect("the program ends")
}

fn is_committed(path: &Path, text: &str) {
    let file = root().join(path);
    if writes() {
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folder of the document");
        fs::write(&file, text).expect("the document is written");
        return;
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    let differing = committed.lines().zip(text.lines()).position(|(left, right)| left != right);
    let line = differing.unwrap_or(committed.lines().count().min(text.lines().count())) + 1;
    assert!(committed == text, "{} is out of date from line {line} on; run: {WRITE}", path.display());
}

#[test]
fn the_manual_pages_are_those_of_the_program() {
    let pages = pages();
    for (path, text) in &pages {
        is_committed(path, text);
    }
    // A page of a command that is gone would stay installed for ever.
    let listed = fs::read_dir(root().join("man")).expect("the folder of the pages");
    let mut listed: Vec<PathBuf> = listed.flatten().map(|file| Path::new("man").join(file.file_name())).collect();
    let mut made: Vec<PathBuf> = pages.into_iter().map(|(path, _)| path).collect();
    listed.sort();
    made.sort();
    assert_eq!(listed, made);
}

#[test]
fn metrics_md_is_that_of_the_catalogue() {
    let catalogue = Catalogue::load(&Settings::default()).map_err(|faults| format!("{faults:?}")).expect("no faults");
    is_committed(Path::new("METRICS.md"), &reference::markdown(&catalogue));
}

#[test]
fn mandoc_finds_no_fault_in_the_manual_pages() {
    let Some(mandoc) = peer("mandoc") else { return };
    for (path, text) in pages() {
        let output = fed(Command::new(&mandoc).args(["-T", "lint", "-W", "warning"]), &text);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.is_empty(), "{}: {said}{}", path.display(), output.status);
    }
}

#[test]
fn no_line_of_a_page_is_wider_than_a_terminal_of_80_columns() {
    let Some(mandoc) = peer("mandoc") else { return };
    for (path, text) in pages() {
        let output = fed(Command::new(&mandoc).args(["-T", "utf8", "-O", "width=80"]), &text);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        // A letter that is struck over itself is bold, over an underscore underlined.
        let plain = |line: &str| {
            let mut shown: Vec<char> = Vec::new();
            let mut letters = line.chars();
            while let Some(letter) = letters.next() {
                match letter {
                    '\u{8}' => drop((shown.pop(), letters.next().map(|over| shown.push(over)))),
                    letter => shown.push(letter),
                }
            }
            shown.into_iter().collect::<String>()
        };
        let wide: Vec<String> = text.lines().map(plain).filter(|line| line.chars().count() > 80).collect();
        assert_eq!(wide, [""; 0], "{}", path.display());
    }
}
