//! The settings as a whole: whole texts of faults, where files are found, what is shown, and that no secret leaks.

mod applications;
mod faults;
mod finding;
mod secrets;
mod several;
mod shipped;
mod shown;
mod values;

use super::document::Document;
use super::load::{LoadError, Loaded, load_from};
use super::reader::Environment;

/// A file `config.toml` in a folder of its own; its name is taken out of what is returned as text.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, text: &str) -> std::path::PathBuf {
        use std::os::unix::fs::PermissionsExt;
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        path
    }

    fn load(&self, text: &str, environment: &Environment<'_>) -> Result<Loaded, LoadError> {
        load_from(Some(&self.write("config.toml", text)), environment, &[], true)
    }

    fn plain(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "")
    }

    /// The faults of a file.
    fn faults(&self, text: &str, environment: &Environment<'_>) -> String {
        match self.load(text, environment) {
            Ok(_) => String::new(),
            Err(error) => self.plain(&error.render()),
        }
    }
}

/// The password, when it is not one that a command gives.
fn known(password: &super::Password) -> &str {
    match password {
        super::Password::Known(secret) => secret.expose(),
        super::Password::Command(_) => "of a command",
    }
}

fn nothing(_: &str) -> Option<String> {
    None
}

fn settings(text: &str) -> super::Settings {
    settings_in("/etc/stellar", text)
}

/// Of a configuration in this folder, as it was named.
fn settings_in(folder: &str, text: &str) -> super::Settings {
    let (settings, report) =
        super::Settings::read(&Document::parse("c.toml", text), &nothing, std::path::Path::new(folder), true);
    assert_eq!(super::fault::render(&report.faults), "");
    settings
}
