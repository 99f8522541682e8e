//! With whose login a cluster is asked, and where its password comes from.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::access::Surroundings;
use super::document::{Node, Value};
use super::files::read_text;
use super::forms::{FilePath, Form, Hidden, Refusal, Text};
use super::mask::is_name;
use super::reader::{Origin, Reader, Section, Stated};
use super::secret::Secret;
use super::words::{quoted, toml_text};

#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    pub user: String,
    pub password: Password,
    /// Follows "the password came from": `conf/config.toml:12`, `$SHOP_PASSWORD`, `the file /run/shop`. Empty when there
    /// is none, which is the empty password.
    pub password_origin: String,
    /// The file that `password_file` names.
    pub file: Option<PathBuf>,
}

/// A password, or how to get it.
#[derive(Clone, PartialEq)]
pub enum Password {
    Known(Secret),
    /// A program that prints it, and its arguments; at least one element. It is run when the password is needed.
    Command(Vec<String>),
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The keys that say where the password is; at most one of them may be set.
const KEYS: [&str; 4] = ["password", "password_file", "password_env", "password_command"];
const PASSWORD_HELP: &str = "the password; better are the four other ways";

pub fn read(
    reader: &Reader<'_>,
    section: &Section<'_, '_>,
    around: &Surroundings<'_>,
    cluster: Option<&str>,
) -> Option<Login> {
    let user = section.optional("user", &USER, "the StarRocks user");
    let inline = section.optional("password", &Hidden, PASSWORD_HELP);
    let file = section.optional("password_file", &FilePath(around.folder), "a file with the password");
    let variable = section.optional("password_env", &VARIABLE, "the name of an environment variable with the password");
    let command = section.optional(
        "password_command",
        &CommandLine { folder: around.folder, example: "write [\"pass\", \"show\", \"starrocks/shop\"]" },
        "a program that prints the password, and its arguments; run once a collection, without a shell",
    );

    let given: Vec<&str> = KEYS.into_iter().filter(|key| section.node(key).is_some()).collect();
    if let [first, more @ ..] = given.as_slice() {
        for key in more {
            let message = format!("`{key}` and `{first}` are both set");
            reader.fault(section.place_of(key), message, "keep one of them");
        }
        if section.node("user").is_none() {
            let message = format!("`{first}` without `user`");
            reader.fault(section.place_of(first), message, "add user = \"…\"");
        }
    }
    let user = user?;
    let known = |secret, origin| (Password::Known(secret), origin);
    let (password, password_origin) = if let Some(secret) = inline {
        let place = section.place_of("password");
        known(secret, format!("{}:{}", place.file, place.line))
    } else if let Some(path) = &file {
        known(from_file(reader, section, around, "password_file", path), format!("the file {}", path.display()))
    } else if let Some(name) = variable {
        let value = (reader.environment())(&name);
        if value.is_none() && around.secrets {
            // Whoever mistakes the key for the password has written it here.
            let variable =
                if is_name(&name) { format!("variable `{name}`") } else { "variable of this name".to_owned() };
            let message = format!("`password_env`: the environment {variable} is not set");
            reader.fault(section.place_of("password_env"), message, "set it, or use `password_file`");
        }
        known(Secret::new(value.unwrap_or_default()), format!("${name}"))
    } else if let Some(words) = command {
        let origin = format!("the command `{}`", words.first().map_or("", |program| first_word(program)));
        (Password::Command(words), origin)
    } else {
        let (secret, origin) = credential(reader, section, around, cluster);
        known(secret, origin)
    };
    Some(Login { user, password, password_origin, file })
}

/// systemd's credential of the cluster's name, else the empty password that StarRocks' `root` has at first.
fn credential(
    reader: &Reader<'_>,
    section: &Section<'_, '_>,
    around: &Surroundings<'_>,
    cluster: Option<&str>,
) -> (Secret, String) {
    let folder = reader.variable("CREDENTIALS_DIRECTORY");
    let path = folder.zip(cluster).map(|(folder, name)| Path::new(&folder).join(name)).filter(|path| path.exists());
    let (value, origin, secret) = match (path, cluster) {
        (Some(path), Some(name)) => {
            let origin = format!("$CREDENTIALS_DIRECTORY/{name}");
            ("\"***\"", Origin::Other(origin.clone()), (from_file(reader, section, around, "user", &path), origin))
        }
        _ => ("\"\"", Origin::Default, (Secret::default(), String::new())),
    };
    section.state(Stated {
        key: "password",
        help: PASSWORD_HELP,
        kind: Hidden.kind(),
        variable: None,
        value: Some(value.to_owned()),
        default: None,
        origin,
        overrides: None,
    });
    secret
}

fn from_file(
    reader: &Reader<'_>,
    section: &Section<'_, '_>,
    around: &Surroundings<'_>,
    key: &str,
    path: &Path,
) -> Secret {
    if !around.secrets {
        return Secret::default();
    }
    let fault = |reason: &str, hint: &str| {
        reader.fault(section.place_of(key), format!("password file {}: {reason}", path.display()), hint);
        Secret::default()
    };
    let text = match read_text(path) {
        Ok(text) => text,
        Err(reason) => return fault(&reason, "write the password into this file, readable by stellar alone"),
    };
    let Some(line) = one_line(&text) else {
        return fault("has more than one line", "leave the password in it and nothing else");
    };
    if line.is_empty() {
        reader.warn(format!("the password file {} is empty: the password is empty", path.display()));
    }
    Secret::new(line.to_owned())
}

/// The only line of a text, without its end.
pub fn one_line(text: &str) -> Option<&str> {
    let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    (!line.contains('\n')).then_some(line)
}

/// Why the program of a command could not be started, before anybody tries; `path` is `$PATH`.
pub fn missing_program(words: &[String], path: Option<&str>) -> Option<String> {
    let program = words.first()?;
    let shown = first_word(program);
    let runs = |file: &Path| file.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    let missing = match program.contains('/') {
        true if runs(Path::new(program)) => return None,
        true if Path::new(program).exists() => format!("`{shown}` is no program that may be run"),
        true => format!("there is no program `{shown}`"),
        // Without a path the system looks in places of its own.
        false if std::env::split_paths(path?).any(|folder| runs(&folder.join(program))) => return None,
        false => format!("there is no program `{shown}` in $PATH"),
    };
    let apart = if shown.len() < program.len() { "; write its arguments as texts of their own" } else { "" };
    Some(format!("{missing}{apart}"))
}

/// A program and its arguments. A relative path counts from the folder of the configuration file; a name without `/` is
/// looked for in `$PATH`.
pub(super) struct CommandLine<'a> {
    pub folder: &'a Path,
    pub example: &'static str,
}

