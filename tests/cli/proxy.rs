//! Clusters behind an HTTP proxy: what is sent through it, what is not, and what is said when it fails.

use std::net::SocketAddr;

use crate::common::proxy::Proxy;
use crate::common::replay::{Cluster, START};
use crate::common::tls::Authority;
use crate::program::{Ended, Stage, block};

const LOGIN: &str = "Basic dTpodW50ZXIy";

/// A frontend under a name that only proxies know, and two backends on this machine.
struct Setting {
    cluster: Cluster,
    stage: Stage,
}

impl Setting {
    fn new(url: &str, more: &str) -> Self {
        let setting = Self { cluster: Cluster::start(1, 2), stage: Stage::new("") };
        setting.configure(url, more);
        setting
    }

    fn configure(&self, url: &str, more: &str) {
        self.stage.configure(&block("shop", &[url.to_owned()], &format!("user = \"root\"\n{more}")));
    }

    fn node(&self) -> SocketAddr {
        SocketAddr::V4(self.cluster.frontends[0].address())
    }

    fn run(&self, environment: &[(&str, String)], words: &[&str]) -> Ended {
        let mut command = self.stage.command(START, words);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let ended = self.stage.ended(command.output().expect("the program starts"));
        assert!(!format!("{ended:?}").contains("hunter"), "{ended:?}");
        ended.named(&self.cluster)
    }

    /// Of each URL that a probe asked, the outcome without the time it took; the proxy is called PROXY.
    fn probed(&self, environment: &[(&str, String)], proxy: &str) -> Vec<String> {
        let run = self.run(environment, &["config", "check", "--probe"]);
        let lines = run.stdout.lines().filter(|line| line.starts_with("  "));
        let outcome = |line: &str| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let rest: Vec<&str> = words.iter().copied().skip(3).collect();
            format!("{} {}", words[0], rest.join(" ")).replace(proxy, "PROXY")
        };
        lines.map(outcome).collect()
    }
}

/// What a probe finds when the proxy is good: everything of the frontend, and the backends without the proxy.
fn good(url: &str) -> Vec<String> {
    let sql = format!("ok {url}/api/v1/catalogs/default_catalog/sql#SHOW");
    vec![
        format!("ok {url}/api/show_runtime_info 4 samples"),
        format!("{sql} BACKENDS 2 samples"),
        format!("{sql} COMPUTE NODES 0 samples"),
        format!("{sql} FRONTENDS 1 sample"),
        format!("ok {url}/metrics 454 samples"),
        "ok http://127.0.0.10:18040/metrics 695 samples".to_owned(),
        "ok http://127.0.0.11:18040/metrics 695 samples".to_owned(),
    ]
}

#[test]
fn an_http_url_is_asked_as_a_whole_and_this_machine_without_the_proxy() {
    let url = "http://fe1.example:8030";
    let setting = Setting::new(url, "");
    let proxy = Proxy::start(&[("fe1.example:8030", setting.node())], Some(LOGIN), None);
    let variable = [("HTTP_PROXY", format!("http://u:hunter2@{}", proxy.instance()))];
    assert_eq!(setting.probed(&variable, &proxy.instance()), good(url));
    let seen = [
        "GET http://fe1.example:8030/api/show_runtime_info HTTP/1.1",
        "GET http://fe1.example:8030/metrics HTTP/1.1",
        "POST http://fe1.example:8030/api/v1/catalogs/default_catalog/sql HTTP/1.1",
    ];
    assert_eq!(proxy.seen(), seen);
    // What is for the proxy does not go on to the node, and what is for the node arrives.
    for request in setting.cluster.frontends[0].requests() {
        assert_eq!((request.header("proxy-authorization"), request.header("host")), (None, Some("fe1.example:8030")));
        assert_eq!(request.login(), Some(("root".to_owned(), String::new())));
    }
}

