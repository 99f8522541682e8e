//! A picture or a page in a file: whole or not at all, so that a web server may hand it out while a timer writes it anew.

use std::io::Write;
use std::path::Path;

use anyhow::Result;

use super::print;
use crate::failure::{Exit, Failure};
use crate::settings::words::system_reason;
use crate::store::partial::Partial;

/// For the web server, whatever the umask of a timer is.
const MODE: u32 = 0o644;

/// Writes a text; `-` is standard output. What was there under the name is replaced.
pub fn written(path: &Path, text: &str) -> Result<()> {
    if path.as_os_str() == "-" {
        return print(text);
    }
    // The code 3 is for the database.
    let usage = |failure: Failure| Failure { exit: Exit::Usage, ..failure };
    let partial = Partial::with_mode(path, MODE).map_err(usage)?;
    partial.file().write_all(text.as_bytes()).map_err(|error| {
        Failure::new(Exit::Usage, format!("{}: {}", path.display(), system_reason(&error)))
            .with_hint("free space, or name a file on another disk; what was there is left")
    })?;
    Ok(partial.place(true).map_err(usage)?)
}
