//! A picture or a page in a file: whole or not at all, so that a web server may hand it out while a timer writes it anew.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::print;
use crate::failure::{Exit, Failure};
use crate::settings::words::system_reason;

/// Writes a text; `-` is standard output. What was there under the name is replaced.
pub fn written(path: &Path, text: &str) -> Result<()> {
    if path.as_os_str() == "-" {
        return print(text);
    }
    let beside = beside(path);
    let done = write(&beside, text).and_then(|()| fs::rename(&beside, path));
    if let Err(error) = done {
        // What is left of it, if anything, is of no use.
        let _ = fs::remove_file(&beside);
        let what = format!("{}: {}", path.display(), system_reason(&error));
        let hint = "the folder must exist and be writable; `-` prints it";
        return Err(Failure::new(Exit::Usage, what).with_hint(hint).into());
    }
    Ok(())
}

/// In the same folder, so that it can be moved into place.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.partial", std::process::id()))
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    // For the web server, whatever the umask of a timer is.
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.sync_all()
}
