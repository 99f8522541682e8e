//! Finds the configuration file and reads it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::Document;
use super::fault::{self, Fault};
use super::reader::{Environment, Origin, Report, Shown};
use super::words::{io_reason, toml_text};
use super::{Settings, durations, exposed};

/// The file as shipped: every option explained at its default.
pub const SHIPPED: &str = include_str!("../../conf/config.toml");

const CANDIDATES: [&str; 2] = ["/etc/stellar/config.toml", "conf/config.toml"];

/// What to do when there is no file at all.
const FIRST_CONFIGURATION: &str = "write /etc/stellar/config.toml; this is enough for a first one:

    [[clusters]]
    name = \"shop\"
    frontends = [\"http://10.20.0.1:8030\"]
    user = \"monitor\"
    password_file = \"shop.password\"

then run: stellar config check --probe; man stellar.toml has every option. Reports need none: stellar --db FILE report";

/// Settings without faults.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    pub settings: Settings,
    /// As found or as named; None when no file was read.
    pub path: Option<PathBuf>,
    /// The files of `config.d` beside it, in the order of reading.
    pub drop_ins: Vec<PathBuf>,
    /// For standard error; not faults.
    pub warnings: Vec<String>,
    /// Files that hold a secret and that everyone can read: each a sentence with what to run. Empty without secrets.
    pub exposed: Vec<String>,
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
    Faults(Box<Faulty>),
}

/// A configuration with faults.
#[derive(Clone, Debug, PartialEq)]
pub struct Faulty {
    /// At least one, in the order of the files.
    pub faults: Vec<Fault>,
    files: Vec<Arc<str>>,
    /// What could be read, for those who look for more faults in it.
    pub settings: Settings,
}

impl Faulty {
    /// Tells these with the others, each in its place.
    pub fn join(&mut self, more: Vec<Fault>) {
        self.faults.extend(more);
        // Variables of the environment are in no file and come first.
        let file = |fault: &Fault| self.files.iter().position(|file| *file == fault.place.file);
        self.faults.sort_by_key(|fault| (file(fault), fault.place.line, fault.place.column));
    }
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
            Self::Faults(faulty) => match faulty.faults.as_slice() {
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
            Self::Faults(faulty) => return fault::render(&faulty.faults),
            Self::NotFound(_) => FIRST_CONFIGURATION,
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
            Ok(document) => read_with_drop_ins(document, path, environment, secrets),
            Err(reason) => Err(LoadError::Unreadable { path, named_by: Some(named_by), reason }),
        };
    }
    let mut looked = vec![("--config".into(), "not given".into()), ("$STELLAR_CONFIG".into(), "not set".into())];
    for path in candidates {
        match Document::open(path) {
            Ok(document) => return read_with_drop_ins(document, path.to_path_buf(), environment, secrets),
            Err(reason) if reason == "no such file" => looked.push((path.display().to_string(), reason)),
            Err(reason) => return Err(LoadError::Unreadable { path: path.to_path_buf(), named_by: None, reason }),
        }
    }
    Err(LoadError::NotFound(looked))
}

fn read_with_drop_ins(
    mut document: Document,
    path: PathBuf,
    environment: &Environment<'_>,
    secrets: bool,
) -> Result<Loaded, LoadError> {
    let drop_ins = drop_ins(&path)?;
    for path in &drop_ins {
        match Document::open(path) {
            Ok(more) => document.join(more),
            Err(reason) => return Err(LoadError::Unreadable { path: path.clone(), named_by: None, reason }),
        }
    }
    let mut loaded = read(&document, Some(path), environment, secrets)?;
    loaded.drop_ins = drop_ins;
    Ok(loaded)
}

/// The files `config.d/*.toml` beside a configuration file, by name. What editors and package managers leave there
/// (`.x.toml.swp`, `x.toml~`, `#x.toml#`, `x.toml.bak`) is none of ours.
fn drop_ins(path: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let folder = path.parent().unwrap_or(Path::new("")).join("config.d");
    let unreadable = |error: &io::Error| LoadError::Unreadable {
        path: folder.clone(),
        named_by: None,
        reason: match error.kind() {
            io::ErrorKind::NotADirectory => "is a file, not a folder".to_owned(),
            _ => io_reason(error),
        },
    };
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| unreadable(&error))?.file_name();
        let text = name.to_string_lossy();
        if text.ends_with(".toml") && !text.starts_with(['.', '#']) {
            files.push(folder.join(&name));
        }
    }
    files.sort();
    Ok(files)
}

fn read(
    document: &Document,
    path: Option<PathBuf>,
    environment: &Environment<'_>,
    secrets: bool,
) -> Result<Loaded, LoadError> {
    let folder = path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let (settings, Report { sections, faults, warnings }) = Settings::read(document, environment, folder, secrets);
    if !faults.is_empty() {
        let files = document.files().cloned().collect();
        return Err(LoadError::Faults(Box::new(Faulty { faults, files, settings })));
    }
    let exposed = if secrets { exposed::files(&sections, &settings) } else { Vec::new() };
    Ok(Loaded { settings, path, drop_ins: Vec::new(), warnings, exposed, origins: sections })
}

impl Loaded {
    /// The defaults and the environment, for commands that can do without a file, such as a report with `--db`.
    pub fn without_file(environment: &Environment<'_>) -> Result<Self, LoadError> {
        read(&Document::parse("", ""), None, environment, false)
    }

    /// What `collect-once` refuses although nothing is wrong with the file.
    pub fn nothing_to_collect(&self) -> Option<String> {
        let why = "there are no [[clusters]] or [[applications]], so collect-once refuses to run; add one with name and \
                   frontends, or with name and url";
        self.settings.targets().next().is_none().then(|| why.to_owned())
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

    /// The file and how many more there are, or words for its absence.
    pub fn name(&self) -> String {
        let Some(path) = &self.path else { return "no configuration file".into() };
        match self.drop_ins.len() {
            0 => path.display().to_string(),
            1 => format!("{} and 1 file of config.d", path.display()),
            more => format!("{} and {more} files of config.d", path.display()),
        }
    }

    /// `every 30 s, keep 14 d`.
    pub(super) fn rhythm(&self) -> String {
        let metrics = &self.settings.metrics;
        format!("every {}, keep {}", durations::spoken(metrics.interval), durations::spoken(metrics.retention))
    }
}
