//! `proxy`, and the variables that name one: through which proxy a node is reached, if through any.

use std::net::IpAddr;

use super::document::{Document, Node, Value};
use super::endpoint::Endpoint;
use super::forms::{Form, Refusal};
use super::no_proxy::NoProxy;
use super::reader::{Origin, Reader, Section, Stated};
use super::secret::Secret;
use super::words::{quoted, toml_text};

/// An HTTP proxy that is spoken to without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// A name, or an address; IPv6 in brackets.
    pub host: String,
    pub port: u16,
    /// User and password.
    pub login: Option<(String, Secret)>,
    /// Follows "the proxy http://… from": `$HTTPS_PROXY`, `conf/config.toml:12`.
    pub origin: String,
}

impl Proxy {
    /// `http://host:port`, without the login.
    pub fn url(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }
}

/// The proxies of a cluster, by the scheme of the node's URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    /// Counts for proxies of the environment only: empty for those of the file.
    except: NoProxy,
}

impl Proxies {
    fn one(proxy: Option<Proxy>) -> Self {
        Self { http: proxy.clone(), https: proxy, except: NoProxy::default() }
    }

    /// The proxy for a node. This machine is never asked through one.
    pub fn of(&self, https: bool, host: &str, port: u16) -> Option<&Proxy> {
        let proxy = if https { self.https.as_ref() } else { self.http.as_ref() };
        proxy.filter(|_| !is_this_machine(host) && !self.except.has(host, port))
    }

    /// The proxy for an endpoint of the configuration.
    pub fn of_endpoint(&self, endpoint: &Endpoint) -> Option<&Proxy> {
        let instance = endpoint.instance.split('/').next().unwrap_or_default();
        let (host, port) = instance.rsplit_once(':')?;
        self.of(endpoint.https, host, port.parse().ok()?)
    }
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    let name = host.trim_end_matches('.');
    name == "localhost"
        || name.ends_with(".localhost")
        || host.parse().is_ok_and(|address: IpAddr| is_loopback(address))
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// The proxy of an option, "" for none.
struct ProxyUrl;

impl Form for ProxyUrl {
    type Value = Option<Proxy>;

    fn read(&self, node: &Node) -> Result<Self::Value, Vec<Refusal>> {
        match &node.value {
            Value::Text(text) | Value::Word(text) => {
                parse(text).map_err(|(message, hint)| vec![Refusal::new(node, message, hint)])
            }
            _ => Err(vec![Refusal::kind(node, "a URL in quotes", EXAMPLE)]),
        }
    }

    fn show(&self, value: &Self::Value) -> String {
        match value {
            None => "\"\"".into(),
            Some(Proxy { host, port, login: Some(_), .. }) => toml_text(&format!("http://***@{host}:{port}")),
            Some(proxy) => toml_text(&proxy.url()),
        }
    }

    fn kind(&self) -> String {
        "a URL in quotes: \"http://proxy:3128\", with user:password@ before the host if it wants a login, or \"\" for none"
            .into()
    }
}

const EXAMPLE: &str = "write \"http://proxy:3128\", or \"\" for none";

/// Reads a URL; the scheme may be left out, as it is in many environments. Messages never repeat it: it may have a
/// password.
fn parse(text: &str) -> Result<Option<Proxy>, (String, String)> {
    let refused = |message: &str, hint: &str| Err((message.to_owned(), hint.to_owned()));
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return refused("has a blank in it", EXAMPLE);
    }
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    match scheme.to_ascii_lowercase().as_str() {
        "http" => {}
        "https" => return refused("is a proxy that is spoken to with TLS, which stellar does not", EXAMPLE),
        scheme if scheme.starts_with("socks") => {
            return refused(
                "is a SOCKS proxy, which stellar does not speak to",
                "name an HTTP proxy, or \"\" for none",
            );
        }
        _ => return refused("has a scheme that is not http", EXAMPLE),
    }
    let (login, address) = rest.rsplit_once('@').map_or((None, rest), |(login, address)| (Some(login), address));
    let address = address.trim_end_matches('/');
    if address.contains(['/', '?', '#']) {
        return refused("has a path", EXAMPLE);
    }
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (address, None),
    };
    let named = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.chars().all(named),
    };
    if !is_host {
        return refused("has no host, or one that is not a name or an address", EXAMPLE);
    }
    let port = match port.map(str::parse::<u16>) {
        None => 80,
        Some(Ok(port)) if port > 0 => port,
        _ => return refused("has a port that is not a number from 1 to 65535", EXAMPLE),
    };
    let login = match login {
        None => None,
        Some(login) => {
            let (user, password) = login.split_once(':').unwrap_or((login, ""));
            match (decoded(user), decoded(password)) {
                (Some(user), _) if user.contains(':') => {
                    return refused("has a user with `:` in its name", "use another user");
                }
                (Some(user), Some(password)) => Some((user, Secret::new(password))),
                _ => return refused("has a login that is not UTF-8", "write other letters than A-Z, a-z, 0-9 as %XX"),
            }
        }
    };
    Ok(Some(Proxy { host: host.to_ascii_lowercase(), port, login, origin: String::new() }))
}

/// `%XX` as the bytes they stand for.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

const KEY: &str = "proxy";

