//! Files that hold a secret and that everyone on the machine can read.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::reader::{Origin, Shown};
use super::{Settings, Target};

/// One sentence a file, in the order of the configuration. Group-readable files are fine: that is how a service reads
/// what an administrator owns.
pub fn files(sections: &[Shown], settings: &Settings) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut look = |path: &Path, what: &str| {
        if seen.insert(path.to_owned()) && everyone_reads(path) {
            let path = path.display();
            found.push(format!("{path} holds {what} and everyone can read it; run: chmod 0640 {path}"));
        }
    };
    for option in sections.iter().flat_map(|section| &section.options) {
        match &option.origin {
            Origin::Line { file, .. } if option.key == "password" => look(Path::new(&**file), "a password"),
            Origin::Line { file, .. } if option.key == "proxy" && option.value.as_deref().is_some_and(has_login) => {
                look(Path::new(&**file), "the password of a proxy");
            }
            _ => {}
        }
    }
    for access in settings.targets().map(Target::access) {
        if let Some(path) = access.login.as_ref().and_then(|login| login.file.as_deref()) {
            look(path, "a password");
        }
        if let Some(path) = &access.client_key {
            look(path, "a private key");
        }
    }
    found
}

/// Whether a URL, as it is shown, has a login.
fn has_login(url: &str) -> bool {
    url.contains('@')
}

/// Whether others than owner and group may read the file.
fn everyone_reads(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}
