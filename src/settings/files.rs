//! The files that a configuration names: passwords, certificates, keys.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::words::io_reason;

/// A text of at most 4 MiB; the error is a plain reason.
pub fn read_text(path: &Path) -> Result<String, String> {
    const MOST: u64 = 4 * 1024 * 1024;
    let file = File::open(path).map_err(|error| io_reason(&error))?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).map_err(|error| io_reason(&error))?;
    String::from_utf8(bytes).map_err(|_| "is not text in UTF-8".to_owned())
}
