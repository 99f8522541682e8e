//! How a target is reached: with whose login, whom to trust, through which proxy, for how long. The same options for
//! clusters and applications.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Collection;
use super::durations::WAIT;
use super::endpoint::Endpoint;
use super::files::read_text;
use super::forms::FilePath;
use super::identity;
use super::login::{self, Login};
use super::proxy::{self, Proxies};
use super::reader::{Reader, Section};

#[derive(Clone, Debug, PartialEq)]
pub struct Access {
    pub login: Option<Login>,
    pub ca_file: Option<PathBuf>,
    /// The certificate to show, and its key: both or none.
    pub client_cert: Option<PathBuf>,
    pub client_key: Option<PathBuf>,
    pub proxies: Proxies,
    /// Of one request.
    pub timeout: Duration,
}

impl Access {
    /// To what is no target: without a login, as any target that says nothing of its own.
    pub fn to_anyone(collection: &Collection) -> Self {
        Self {
            login: None,
            ca_file: None,
            client_cert: None,
            client_key: None,
            proxies: collection.proxies.clone(),
            timeout: collection.timeout,
        }
    }
}

/// What a target's options depend on.
pub struct Surroundings<'a> {
    /// The folder from which relative paths count.
    pub folder: &'a Path,
    /// Whether password files and certificates are opened; reports do without.
    pub secrets: bool,
    /// Of targets that name none.
    pub proxies: &'a Proxies,
    pub interval: Duration,
    pub timeout: Duration,
    pub deadline: Duration,
}

impl Access {
    /// `target` is its kind and, where it has one, its name; `gates` are the endpoints that the login goes to.
    pub fn read(
        reader: &Reader<'_>,
        section: &Section<'_, '_>,
        around: &Surroundings<'_>,
        (kind, name): (&str, Option<&str>),
        gates: &Option<Vec<Endpoint>>,
    ) -> Self {
        let login = login::read(reader, section, around, name);
        let ca_file = section.optional("ca_file", &FilePath(around.folder), "certificates (PEM) to trust for https://");
        if let (true, Some(path)) = (around.secrets, &ca_file)
            && let Err(reason) = read_text(path).and_then(certificates)
        {
            let hint = "name a file of PEM certificates that this user can read";
            reader.fault(section.place_of("ca_file"), format!("`ca_file` {}: {reason}", path.display()), hint);
        }
        let (client_cert, client_key) = identity::read(reader, section, around).unzip();
        let proxies = proxy::of_target(section, around.proxies);
        let timeout =
            section.inherited("timeout", &WAIT, around.timeout, "[collection]", "how long one request may take");
        if timeout > around.deadline && section.node("timeout").is_some() {
            let (timeout, deadline) = (WAIT.show(timeout), WAIT.show(around.deadline));
            let message = format!("`timeout` ({timeout}) is longer than the `deadline` of a run ({deadline})");
            reader.fault(section.place_of("timeout"), message, "shorten it, or raise `deadline` in [collection]");
        }
        if let (Some(name), Some(_), Some(gates)) = (name, &login, gates)
            && let Some(proxy) = gates.iter().find_map(|node| proxies.of_endpoint(node).filter(|_| !node.https))
        {
            let (url, origin) = (proxy.url(), &proxy.origin);
            reader.warn(format!(
                "{kind} `{name}`: its login goes unencrypted through the proxy {url} (from {origin}); use https://, or proxy = \"\""
            ));
        }
        Self { login, ca_file, client_cert, client_key, proxies, timeout }
    }
}

/// What is no certificate is told before anything is asked; whether it is a good one shows when it is used.
fn certificates(text: String) -> Result<String, String> {
    if text.contains("-----BEGIN CERTIFICATE-----") { Ok(text) } else { Err("holds no certificate in PEM form".into()) }
}