/// The proxies for all clusters that name none: of `[collection]`, else of the environment.
pub fn of_collection(reader: &Reader<'_>, section: &Section<'_, '_>, secrets: bool) -> Proxies {
    let help = "the HTTP proxy for all clusters; left out, $HTTPS_PROXY or $HTTP_PROXY but for the hosts of $NO_PROXY";
    if let Some(proxy) = section.optional(KEY, &ProxyUrl, help) {
        return Proxies::one(proxy.map(|proxy| Proxy { origin: origin(section), ..proxy }));
    }
    let variable = |names: [&'static str; 2]| {
        let name = names.into_iter().find(|name| reader.variable(name).is_some())?;
        let (document, word) = Document::variable(name, &reader.variable(name).unwrap_or_default());
        match ProxyUrl.read(&word) {
            Ok(proxy) => proxy.map(|proxy| (name, Proxy { origin: format!("${name}"), ..proxy })),
            // What reports do without is not looked at too closely.
            Err(_) if !secrets => None,
            Err(refusals) => {
                for refusal in refusals {
                    let place = document.place(refusal.span);
                    reader.fault(place, format!("`{name}` {}", refusal.message), refusal.hint);
                }
                None
            }
        }
    };
    let (https, http) = (variable(["HTTPS_PROXY", "https_proxy"]), variable(["HTTP_PROXY", "http_proxy"]));
    let except = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| Some((name, reader.variable(name)?)));
    if section.node(KEY).is_none()
        && let Some((name, proxy)) = https.as_ref().or(http.as_ref())
    {
        let origin = match (&https, &http) {
            (Some((name, _)), None) => Origin::Other(format!("${name}, for https:// only")),
            (None, Some((name, _))) => Origin::Other(format!("${name}, for http:// only")),
            (Some((_, own)), Some((other, proxy))) if own.url() != proxy.url() => {
                Origin::Other(format!("${name}; ${other} for http://: {}", proxy.url()))
            }
            _ => Origin::Variable(name),
        };
        let value = Some(ProxyUrl.show(&Some(proxy.clone())));
        let kind = ProxyUrl.kind();
        section.state(Stated { key: KEY, help, kind, variable: None, value, default: None, origin, overrides: None });
    }
    let (except, wrong) = match except.as_ref().filter(|_| https.is_some() || http.is_some()) {
        Some((name, hosts)) => {
            let (except, wrong) = NoProxy::parse(hosts);
            (except, wrong.into_iter().map(|entry| (*name, entry)).collect())
        }
        None => (NoProxy::default(), Vec::new()),
    };
    for (name, entry) in wrong {
        let entry = quoted(&entry);
        reader.warn(format!("${name} has {entry}, which is no host, address or network: it fits nothing"));
    }
    Proxies { http: http.map(|(_, proxy)| proxy), https: https.map(|(_, proxy)| proxy), except }
}

/// The proxies of one cluster.
pub fn of_target(section: &Section<'_, '_>, collection: &Proxies) -> Proxies {
    let help = "the HTTP proxy to it, \"\" for none; left out, that of [collection]";
    match section.optional(KEY, &ProxyUrl, help) {
        Some(proxy) => Proxies::one(proxy.map(|proxy| Proxy { origin: origin(section), ..proxy })),
        None => collection.clone(),
    }
}

fn origin(section: &Section<'_, '_>) -> String {
    let place = section.place_of(KEY);
    format!("{}:{}", place.file, place.line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, String> {
        parse(text).map(|proxy| ProxyUrl.show(&proxy)).map_err(|(message, _)| message)
    }

    #[test]
    fn every_way_to_write_a_proxy_is_read_and_shown_without_its_login() {
        for (text, expected) in [
            ("", "\"\""),
            ("http://proxy:3128", "\"http://proxy:3128\""),
            ("http://Proxy:3128/", "\"http://proxy:3128\""),
            ("proxy:3128", "\"http://proxy:3128\""),
            ("proxy", "\"http://proxy:80\""),
            ("HTTP://[::1]:8080", "\"http://[::1]:8080\""),
            ("[fe80::1]", "\"http://[fe80::1]:80\""),
            ("http://user:hunter2@proxy:3128", "\"http://***@proxy:3128\""),
            ("user:hun@ter/2@proxy:3128", "\"http://***@proxy:3128\""),
        ] {
            assert_eq!(shown(text), Ok(expected.to_owned()), "{text}");
        }
        let proxy = parse("http://us%20er:p%40ss%25@proxy").expect("a proxy").expect("one");
        let (user, password) = proxy.login.expect("a login");
        assert_eq!((user.as_str(), password.expose()), ("us er", "p@ss%"));
    }

    #[test]
    fn what_is_no_http_proxy_is_refused_without_being_repeated() {
        for (text, message) in [
            ("https://a:hunter2@proxy", "is a proxy that is spoken to with TLS, which stellar does not"),
            ("socks5h://a:hunter2@proxy", "is a SOCKS proxy, which stellar does not speak to"),
            ("ftp://hunter2@proxy", "has a scheme that is not http"),
            ("http://hunter2@", "has no host, or one that is not a name or an address"),
            ("http://hunter2@pro!xy", "has no host, or one that is not a name or an address"),
            ("http://a:hunter2@proxy/path", "has a path"),
            ("http://proxy:0", "has a port that is not a number from 1 to 65535"),
            ("http://proxy:hunter2", "has a port that is not a number from 1 to 65535"),
            ("http://a:%hunter2@proxy", "has a login that is not UTF-8"),
            ("http://hun%3Ater:2@proxy", "has a user with `:` in its name"),
            ("http://pro xy", "has a blank in it"),
        ] {
            assert_eq!(shown(text), Err(message.to_owned()), "{text}");
        }
    }

    #[test]
    fn this_machine_is_never_asked_through_a_proxy() {
        let proxies = Proxies::one(parse("http://proxy:3128").expect("a proxy"));
        for host in ["localhost", "LOCALHOST.", "fe.localhost", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"]
        {
            assert_eq!(proxies.of(true, host, 8030), None, "{host}");
        }
        for host in ["localhost.example", "10.0.0.1", "fe1", "[fe80::1]"] {
            assert!(proxies.of(false, host, 8030).is_some(), "{host}");
        }
    }
}
