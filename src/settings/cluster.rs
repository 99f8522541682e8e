//! `[[clusters]]`: what is watched, with whose login and how.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::durations::{INTERVAL, WAIT};
use super::endpoint::{self, Endpoint};
use super::forms::{FilePath, Flag, Form, Hidden, OrOff, Pairs, Text};
use super::reader::{Origin, Reader, Section, Stated};
use super::secret::Secret;
use super::words::{io_reason, quoted};

/// One StarRocks cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// `[A-Za-z0-9][A-Za-z0-9._-]*`, at most 64 bytes; unique.
    pub name: String,
    /// At least one.
    pub frontends: Vec<Endpoint>,
    /// Empty: found by asking the frontends.
    pub backends: Vec<Endpoint>,
    pub compute_nodes: Vec<Endpoint>,
    /// None: only pages that need no login.
    pub login: Option<Login>,
    pub ca_file: Option<PathBuf>,
    /// Added to everything that is shipped or alerted about this cluster.
    pub labels: BTreeMap<String, String>,
    pub interval: Duration,
    /// Of one request.
    pub timeout: Duration,
    pub pages: Pages,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Login {
    pub user: String,
    pub password: Secret,
    /// Follows "the password came from": `conf/config.toml:12`, `$SHOP_PASSWORD`, `the file /run/shop`.
    pub password_origin: String,
}

/// Pages that cost the cluster something.
#[derive(Clone, Debug, PartialEq)]
pub struct Pages {
    pub runtime_info: bool,
    pub table_metrics: bool,
    pub materialized_views: bool,
    /// How often; None is never.
    pub statistic: Option<Duration>,
    pub transactions: Option<Duration>,
}

/// What a cluster's options depend on.
pub struct Surroundings<'a> {
    /// The folder from which relative paths count.
    pub folder: &'a Path,
    /// Whether password files and certificates are opened; reports do without.
    pub secrets: bool,
    pub interval: Duration,
    pub timeout: Duration,
    pub deadline: Duration,
}

/// All clusters of the file. Those with faults may be missing; the faults are with the reader.
pub fn read_all(reader: &Reader<'_>, root: &Section<'_, '_>, around: &Surroundings<'_>) -> Vec<Cluster> {
    let mut clusters = Vec::new();
    let mut names: HashMap<String, usize> = HashMap::new();
    let mut nodes: HashMap<String, (String, usize)> = HashMap::new();
    for section in root.tables("clusters", "[[clusters]]") {
        let (name, cluster) = read(reader, &section, around);
        if let Some(name) = &name {
            let place = section.place_of("name");
            match names.get(name) {
                Some(line) => {
                    let hint = format!("first defined at line {line}; rename one");
                    reader.fault(place, format!("cluster `{name}` is defined twice"), hint);
                }
                None => drop(names.insert(name.clone(), place.line)),
            }
        }
        let Some(mut cluster) = cluster else { continue };
        for (key, list) in [
            ("frontends", &mut cluster.frontends),
            ("backends", &mut cluster.backends),
            ("compute_nodes", &mut cluster.compute_nodes),
        ] {
            for (index, node) in list.iter().enumerate() {
                let place = section.place_of_item(key, index);
                match nodes.get(&node.identity()) {
                    Some((owner, line)) => {
                        let message = format!("`{key}` has {}, which is a node of `{owner}` already", node.base);
                        reader.fault(place, message, format!("first named at line {line}; remove one"));
                    }
                    None => drop(nodes.insert(node.identity(), (cluster.name.clone(), place.line))),
                }
            }
            endpoint::tell_apart(list);
        }
        clusters.push(cluster);
    }
    clusters
}

