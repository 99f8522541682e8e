//! The base URL of one node: checked, and with the `instance` by which everything about that node is labelled.

use std::net::Ipv6Addr;

use super::document::{Node, Value};
use super::forms::{Form, ListOf, Refusal};
use super::words::{quoted, toml_text};

/// One node that answers over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `http://host:8030` or `https://gate/starrocks/fe1`: scheme and host in lower case, no slash at the end.
    pub base: String,
    /// `host:port`, the port always there (80, 443), IPv6 in brackets. Nodes behind one gate, told apart by their
    /// paths only, have the path too: `gate:443/starrocks/fe1`.
    pub instance: String,
    pub https: bool,
}

impl Endpoint {
    /// What follows the host in `base`: empty or `/path`.
    pub fn path(&self) -> &str {
        let host = self.base.split_once("://").map_or("", |(_, rest)| rest);
        host.find('/').and_then(|at| host.get(at..)).unwrap_or_default()
    }

    /// `host:port/path`: the same for two texts of the same URL.
    pub fn identity(&self) -> String {
        match self.instance.contains('/') {
            true => self.instance.clone(),
            false => format!("{}{}", self.instance, self.path()),
        }
    }
}

/// The node of a page's URL, and the whole URL: scheme and host in lower case, `/metrics` where no path is. A query may
/// follow. The error is that of [`parse`].
pub fn of_page(url: &str) -> Result<(Endpoint, String), (String, String)> {
    if url.contains('@') {
        // Whatever stands before it may be a password.
        return parse(url).map(|endpoint| (endpoint, url.to_owned()));
    }
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    let end = url.get(host..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(url.len(), |length| host + length);
    let (node, path) = url.split_at_checked(end).unwrap_or((url, ""));
    let path = path.split('#').next().unwrap_or_default();
    let unfit = |letter: char| {
        !letter.is_ascii() || letter.is_whitespace() || letter.is_control() || "\"<>\\^`{|}".contains(letter)
    };
    if path.contains(unfit) {
        let message = format!("has {}, whose path has a letter that URLs do not have", quoted(url));
        return Err((message, "write it with %XX".to_owned()));
    }
    let endpoint = parse(node)?;
    let path = match path {
        "" | "/" => "/metrics".to_owned(),
        query if query.starts_with('?') => format!("/metrics{query}"),
        path => path.to_owned(),
    };
    let page = format!("{}{path}", endpoint.base);
    Ok((endpoint, page))
}

/// Reads a base URL. The error is message (following `frontends`) and hint; neither repeats what may be a password.
pub fn parse(text: &str) -> Result<Endpoint, (String, String)> {
    let has = |why: &str, hint: &str| (format!("has {}, {why}", quoted(text)), hint.to_owned());
    let example = "write it as \"http://host:8030\"";
    if text.contains('@') {
        let message = "has a URL with a login in it, which logs and other users would see";
        return Err((message.into(), "use user = \"…\" and password_file = \"…\"".into()));
    }
    if text.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Err(has("a URL with a blank in it", example));
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        let host = text.trim_start_matches('/');
        let hint =
            if host.is_empty() { example.to_owned() } else { format!("write {}", quoted(&format!("http://{host}"))) };
        return Err((format!("has {}, a URL without http:// or https://", quoted(text)), hint));
    };
    let https = match scheme.to_ascii_lowercase().as_str() {
        "http" => false,
        "https" => true,
        _ => return Err(has("whose scheme is neither http nor https", example)),
    };
    if rest.contains(['?', '#']) {
        return Err(has("a URL with a query", "leave out everything from `?` or `#` on; stellar adds its own"));
    }
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let path = path.trim_end_matches('/');
    if !path.is_ascii() || path.contains(['"', '<', '>', '\\', '^', '`', '{', '|', '}']) {
        return Err(has("whose path has a letter that URLs do not have", "write it with %XX"));
    }
    if path.ends_with("/metrics") {
        return Err(has("the URL of a page", "leave out /metrics: stellar adds the pages it needs"));
    }

    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or_else(|| has("whose bracket is not closed", example))?;
            let address: Ipv6Addr = address.parse().map_err(|_| has("whose address is not IPv6", example))?;
            let port = match port.strip_prefix(':') {
                Some(port) => Some(port),
                None if port.is_empty() => None,
                None => return Err(has("whose host is not clear", example)),
            };
            (format!("[{address}]"), port)
        }
        None if authority.matches(':').count() > 1 => {
            return Err(has("whose host is not clear", "write IPv6 in brackets: \"http://[::1]:8030\""));
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host.to_ascii_lowercase(), Some(port)),
            None => (authority.to_ascii_lowercase(), None),
        },
    };
    if host.is_empty() {
        return Err(has("a URL without a host", example));
    }
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_');
    if !host.starts_with('[') && !host.chars().all(plain) {
        return Err(has("whose host is not a name or an address", example));
    }
    let number = match port {
        None if https => 443,
        None => 80,
        Some(text) => match text.parse::<u16>() {
            Ok(port) if port > 0 && text.bytes().all(|byte| byte.is_ascii_digit()) => port,
            _ => return Err(has("whose port is not a number from 1 to 65535", example)),
        },
    };
    let scheme = if https { "https" } else { "http" };
    let port = port.map(|_| format!(":{number}")).unwrap_or_default();
    Ok(Endpoint { base: format!("{scheme}://{host}{port}{path}"), instance: format!("{host}:{number}"), https })
}

