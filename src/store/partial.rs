//! A file that is not called done before it is: written under a name beside the wanted one, then renamed.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::FILE_MODE;
use super::disk::folder_of;
use crate::failure::{Exit, Failure};
use crate::settings::words::{io_reason, system_reason};

/// Removed when it is dropped before it was put in its place. What a killed run leaves is taken over by the next run for
/// the same file.
#[derive(Debug)]
pub struct Partial {
    file: File,
    path: PathBuf,
    wanted: PathBuf,
    is_placed: bool,
}

impl Partial {
    /// An empty file of mode 0640 named `WANTED.partial`.
    pub fn create(wanted: &Path) -> Result<Self, Failure> {
        Self::with_mode(wanted, FILE_MODE)
    }

    /// The same of another mode, whatever the umask.
    pub fn with_mode(wanted: &Path, mode: u32) -> Result<Self, Failure> {
        let path = beside(wanted, ".partial");
        let failure = |error: &io::Error| cannot_make(&path, error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(mode);
        // In a folder where others write, too, a link with this name must not lead to a file of theirs or ours.
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        // SQLite's own locks are of another kind and some network file systems let the two kinds block each other, so
        // whoever writes to it as a database does so without SQLite's.
        let file = loop {
            let file = options.open(&path).map_err(|error| failure(&error))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    let what = format!("{}: another stellar is writing it", path.display());
                    return Err(Failure::new(Exit::Busy, what).with_hint("wait for it to end. Nothing was done"));
                }
                Err(TryLockError::Error(error)) => return Err(failure(&error)),
            }
            // The one who had the lock may have given the file its name meanwhile.
            let (ours, named) = (file.metadata(), std::fs::metadata(&path));
            let is_same =
                ours.is_ok_and(|ours| named.is_ok_and(|named| (ours.dev(), ours.ino()) == (named.dev(), named.ino())));
            if is_same {
                break file;
            }
        };
        let partial = Self { file, path, wanted: wanted.to_owned(), is_placed: false };
        let emptied = partial.file.set_len(0);
        let emptied = emptied.and_then(|()| partial.file.set_permissions(Permissions::from_mode(mode)));
        match emptied {
            Ok(()) => Ok(partial),
            Err(error) => Err(cannot_make(&partial.path, &error)),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn file(&self) -> &File {
        &self.file
    }

    /// Gives it its name, for good. Without `replace` a file that has the name by now is left alone.
    pub fn place(mut self, replace: bool) -> Result<(), Failure> {
        let failure = |error: &io::Error| cannot_make(&self.wanted, error);
        self.file.sync_all().map_err(|error| failure(&error))?;
        rename(&self.path, &self.wanted, replace).map_err(|error| failure(&error))?;
        self.is_placed = true;
        sync_folder(&self.wanted).map_err(|error| failure(&error))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.is_placed {
            // A leftover is named as what it is, and nobody is left to be told.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn rename(from: &Path, to: &Path, replace: bool) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    if replace {
        return std::fs::rename(from, to);
    }
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that does not know the flag.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) if to.symlink_metadata().is_err() => {
            std::fs::rename(from, to)
        }
        result => result.map_err(io::Error::from),
    }
}

/// A name is on the disk when its folder is.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

/// `PATHending`
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn cannot_make(path: &Path, error: &io::Error) -> Failure {
    let folder = folder_of(path);
    let (reason, hint) = match error.kind() {
        io::ErrorKind::NotFound if !folder.exists() => {
            ("no such folder".to_owned(), format!("make it first: mkdir -p {}", folder.display()))
        }
        io::ErrorKind::StorageFull => {
            let reason = format!("disk full{}", super::disk::in_brackets(path));
            (reason, "free space, or name a file on another disk; nothing was kept".to_owned())
        }
        io::ErrorKind::AlreadyExists => {
            ("it is there by now".to_owned(), "somebody made it meanwhile; it was not changed".to_owned())
        }
        io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => {
            (io_reason(error), "name a file in a folder that is there".to_owned())
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            (system_reason(error), format!("name a folder that you may write to; {} is not one", folder.display()))
        }
        _ => (system_reason(error), "name a file on another disk".to_owned()),
    };
    Failure::new(Exit::Database, format!("{}: cannot be made: {reason}", path.display())).with_hint(hint)
}