fn read(
    reader: &Reader<'_>,
    section: &Section<'_, '_>,
    around: &Surroundings<'_>,
) -> (Option<String>, Option<Cluster>) {
    let name = section.required("name", &NAME, "how the cluster is called in reports and in the database");
    let one_frontend = endpoint::list("[\"http://host:8030\"]", false);
    let frontends =
        section.required("frontends", &one_frontend, "the URLs of its frontends, [\"http://host:8030\", …]");
    let backends = section.value(
        "backends",
        &endpoint::list("[\"http://host:8040\"]", true),
        Vec::new(),
        "the URLs of its backends; left out, the frontends are asked for them",
    );
    let compute_nodes = section.value(
        "compute_nodes",
        &endpoint::list("[\"http://host:8040\"]", true),
        Vec::new(),
        "the URLs of its compute nodes; left out, the frontends are asked for them",
    );
    let login = login(reader, section, around, name.as_deref());
    let ca_file = section.optional("ca_file", &FilePath(around.folder), "certificates (PEM) to trust for https://");
    if let (true, Some(path)) = (around.secrets, &ca_file)
        && let Err(reason) = read_text(path).and_then(certificates)
    {
        let hint = "name a file of PEM certificates that this user can read";
        reader.fault(section.place_of("ca_file"), format!("`ca_file` {}: {reason}", path.display()), hint);
    }
    let labels = section.value("labels", &LABELS, BTreeMap::new(), "labels for everything about this cluster");
    let interval =
        section.inherited("interval_secs", &INTERVAL, around.interval, "[metrics]", "how often it is collected");
    let timeout = section.inherited("timeout", &WAIT, around.timeout, "[collection]", "how long one request may take");
    if timeout > around.deadline && section.node("timeout").is_some() {
        let (timeout, deadline) = (WAIT.show(timeout), WAIT.show(around.deadline));
        let message = format!("`timeout` ({timeout}) is longer than the `deadline` of a run ({deadline})");
        reader.fault(section.place_of("timeout"), message, "shorten it, or raise `deadline` in [collection]");
    }
    let pages = pages(section);
    let expensive = [
        (pages.table_metrics, "table_metrics"),
        (pages.materialized_views, "materialized_views"),
        (pages.statistic.is_some(), "statistic"),
        (pages.transactions.is_some(), "transactions"),
    ];
    if let (Some(name), None) = (&name, &login) {
        for (_, page) in expensive.iter().filter(|(on, _)| *on) {
            reader.warn(format!("cluster `{name}`: the page `{page}` needs a `user`; without one it stays empty"));
        }
    }
    let cluster = match (&name, frontends) {
        (Some(name), Some(frontends)) => Some(Cluster {
            name: name.clone(),
            frontends,
            backends,
            compute_nodes,
            login,
            ca_file,
            labels,
            interval,
            timeout,
            pages,
        }),
        _ => None,
    };
    (name, cluster)
}

fn pages(cluster: &Section<'_, '_>) -> Pages {
    let section = cluster.table("pages", "[clusters.pages]");
    let period = OrOff(INTERVAL);
    Pages {
        runtime_info: section.value("runtime_info", &Flag, true, "memory of each frontend's JVM; cheap"),
        table_metrics: section.value(
            "table_metrics",
            &Flag,
            false,
            "series of every table; large pages, needs a login",
        ),
        materialized_views: section.value(
            "materialized_views",
            &Flag,
            false,
            "series of every materialized view; takes locks, needs a login",
        ),
        statistic: section.value(
            "statistic",
            &period,
            None,
            "how often tablets are counted by database, \"10m\"; walks every tablet under locks, needs a login",
        ),
        transactions: section.value(
            "transactions",
            &period,
            None,
            "how often transactions are counted, \"5m\"; one request a database, needs a login",
        ),
    }
}

