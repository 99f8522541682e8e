//! Runs after all other test targets (cargo takes them by name) and says which tests were not run for want of a
//! program, so that a green run without the peers does not look like a full one.

#[path = "common/peers.rs"]
mod peers;

use std::collections::BTreeSet;

fn main() {
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let notes = std::fs::read_to_string(peers::NOTES).unwrap_or_default();
    let notes: BTreeSet<(&str, &str)> = notes.lines().filter_map(|line| line.split_once('\t')).collect();
    for (program, test) in notes {
        // A note of an earlier, partial run may be out of date.
        if peers::find(program).is_none() {
            println!("not run: {test} (needs {program}, package {})", peers::package_of(program));
        }
    }
    let _ = std::fs::remove_file(peers::NOTES);
}