impl Form for CommandLine<'_> {
    type Value = Vec<String>;

    fn read(&self, node: &Node) -> Result<Self::Value, Vec<Refusal>> {
        let example = self.example;
        let Value::List(items) = &node.value else {
            return Err(vec![Refusal::kind(node, "a list of texts", example)]);
        };
        let mut words = Vec::with_capacity(items.len());
        for item in items {
            match &item.value {
                Value::Text(text) if text.contains('\0') => {
                    return Err(vec![Refusal::new(item, "has a NUL letter", example)]);
                }
                Value::Text(text) => words.push(text.clone()),
                _ => return Err(vec![Refusal::kind(item, "a list of texts", example)]),
            }
        }
        match words.first_mut() {
            None => return Err(vec![Refusal::new(node, "is empty", example)]),
            Some(program) if program.trim().is_empty() => {
                return Err(vec![Refusal::new(node, "begins with an empty text", example)]);
            }
            Some(program) if program.starts_with('~') => {
                let message = format!("is {}; `~` has no meaning here", quoted(first_word(program)));
                return Err(vec![Refusal::new(node, message, "write the whole path")]);
            }
            Some(program) if program.contains('/') => {
                // The folder of `-c config.toml` is empty; without a slash the program would be looked for in $PATH.
                let folder = if self.folder.as_os_str().is_empty() { Path::new(".") } else { self.folder };
                let plain = program.strip_prefix("./").unwrap_or(program);
                *program = folder.join(plain).to_string_lossy().into_owned();
            }
            Some(_) => {}
        }
        Ok(words)
    }

    /// Tokens are often among the arguments.
    fn show(&self, value: &Self::Value) -> String {
        let program = value.first().map(|program| match first_word(program) {
            word if word.len() < program.len() => toml_text(&format!("{word} ***")),
            whole => toml_text(whole),
        });
        let hidden = value.iter().skip(1).map(|_| "\"***\"".to_owned());
        format!("[{}]", program.into_iter().chain(hidden).collect::<Vec<_>>().join(", "))
    }

    fn kind(&self) -> String {
        "a list of texts: the program, then its arguments".into()
    }
}

/// What may be shown of a program's name: some write a whole command with its arguments there.
fn first_word(program: &str) -> &str {
    program.split(char::is_whitespace).next().unwrap_or_default()
}

const USER: Text = Text {
    what: "a name in quotes",
    check: |user| match user {
        "" => Err(("is empty".into(), "write the user's name, or leave the line out".into())),
        // Not repeated: some write the password behind the colon.
        user if user.contains(':') || user.contains(char::is_control) => Err((
            "has a `:` or a control letter in it, which HTTP cannot send".into(),
            "write the user alone, and the password with `password_file`".into(),
        )),
        _ => Ok(()),
    },
};

// The name is not repeated: whoever mistakes this for the password has written it here.
const VARIABLE: Text = Text {
    what: "the name of a variable in quotes",
    check: |name| {
        let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        match plain && name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_') {
            true => Ok(()),
            false => Err(("is not the name of an environment variable".into(), "as in \"SHOP_PASSWORD\"".into())),
        }
    },
};