#[test]
fn an_https_url_goes_through_a_tunnel_that_sees_nothing_of_it() {
    let url = "https://fe1.example:8030";
    let setting = Setting::new(url, "ca_file = \"ca.pem\"");
    let Some(authority) = Authority::new(setting.stage.folder()) else { return };
    authority.issue("fe1.example");
    let tls = authority.serve("fe1.example", setting.node(), false);
    let proxy = Proxy::start(&[("fe1.example:8030", tls)], Some(LOGIN), None);
    let at = proxy.instance();
    assert_eq!(setting.probed(&[("https_proxy", format!("u:hunter2@{at}"))], &at), good(url));
    assert_eq!(proxy.seen(), ["CONNECT fe1.example:8030 HTTP/1.1"]);
    let wrong = setting.probed(&[("https_proxy", format!("u:hunter3@{at}"))], &at);
    let said = "the proxy http://PROXY (from $https_proxy) failed: it does not take the login (407)";
    assert_eq!(wrong, [format!("fail {url}/api/show_runtime_info {said}"), format!("fail {url}/metrics {said}")]);
}

#[test]
fn a_proxy_of_the_file_is_used_whatever_the_environment_says_and_an_empty_one_is_none() {
    let url = "http://fe1.example:8030";
    let setting = Setting::new(url, "");
    let proxy = Proxy::start(&[("fe1.example:8030", setting.node())], None, None);
    let at = proxy.instance();
    let variables = [("HTTP_PROXY", "http://127.0.0.1:9".to_owned()), ("NO_PROXY", "*".to_owned())];
    setting.configure(url, &format!("proxy = \"http://{at}\""));
    assert_eq!(setting.probed(&variables, &at), good(url));
    let named = [("HTTP_PROXY", format!("http://{at}"))];
    for (more, variables) in [
        ("proxy = \"\"", named.to_vec()),
        ("", [&named[..], &[("no_proxy", "other, .example".to_owned())]].concat()),
        ("", [&named[..], &[("NO_PROXY", "fe1.example:8030".to_owned())]].concat()),
    ] {
        setting.configure(url, more);
        assert_eq!(setting.probed(&variables, &at), [format!("fail {url}/metrics host not found")], "{more}");
    }
}

#[test]
fn a_fault_of_the_proxy_is_told_as_such_with_where_it_was_named() {
    let url = "http://fe1.example:8030";
    let setting = Setting::new(url, "");
    let page = |proxy: &str, at: &str| {
        let lines = setting.probed(&[("HTTP_PROXY", proxy.to_owned())], at);
        lines.into_iter().find_map(|line| Some(line.split_once("/metrics ")?.1.to_owned())).expect("the page")
    };
    let name = "the proxy http://PROXY (from $HTTP_PROXY)";
    assert_eq!(page("http://127.0.0.1:9", "127.0.0.1:9"), format!("{name} failed: connection refused"));
    assert_eq!(page("proxy.invalid:3128", "proxy.invalid:3128"), format!("{name} failed: host not found"));
    let closed = Proxy::start(&[], Some(LOGIN), None).instance();
    let wants = format!("{name} failed: it wants a login (407): write http://user:password@host:port");
    assert_eq!(page(&closed, &closed), wants);
    let denying = Proxy::start(&[], None, Some(403)).instance();
    assert_eq!(page(&denying, &denying), format!("HTTP status 403; asked through {name}"));
    for (status, said) in [
        (403, "it may not reach the node (403); `proxy = \"\"` asks directly"),
        (407, "it wants a login (407): write http://user:password@host:port"),
        (502, "it cannot reach the node (502)"),
        (400, "status 400"),
    ] {
        let at = Proxy::start(&[], None, Some(status)).instance();
        setting.configure("https://fe1.example:8030", &format!("proxy = \"{at}\""));
        let lines = setting.probed(&[], &at);
        let expected = format!("/metrics the proxy http://PROXY (from DIR/config.toml:8) failed: {said}");
        assert!(lines.last().is_some_and(|line| line.ends_with(&expected)), "{lines:?}");
    }
}

#[test]
fn a_login_that_a_proxy_would_see_is_warned_of() {
    let setting = Setting::new("http://fe1.example:8030", "");
    let run = setting.run(&[("HTTP_PROXY", "http://u:hunter2@proxy:3128".to_owned())], &["config", "check"]);
    let expected = "warning: cluster `shop`: its login goes unencrypted through the proxy http://proxy:3128 (from $HTTP_PROXY); \
                    use https://, or proxy = \"\"\n";
    assert_eq!((run.code, run.stderr.as_str()), (0, expected));
    setting.configure("https://fe1.example:8030", "");
    let run = setting.run(&[("HTTP_PROXY", "http://u:hunter2@proxy:3128".to_owned())], &["config", "check"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}
