//! How much room a disk has, in words: a full disk is told with figures, and what needs room asks before it begins.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::failure::{Exit, Failure};
use crate::words;

/// The file system that a path is on.
#[derive(Clone, Debug)]
pub struct Disk {
    /// Bytes that a user other than root can still write.
    pub free: u64,
    /// Bytes altogether.
    pub size: u64,
    /// The uppermost folder on it.
    pub mounted_on: PathBuf,
}

impl Disk {
    /// The one that `path`, or the folder it would be made in, is on; `None` when the system does not say.
    pub fn of(path: &Path) -> Option<Self> {
        let folder = match path.is_dir() {
            true => path,
            false => folder_of(path),
        };
        let folder = std::fs::canonicalize(folder).ok()?;
        let figures = rustix::fs::statvfs(&folder).ok()?;
        let free = figures.f_bavail.saturating_mul(figures.f_frsize);
        let size = figures.f_blocks.saturating_mul(figures.f_frsize);
        Some(Self { free, size, mounted_on: mounted_on(&folder) })
    }
}

/// `0 B free of 20 GiB on /var/lib`
impl std::fmt::Display for Disk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (free, size) = (words::bytes(self.free as f64), words::bytes(self.size as f64));
        write!(f, "{free} free of {size} on {}", self.mounted_on.display())
    }
}

/// ` (0 B free of 20 GiB on /var/lib)`, or nothing when the system does not say.
pub fn in_brackets(path: &Path) -> String {
    Disk::of(path).map_or_else(String::new, |disk| format!(" ({disk})"))
}

/// Refuses before a byte is written: a disk that a copy fills up stops the collections too.
pub fn refuse_when_short(path: &Path, needed: u64) -> Result<(), Failure> {
    match Disk::of(path) {
        Some(disk) if disk.free < needed => {
            let needed = words::bytes(needed as f64);
            let what = format!("{}: needs {needed}, and there is not that much room: {disk}", path.display());
            Err(Failure::new(Exit::Database, what)
                .with_hint("free space, or name a file on another disk; nothing was done"))
        }
        _ => Ok(()),
    }
}

/// The folder of a file, which is `.` for a bare name.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn mounted_on(folder: &Path) -> PathBuf {
    let device = |path: &Path| std::fs::metadata(path).ok().map(|about| about.dev());
    let own = device(folder);
    folder.ancestors().take_while(|above| device(above) == own).last().unwrap_or(folder).to_path_buf()
}
