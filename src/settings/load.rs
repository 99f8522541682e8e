//! Finds the configuration file and reads it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::cluster::everyone_reads;
use super::document::Document;
use super::fault::{self, Fault};
use super::reader::{Environment, Origin, Report, Shown};
use super::words::toml_text;
use super::{Settings, durations};

/// The file as shipped: every option explained at its default.
pub const SHIPPED: &str = include_str!("../../conf/config.toml");

const CANDIDATES: [&str; 2] = ["/etc/stellar/config.toml", "conf/config.toml"];

/// Settings without faults.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    pub settings: Settings,
    /// As found or as named; None when no file was read.
    pub path: Option<PathBuf>,
    /// For standard error; not faults.
    pub warnings: Vec<String>,
    /// Each option with its value and where that comes from, secrets hidden.
    pub origins: Vec<Shown>,
}

/// Why there are no settings. `render` is the text for standard error; the exit code is 2.
#[derive(Clone, Debug, PartialEq)]
pub enum LoadError {
    /// Nothing was named and nothing was found: places and reasons.
    NotFound(Vec<(String, String)>),
    Unreadable {
        path: PathBuf,
        /// `--config` or `$STELLAR_CONFIG`.
        named_by: Option<&'static str>,
        reason: String,
    },
    /// At least one, in the order of the file.
    Faults(Vec<Fault>),
}

impl fmt::Display for LoadError {
    /// One line without `error:`; of many faults the first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(looked) => {
                let looked: Vec<String> = looked.iter().map(|(place, reason)| format!("{place} ({reason})")).collect();
                write!(f, "no configuration file: looked at {}", looked.join(", "))
            }
            Self::Unreadable { path, named_by: Some(named_by), reason } => {
                write!(f, "{}: {reason} (named by {named_by})", path.display())
            }
            Self::Unreadable { path, named_by: None, reason } => write!(f, "{}: {reason}", path.display()),
            Self::Faults(faults) => match faults.as_slice() {
                [] => f.write_str("the configuration has faults"),
                [only] => write!(f, "{}: {}", only.place, only.message),
                [first, more @ ..] => write!(f, "{}: {} (and {} more)", first.place, first.message, more.len()),
            },
        }
    }
}

impl std::error::Error for LoadError {}

impl LoadError {
    /// Everything there is to say, with `error:` and `hint:`, ending in a newline.
    pub fn render(&self) -> String {
        let hint = match self {
            Self::Faults(faults) => return fault::render(faults),
            Self::NotFound(_) => {
                "the least it needs: [[clusters]], name = \"shop\", frontends = [\"http://host:8030\"], user = \"monitor\" (a line \
                 each); man stellar.toml has the rest"
            }
            Self::Unreadable { reason, .. } if reason == "no such file" => "check the path, or leave it out",
            Self::Unreadable { reason, .. } if reason == "permission denied" => {
                "run as the user stellar, or let this user read the file"
            }
            Self::Unreadable { .. } => "name a TOML file of at most 1 MiB",
        };
        format!("error: {self}\nhint: {hint}\n")
    }
}

/// Reads the named file, else `$STELLAR_CONFIG`, else `/etc/stellar/config.toml`, else `conf/config.toml`, with
/// password files and certificates.
pub fn load(explicit: Option<&Path>, environment: &Environment<'_>) -> Result<Loaded, LoadError> {
    load_from(explicit, environment, &CANDIDATES.map(Path::new), true)
}

/// The same for commands that contact nobody: password files and certificates are not opened, so that people who may
/// not read them can draw reports; such passwords are empty.
pub fn load_without_secrets(explicit: Option<&Path>, environment: &Environment<'_>) -> Result<Loaded, LoadError> {
    load_from(explicit, environment, &CANDIDATES.map(Path::new), false)
}

pub(super) fn load_from(
    explicit: Option<&Path>,
    environment: &Environment<'_>,
    candidates: &[&Path],
    secrets: bool,
) -> Result<Loaded, LoadError> {
    let variable = environment("STELLAR_CONFIG").filter(|value| !value.is_empty()).map(PathBuf::from);
    let named = match (explicit, variable) {
        (Some(path), _) => Some((path.to_owned(), "--config")),
        (None, Some(path)) => Some((path, "$STELLAR_CONFIG")),
        (None, None) => None,
    };
    if let Some((path, named_by)) = named {
        return match Document::open(&path) {
            Ok(document) => read(&document, Some(path), environment, secrets),
            Err(reason) => Err(LoadError::Unreadable { path, named_by: Some(named_by), reason }),
        };
    }
    let mut looked = vec![("--config".into(), "not given".into()), ("$STELLAR_CONFIG".into(), "not set".into())];
    for path in candidates {
        match Document::open(path) {
            Ok(document) => return read(&document, Some(path.to_path_buf()), environment, secrets),
            Err(reason) if reason == "no such file" => looked.push((path.display().to_string(), reason)),
            Err(reason) => return Err(LoadError::Unreadable { path: path.to_path_buf(), named_by: None, reason }),
        }
    }
    Err(LoadError::NotFound(looked))
}

fn read(
    document: &Document,
    path: Option<PathBuf>,
    environment: &Environment<'_>,
    secrets: bool,
) -> Result<Loaded, LoadError> {
    let folder = path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let (settings, Report { sections, faults, mut warnings }) = Settings::read(document, environment, folder, secrets);
    if !faults.is_empty() {
        return Err(LoadError::Faults(faults));
    }
    if let Some(path) = &path {
        let mut options = sections.iter().flat_map(|section| &section.options);
        let inline = options.any(|option| option.key == "password" && matches!(option.origin, Origin::Line { .. }));
        if inline && everyone_reads(path) {
            let path = path.display();
            warnings.push(format!("{path} has a password and everyone can read it; run: chmod o-r {path}"));
        }
        if settings.clusters.is_empty() {
            warnings.push(format!("{} has no [[clusters]]: nothing will be collected", path.display()));
        }
    }
    Ok(Loaded { settings, path, warnings, origins: sections })
}

impl Loaded {
    /// The defaults and the environment, for commands that can do without a file, such as a report with `--db`.
    pub fn without_file(environment: &Environment<'_>) -> Result<Self, LoadError> {
        read(&Document::parse("", ""), None, environment, false)
    }

    /// Puts the path of `--db` in the place of `[database] path`; it counts from the working folder.
    pub fn override_database(&mut self, path: &Path) {
        self.settings.database.path = path.to_owned();
        let options = self.origins.iter_mut().filter(|shown| shown.title == "[database]");
        if let Some(option) = options.flat_map(|shown| &mut shown.options).find(|option| option.key == "path") {
            option.value = Some(toml_text(&path.to_string_lossy()));
            option.origin = Origin::Flag("--db");
        }
    }

    /// The file, or words for its absence.
    pub fn name(&self) -> String {
        self.path.as_ref().map_or_else(|| "no configuration file".into(), |path| path.display().to_string())
    }

    /// `every 30 s, keep 14 d`.
    pub(super) fn rhythm(&self) -> String {
        let metrics = &self.settings.metrics;
        format!("every {}, keep {}", durations::spoken(metrics.interval), durations::spoken(metrics.retention))
    }
}