/// Gives nodes that share host and port their path as a part of the instance.
pub fn tell_apart(endpoints: &mut [Endpoint]) {
    let instances: Vec<String> = endpoints.iter().map(|endpoint| endpoint.instance.clone()).collect();
    for endpoint in endpoints {
        if instances.iter().filter(|instance| **instance == endpoint.instance).count() > 1 {
            endpoint.instance = endpoint.identity();
        }
    }
}

/// A base URL.
pub struct Url;

impl Form for Url {
    type Value = Endpoint;

    fn read(&self, node: &Node) -> Result<Endpoint, Vec<Refusal>> {
        match &node.value {
            Value::Text(text) => parse(text).map_err(|(message, hint)| vec![Refusal::new(node, message, hint)]),
            _ => Err(vec![Refusal::kind(node, "a URL in quotes", "write \"http://host:8030\"")]),
        }
    }

    fn show(&self, value: &Endpoint) -> String {
        toml_text(&value.base)
    }

    fn kind(&self) -> String {
        "a URL in quotes".into()
    }
}

/// The URL of a page of metrics; that of a host alone gets the usual path.
pub struct PageUrl;

impl Form for PageUrl {
    type Value = Endpoint;

    fn read(&self, node: &Node) -> Result<Endpoint, Vec<Refusal>> {
        const USUAL: &str = "/metrics";
        let Value::Text(text) = &node.value else {
            return Err(vec![Refusal::kind(node, "a URL in quotes", "write \"http://host:8080/metrics\"")]);
        };
        // Of a base URL the path of a page is a fault.
        let base = text.trim_end_matches('/');
        let page = base.strip_suffix(USUAL).map(|base| (base, USUAL));
        let (base, own) = page.unwrap_or((base, ""));
        match parse(base) {
            Ok(endpoint) => {
                let path = if own.is_empty() && endpoint.path().is_empty() { USUAL } else { own };
                Ok(Endpoint { base: format!("{}{path}", endpoint.base), ..endpoint })
            }
            Err((message, hint)) => Err(vec![Refusal::new(node, message.replacen("has ", "is ", 1), hint)]),
        }
    }

    fn show(&self, value: &Endpoint) -> String {
        toml_text(&value.base)
    }

    fn kind(&self) -> String {
        "a URL in quotes".into()
    }
}

pub const PAGE: PageUrl = PageUrl;

/// One base URL.
pub const ONE: Url = Url;