fn login(
    reader: &Reader<'_>,
    section: &Section<'_, '_>,
    around: &Surroundings<'_>,
    cluster: Option<&str>,
) -> Option<Login> {
    let user = section.optional("user", &USER, "the StarRocks user");
    let inline = section.optional("password", &Hidden, "the password; better are the three other ways");
    let file = section.optional("password_file", &FilePath(around.folder), "a file with the password");
    let variable = section.optional("password_env", &VARIABLE, "the name of an environment variable with the password");

    let given: Vec<&str> =
        ["password", "password_file", "password_env"].into_iter().filter(|key| section.node(key).is_some()).collect();
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
    let (password, password_origin) = if let Some(secret) = inline {
        let place = section.place_of("password");
        (secret, format!("{}:{}", place.file, place.line))
    } else if let Some(path) = file {
        (from_file(reader, section, around, "password_file", &path), format!("the file {}", path.display()))
    } else if let Some(name) = variable {
        let value = (reader.environment())(&name);
        if value.is_none() && around.secrets {
            let message = format!("`password_env`: the environment variable `{name}` is not set");
            reader.fault(section.place_of("password_env"), message, "set it, or use `password_file`");
        }
        (Secret::new(value.unwrap_or_default()), format!("${name}"))
    } else {
        credential(reader, section, around, cluster)
    };
    Some(Login { user, password, password_origin })
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
        _ => ("\"\"", Origin::Default, (Secret::default(), "the default, which is an empty password".to_owned())),
    };
    section.state(Stated {
        key: "password",
        help: "the password; better are the three other ways",
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
    let line = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if line.contains('\n') {
        return fault("has more than one line", "leave the password in it and nothing else");
    }
    if line.is_empty() {
        reader.warn(format!("the password file {} is empty: the password is empty", path.display()));
    }
    if everyone_reads(path) {
        let path = path.display();
        reader.warn(format!("{path} has a password and everyone can read it; run: chmod o-r {path}"));
    }
    Secret::new(line.to_owned())
}

/// Whether others than owner and group may read the file.
pub fn everyone_reads(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

/// What is no certificate is told before anything is asked; whether it is a good one shows when it is used.
fn certificates(text: String) -> Result<String, String> {
    if text.contains("-----BEGIN CERTIFICATE-----") { Ok(text) } else { Err("holds no certificate in PEM form".into()) }
}

fn read_text(path: &Path) -> Result<String, String> {
    const MOST: u64 = 4 * 1024 * 1024;
    let file = File::open(path).map_err(|error| io_reason(&error))?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).map_err(|error| io_reason(&error))?;
    String::from_utf8(bytes).map_err(|_| "is not text in UTF-8".to_owned())
}

const NAME: Text = Text {
    what: "a name in quotes",
    check: |name| {
        let inner = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
        if name.len() > 64 {
            return Err(("is longer than 64 letters".into(), "shorten it".into()));
        }
        if !name.starts_with(|letter: char| letter.is_ascii_alphanumeric()) || !name.chars().all(inner) {
            let message = format!("is {}, which is not a name", quoted(name));
            return Err((message, "use A-Z, a-z, 0-9, `.`, `_` and `-`, beginning with a letter or digit".into()));
        }
        Ok(())
    },
};

const USER: Text = Text {
    what: "a name in quotes",
    check: |user| match user {
        "" => Err(("is empty".into(), "write the user's name, or leave the line out".into())),
        user if user.contains(':') || user.contains(char::is_control) => {
            Err((format!("is {}, which HTTP cannot send", quoted(user)), "use a user without `:` in its name".into()))
        }
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

const LABELS: Pairs = Pairs {
    check: |name| {
        let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        if !plain || name.starts_with(|letter: char| letter.is_ascii_digit()) || name.is_empty() {
            let message = format!("has {}, which is not the name of a label", quoted(name));
            return Err((message, "use a-z, A-Z, 0-9 and _, not beginning with a digit".into()));
        }
        if name.starts_with("__") || matches!(name, "cluster" | "job" | "instance" | "node") {
            return Err((format!("has `{name}`, a label that stellar sets itself"), "choose another name".into()));
        }
        Ok(())
    },
};
