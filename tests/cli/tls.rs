//! Clusters behind https://: with certificates of stellar's own, without, and with wrong ones.

use std::net::SocketAddr;

use crate::common::replay::{Cluster, START};
use crate::common::tls::Authority;
use crate::program::{Ended, Stage, block, ended};

/// One frontend behind TLS on `localhost`, with an authority in the folder of the configuration.
struct Setting {
    cluster: Cluster,
    authority: Authority,
    stage: Stage,
    node: SocketAddr,
}

impl Setting {
    fn new() -> Option<Self> {
        let (cluster, stage) = (Cluster::start(1, 0), Stage::new(""));
        let authority = Authority::new(stage.folder())?;
        authority.issue("localhost");
        authority.issue("client");
        let node = SocketAddr::V4(cluster.frontends[0].address());
        Some(Self { cluster, authority, stage, node })
    }

    fn configure(&self, url: &str, more: &str) {
        self.stage.configure(&block("shop", &[url.to_owned()], more));
    }

    /// What the probe says of the frontend's page: `ok …` or why not.
    fn probed(&self, url: &str, more: &str) -> String {
        self.configure(url, more);
        let run = self.stage.run(START, &["config", "check", "--probe"]);
        assert_eq!(run.stderr, "");
        let line = run.stdout.lines().find(|line| line.contains("/metrics")).unwrap_or_else(|| panic!("{run:?}"));
        let (before, after) = line.split_once("/metrics  ").expect("an outcome");
        format!("{} {after}", before.trim_start().split(' ').next().unwrap_or_default())
    }

    fn checked(&self, more: &str) -> Ended {
        self.configure("https://fe1.example", more);
        self.stage.run(START, &["config", "check"])
    }
}

const CA: &str = "ca_file = \"ca.pem\"\n";
const OWN: &str = "ca_file = \"ca.pem\"\nclient_cert = \"client.pem\"\nclient_key = \"client.key\"\n";

#[test]
fn a_node_that_asks_for_a_certificate_answers_with_ours_and_not_without() {
    let Some(setting) = Setting::new() else { return };
    let at = setting.authority.serve("localhost", setting.node, true);
    let url = format!("https://localhost:{}", at.port());
    assert_eq!(setting.probed(&url, OWN), "ok 454 samples");
    let wants = "fail it wants a certificate: set `client_cert` and `client_key`";
    assert_eq!(setting.probed(&url, CA), wants);
}

#[test]
fn the_scheme_of_the_other_kind_of_port_is_named() {
    let Some(setting) = Setting::new() else { return };
    let at = setting.authority.serve("localhost", setting.node, false);
    let probed = |url: String| setting.probed(&url, CA);
    assert_eq!(probed(format!("https://localhost:{}", at.port())), "ok 454 samples");
    let plain = probed(format!("http://localhost:{}", at.port()));
    assert_eq!(plain, "fail not an HTTP answer: invalid HTTP version; is this an https:// port?");
    let secure = probed(format!("https://{}", setting.cluster.frontends[0].instance()));
    assert_eq!(secure, "fail the connection ended before the answer was whole; is this an http:// port?");
}

#[test]
fn a_certificate_that_is_not_trusted_is_told_with_what_mends_it() {
    let Some(setting) = Setting::new() else { return };
    let at = setting.authority.serve("localhost", setting.node, false);
    let unknown = "fail its certificate is not trusted: its authority is not known; name the authority's certificate in `ca_file`";
    assert_eq!(setting.probed(&format!("https://localhost:{}", at.port()), ""), unknown);
    let other = "fail its certificate is not trusted: it is for another name; ask the node by the name in it";
    assert_eq!(setting.probed(&format!("https://127.0.0.1:{}", at.port()), CA), other);
}

#[test]
fn a_certificate_out_of_its_time_is_refused_before_a_login_is_sent() {
    let Some(setting) = Setting::new() else { return };
    let login = format!("{CA}user = \"root\"");
    let early = "it is not valid yet; is the clock right?";
    for (from, until, why) in [("20200101", "20200201", "it has expired"), ("20990101", "21000101", early)] {
        setting.authority.reissue("localhost", from, until);
        let at = setting.authority.serve("localhost", setting.node, false);
        let probed = setting.probed(&format!("https://localhost:{}", at.port()), &login);
        assert_eq!(probed, format!("fail its certificate is not trusted: {why}"));
    }
    assert_eq!(setting.cluster.frontends[0].asked(), [""; 0]);
}