/// The form of `frontends`, `backends` and `compute_nodes`.
pub fn list(example: &'static str, may_be_empty: bool) -> impl Form<Value = Vec<Endpoint>> {
    ListOf { inner: Url, what: "a list of URLs", example, may_be_empty }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_base_url_gets_its_instance() {
        for (text, base, instance) in [
            ("http://fe1:8030", "http://fe1:8030", "fe1:8030"),
            ("HTTP://FE1:8030/", "http://fe1:8030", "fe1:8030"),
            ("http://10.0.0.1", "http://10.0.0.1", "10.0.0.1:80"),
            ("https://gate.example", "https://gate.example", "gate.example:443"),
            ("https://gate:8443/star/FE1//", "https://gate:8443/star/FE1", "gate:8443"),
            ("http://[::1]:8030", "http://[::1]:8030", "[::1]:8030"),
            ("https://[FE80:0::1]", "https://[fe80::1]", "[fe80::1]:443"),
        ] {
            let https = base.starts_with("https");
            assert_eq!(parse(text), Ok(Endpoint { base: base.into(), instance: instance.into(), https }));
        }
    }

    #[test]
    fn a_page_has_its_node_and_its_whole_url() {
        for (text, instance, page) in [
            ("http://APP:8080", "app:8080", "http://app:8080/metrics"),
            ("http://app:8080/", "app:8080", "http://app:8080/metrics"),
            ("https://app?type=core", "app:443", "https://app/metrics?type=core"),
            ("HTTP://app/Star/metrics?a=b#c", "app:80", "http://app/Star/metrics?a=b"),
            ("http://[::1]:8080/m", "[::1]:8080", "http://[::1]:8080/m"),
        ] {
            let (endpoint, url) = of_page(text).expect("a page");
            assert_eq!((endpoint.instance.as_str(), url.as_str()), (instance, page), "{text}");
        }
        for text in [
            "app:8080/metrics",
            "http://",
            "http://a b/",
            "http://app/ü",
            "http://u:p@app/metrics",
            "http://u:p/x@app/metrics",
            "ftp://app/m",
        ] {
            assert!(of_page(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_bad_url_is_refused_with_a_reason() {
        for (text, message, hint) in [
            ("fe1:8030", "has \"fe1:8030\", a URL without http:// or https://", "write \"http://fe1:8030\""),
            ("", "has \"\", a URL without http:// or https://", "write it as \"http://host:8030\""),
            (
                "ftp://fe1",
                "has \"ftp://fe1\", whose scheme is neither http nor https",
                "write it as \"http://host:8030\"",
            ),
            (
                "http://root:hunter2@fe1:8030",
                "has a URL with a login in it, which logs and other users would see",
                "use user = \"…\" and password_file = \"…\"",
            ),
            (
                "http://fe1/?x=1",
                "has \"http://fe1/?x=1\", a URL with a query",
                "leave out everything from `?` or `#` on; stellar adds its own",
            ),
            ("http://:8030", "has \"http://:8030\", a URL without a host", "write it as \"http://host:8030\""),
            ("http:///x", "has \"http:///x\", a URL without a host", "write it as \"http://host:8030\""),
            (
                "http://::1:8030",
                "has \"http://::1:8030\", whose host is not clear",
                "write IPv6 in brackets: \"http://[::1]:8030\"",
            ),
            (
                "http://fe1:0",
                "has \"http://fe1:0\", whose port is not a number from 1 to 65535",
                "write it as \"http://host:8030\"",
            ),
            (
                "http://fe1:+80",
                "has \"http://fe1:+80\", whose port is not a number from 1 to 65535",
                "write it as \"http://host:8030\"",
            ),
            (
                "http://fe1:",
                "has \"http://fe1:\", whose port is not a number from 1 to 65535",
                "write it as \"http://host:8030\"",
            ),
            ("http://[::1", "has \"http://[::1\", whose bracket is not closed", "write it as \"http://host:8030\""),
            ("http://[x]:1", "has \"http://[x]:1\", whose address is not IPv6", "write it as \"http://host:8030\""),
            ("http://f e", "has \"http://f e\", a URL with a blank in it", "write it as \"http://host:8030\""),
            (
                "http://f!e",
                "has \"http://f!e\", whose host is not a name or an address",
                "write it as \"http://host:8030\"",
            ),
            (
                "http://fe1:8030/metrics",
                "has \"http://fe1:8030/metrics\", the URL of a page",
                "leave out /metrics: stellar adds the pages it needs",
            ),
        ] {
            assert_eq!(parse(text), Err((message.to_owned(), hint.to_owned())), "{text}");
        }
    }

    #[test]
    fn nodes_behind_one_gate_are_told_apart_by_their_paths() {
        let mut endpoints: Vec<Endpoint> = ["https://gate/fe1", "https://gate/fe2", "https://other/fe3"]
            .iter()
            .map(|text| parse(text).expect("a URL"))
            .collect();
        tell_apart(&mut endpoints);
        let instances: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.instance.as_str()).collect();
        assert_eq!(instances, ["gate:443/fe1", "gate:443/fe2", "other:443"]);
        assert_eq!(endpoints[0].identity(), "gate:443/fe1");
        assert_eq!(endpoints[2].identity(), "other:443/fe3");
    }
}