#[test]
fn what_is_wrong_with_a_certificate_or_its_key_is_found_before_anything_is_asked() {
    let Some(setting) = Setting::new() else { return };
    let ec = ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    setting.authority.openssl(&[&ec[..], &["-aes256", "-pass", "pass:hunter2", "-out", "encrypted.key"]].concat());
    setting.authority.openssl(&[
        "pkey",
        "-in",
        "client.key",
        "-traditional",
        "-aes256",
        "-passout",
        "pass:hunter2",
        "-out",
        "old.key",
    ]);
    setting.authority.openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "rsa.key"]);
    setting.authority.openssl(&["pkey", "-in", "client.key", "-traditional", "-out", "sec1.key"]);
    setting.authority.openssl(&["pkey", "-in", "client.key", "-pubout", "-out", "public.key"]);
    let own = std::fs::read_to_string(setting.stage.path("client.pem")).expect("the certificate");
    let key = std::fs::read_to_string(setting.stage.path("client.key")).expect("the key");
    setting.stage.write("both.pem", &(own.clone() + &key));
    setting.stage.write("damaged.pem", &own.replace("MII", "M!I"));
    let ok = ended(0, "DIR/config.toml: ok — 1 cluster, every 30 s, keep 7 d\n", "");
    let files = |cert: &str, key: &str| setting.checked(&format!("client_cert = \"{cert}\"\nclient_key = \"{key}\"\n"));
    assert_eq!(files("client.pem", "client.key"), ok);
    assert_eq!(files("client.pem", "sec1.key"), ok);
    assert_eq!(files("both.pem", "both.pem"), ok);
    for (cert, key, at_fault, reason) in [
        ("none.pem", "client.key", "client_cert", "DIR/none.pem: no such file"),
        ("client.key", "client.key", "client_cert", "DIR/client.key: holds no certificate in PEM form"),
        ("damaged.pem", "client.key", "client_cert", "DIR/damaged.pem: is damaged: not PEM"),
        ("client.pem", "none.key", "client_key", "DIR/none.key: no such file"),
        ("client.pem", "public.key", "client_key", "DIR/public.key: holds no private key in PEM form"),
        ("client.pem", "encrypted.key", "client_key", "DIR/encrypted.key: is encrypted with a passphrase"),
        ("client.pem", "old.key", "client_key", "DIR/old.key: is encrypted with a passphrase"),
        ("client.pem", "localhost.key", "client_key", "DIR/localhost.key: is not the key of `client_cert`"),
        ("client.pem", "rsa.key", "client_key", "DIR/rsa.key: is not the key of `client_cert`"),
    ] {
        let run = files(cert, key);
        let line = if at_fault == "client_cert" { 7 } else { 8 };
        let column = at_fault.len() + 4;
        let expected = format!("error: DIR/config.toml:{line}:{column}: `{at_fault}` {reason}\n");
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.starts_with(&expected), "{cert} {key}: {run:?}");
    }
    let run = setting.checked("client_cert = \"client.pem\"\n");
    let expected = "error: DIR/config.toml:7:15: `client_cert` without `client_key`\n    7 | client_cert = \"client.pem\"\n      \
                    |               ^^^^^^^^^^^^ add client_key = \"…\"; it may be the same file\n";
    assert_eq!(run, ended(2, "", expected));
}

#[test]
fn a_key_that_everyone_can_read_is_a_finding() {
    let Some(setting) = Setting::new() else { return };
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(setting.stage.path("client.key"), readable).expect("permissions");
    let expected = "DIR/config.toml: ok — 1 cluster, every 30 s, keep 7 d\n\
                    finding: DIR/client.key holds a private key and everyone can read it; run: chmod 0640 DIR/client.key\n";
    assert_eq!(setting.checked(OWN), ended(1, expected, ""));
}

/// Whether a program opened the FIFO until it ended.
fn is_opened(fifo: &std::path::Path, mut program: std::process::Child) -> bool {
    use std::os::unix::fs::OpenOptionsExt;
    let mut opened = false;
    while program.try_wait().expect("its state").is_none() {
        // Only while somebody has it open for reading; who reads then reads nothing.
        let open =
            std::fs::File::options().write(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32).open(fifo);
        opened |= open.is_ok();
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    opened
}

#[test]
fn without_https_the_certificates_of_the_machine_are_not_read() {
    let cluster = Cluster::start(1, 1);
    let stage = Stage::new("");
    let fifo = stage.path("certificates");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .expect("a FIFO");
    let read = |urls: &[String]| {
        stage.configure(&block("shop", urls, "user = \"root\""));
        let mut command = stage.command(START, &["config", "check", "--probe"]);
        command.env("SSL_CERT_FILE", &fifo).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        is_opened(&fifo, command.spawn().expect("it starts"))
    };
    let secure = cluster.urls().iter().map(|url| url.replace("http:", "https:")).collect::<Vec<_>>();
    assert!(read(&secure), "where there is https, they are");
    assert!(!read(&cluster.urls()));
    let mut command = stage.command(START, &["collect-once"]);
    let collecting = command.env("SSL_CERT_FILE", &fifo).spawn().expect("it starts");
    assert!(!is_opened(&fifo, collecting));
    assert_eq!(stage.rows("SELECT backends_alive FROM metrics_snapshots"), "1\n");
}
