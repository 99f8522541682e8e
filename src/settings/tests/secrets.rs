//! Where secrets come from besides the file, and who else could read them.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::document::Document;
use super::super::fault::render;
use super::super::load::load_from;
use super::super::{Password, Settings, show};
use super::{Place, nothing};

fn cluster(name: &str, lines: &str) -> String {
    format!("[[clusters]]\nname = '{name}'\nfrontends = ['http://{name}']\nuser = 'u'\n{lines}\n")
}

#[test]
fn a_command_is_kept_as_it_is_written_and_never_run_by_loading() {
    let place = Place::new();
    let lines = "password_command = ['bin/secret', 'a b', '$HOME', '']";
    let text = cluster("a", lines) + &cluster("b", "password_command = ['touch', 'ran']");
    let loaded = place.load(&text, &nothing).expect("no faults");
    let logins: Vec<_> = loaded.settings.clusters.iter().flat_map(|cluster| &cluster.access.login).collect();
    let program = place.0.path().join("bin/secret").display().to_string();
    let words = [program.as_str(), "a b", "$HOME", ""].map(str::to_owned);
    assert_eq!(logins[0].password, Password::Command(words.to_vec()));
    assert_eq!(place.plain(&logins[0].password_origin), "the command `bin/secret`");
    assert_eq!(logins[1].password, Password::Command(vec!["touch".into(), "ran".into()]));
    let shown = place.plain(&show(&loaded));
    let line = "password_command = [\"bin/secret\", \"***\", \"***\", \"***\"]";
    assert!(shown.contains(line), "{shown}");
    assert!(!Path::new("ran").exists());
}

#[test]
fn a_command_that_is_none_is_refused() {
    for (line, message, hint) in [
        ("password_command = 'hunter2'", "`password_command` must be a list of texts, not a text", "write ["),
        ("password_command = []", "`password_command` is empty", "write ["),
        ("password_command = ['']", "`password_command` begins with an empty text", "write ["),
        (
            "password_command = ['~/x']",
            "`password_command` is \"~/x\"; `~` has no meaning here",
            "write the whole path",
        ),
        ("password_command = ['a', 3]", "`password_command` must be a list of texts, not a whole number", "write ["),
        (
            "password_env = 'A'\npassword_command = ['a']",
            "`password_command` and `password_env` are both set",
            "keep one of them",
        ),
    ] {
        let found = Place::new().faults(&cluster("a", line), &nothing);
        assert!(found.contains(message) && found.contains(hint) && !found.contains("hunter2"), "{line}: {found}");
    }
    let alone = "[[clusters]]\nname = 'a'\nfrontends = ['http://a']\npassword_command = ['a']\n";
    assert!(Place::new().faults(alone, &nothing).contains("`password_command` without `user`"));
}

#[test]
fn a_program_beside_a_configuration_without_a_folder_is_not_looked_for_elsewhere() {
    let text = cluster("a", "password_command = ['./secret']") + &cluster("b", "password_command = ['secret']");
    let settings = super::settings_in("", &text);
    let logins = settings.clusters.iter().flat_map(|cluster| &cluster.access.login);
    let commands: Vec<_> = logins.map(|login| &login.password).collect();
    let command = |program: &str| Password::Command(vec![program.to_owned()]);
    assert_eq!(commands, [&command("./secret"), &command("secret")]);
}

#[test]
fn a_whole_command_in_the_place_of_the_program_shows_its_first_word() {
    let place = Place::new();
    let loaded = place.load(&cluster("a", "password_command = ['vault -token=hunter2']"), &nothing).expect("no faults");
    let login = loaded.settings.clusters[0].access.login.as_ref().expect("a login");
    assert_eq!(login.password_origin, "the command `vault`");
    assert!(show(&loaded).contains("password_command = [\"vault ***\"]"), "{}", show(&loaded));
    assert!(!format!("{loaded:?}").contains("hunter2"));
}

/// Secrets in many forms; there is no fault.
const SECRETIVE: &str = "[metrics]
interval_secs = '1m' # hunter2
[collection]
proxy = 'http://u:hunter2@proxy'
[[clusters]]
name = 'a'
frontends = ['http://fe1:8030', 'http://fe2:8030']
user = 'u'
password = \"hunter2\"
[[clusters]]
user = 'u'
name = 'b'
password_command = ['vault', '-t=hunter2', 'hunter2']
frontends = [
 'http://fe3:8030',
]
labels = { region = 'x' }
";

#[test]
fn no_slip_of_the_pen_shows_a_secret() {
    let faults = |text: &str| {
        let document = Document::parse("c.toml", text);
        render(&Settings::read(&document, &nothing, Path::new("/"), true).1.faults)
    };
    assert_eq!(faults(SECRETIVE), "");
    let mut texts: Vec<String> = Vec::new();
    for (at, letter) in SECRETIVE.char_indices() {
        let (before, after) = SECRETIVE.split_at(at);
        texts.push(format!("{before}{}", &after[letter.len_utf8()..]));
        let more = ["\"", "'", "[", "}", "=", "#", "\n", "x", ": "];
        texts.extend(more.map(|more| format!("{before}{more}{after}")));
    }
    for (line, text) in SECRETIVE.lines().enumerate() {
        let with = |other: &str| {
            let lines = SECRETIVE.lines().enumerate().map(|(own, text)| if own == line { other } else { text });
            lines.collect::<Vec<_>>().join("\n")
        };
        texts.push(with(&text.replacen('=', ":", 1)));
        texts.push(with(&text.replace(['\'', '"'], "")));
        texts.push(with(&text.replacen("= ", "=\n", 1)));
        for key in ["pw", "login", "key", "clusters.auth", "a.b"] {
            texts.push(with(&format!("{key} = 'hunter2'\n{text}")));
            texts.push(with(&format!("{key}: hunter2\n{text}")));
            texts.push(with(&format!("{text} {key} = 'hunter2'")));
            texts.push(with(&format!("{text}\n{key} = \"\"\"\nhunter2\n\"\"\"")));
            texts.push(with(&format!("[{key}]\nname = 'hunter2'\n{text}")));
        }
    }
    let mut with_faults = 0;
    for text in texts {
        let told = faults(&text);
        assert!(!told.contains("hunter2"), "{text}\n{told}");
        with_faults += usize::from(!told.is_empty());
    }
    assert!(with_faults > 1000, "{with_faults}");
}

#[test]
fn files_with_secrets_that_everyone_can_read_are_named_once() {
    let place = Place::new();
    let readable = |name: &str, text: &str, mode: u32| {
        let path = place.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("a mode");
        path
    };
    readable("shared", "x\n", 0o644);
    readable("grouped", "x\n", 0o640);
    readable("config.d/b.toml", &(cluster("d", "password = 'x'") + &cluster("e", "password = 'y'")), 0o604);
    readable("config.d/c.toml", &cluster("f", "password_file = 'grouped'"), 0o644);
    let text = cluster("a", "password_file = 'shared'")
        + &cluster("b", "password_file = 'shared'")
        + &cluster("c", "proxy = 'http://u:x@proxy:3128'");
    let path = readable("config.toml", &text, 0o644);
    let loaded = load_from(Some(&path), &nothing, &[], true).expect("no faults");
    let found: Vec<String> = loaded.exposed.iter().map(|sentence| place.plain(sentence)).collect();
    let expected = [
        "config.toml holds the password of a proxy and everyone can read it; run: chmod 0640 config.toml",
        "config.d/b.toml holds a password and everyone can read it; run: chmod 0640 config.d/b.toml",
        "shared holds a password and everyone can read it; run: chmod 0640 shared",
    ];
    assert_eq!(found, expected);
    let without = load_from(Some(&path), &nothing, &[], false).expect("no faults");
    assert_eq!(without.exposed, [""; 0]);
}

#[test]
fn the_proxy_of_a_node_comes_from_its_cluster_else_from_all_else_from_the_environment() {
    let environment = |name: &str| match name {
        "HTTPS_PROXY" => Some("http://u:hunter2@secure:3128".to_owned()),
        "http_proxy" => Some("plain:3128".to_owned()),
        "no_proxy" => Some("inside,10.0.0.0/8".to_owned()),
        _ => None,
    };
    let shown = |text: &str, cluster: usize, https: bool, host: &str| {
        let place = Place::new();
        let loaded = place.load(text, &environment).expect("no faults");
        let proxy = loaded.settings.clusters[cluster].access.proxies.of(https, host, 8030);
        proxy.map_or_else(|| "none".to_owned(), |proxy| place.plain(&format!("{} {}", proxy.url(), proxy.origin)))
    };
    let own = cluster("b", "proxy = 'http://own:1'") + &cluster("c", "proxy = ''");
    let all = format!("[collection]\nproxy = 'http://all:2'\n{}{own}", cluster("a", ""));
    let none = cluster("a", "");
    for (text, cluster, https, host, expected) in [
        (&none, 0, true, "fe1", "http://secure:3128 $HTTPS_PROXY"),
        (&none, 0, false, "fe1", "http://plain:3128 $http_proxy"),
        (&none, 0, false, "inside", "none"),
        (&none, 0, true, "10.1.2.3", "none"),
        (&none, 0, true, "127.0.0.1", "none"),
        (&all, 0, true, "inside", "http://all:2 config.toml:2"),
        (&all, 1, false, "inside", "http://own:1 config.toml:12"),
        (&all, 2, true, "fe1", "none"),
    ] {
        assert_eq!(shown(text, cluster, https, host), expected, "{text} {cluster} {https} {host}");
    }
    let place = Place::new();
    let loaded = place.load(&none, &environment).expect("no faults");
    let line =
        "proxy           = \"http://***@secure:3128\"  # $HTTPS_PROXY; $http_proxy for http://: http://plain:3128";
    let text = show(&loaded);
    assert!(text.contains(line), "{text}");
    assert!(!format!("{text}{loaded:?}").contains("hunter2"));
}

#[test]
fn a_variable_that_is_no_proxy_is_a_fault_for_whoever_would_use_it() {
    let place = Place::new();
    let environment = |name: &str| (name == "HTTPS_PROXY").then(|| "socks5://u:hunter2@proxy".to_owned());
    let expected = "error: $HTTPS_PROXY: `HTTPS_PROXY` is a SOCKS proxy, which stellar does not speak to\n      \
                    | HTTPS_PROXY=***\n      |             ^^^ name an HTTP proxy, or \"\" for none\n";
    assert_eq!(place.faults(&cluster("a", ""), &environment), expected);
    assert!(load_from(Some(&place.0.path().join("config.toml")), &environment, &[], false).is_ok());
    // What nobody uses is not looked at.
    assert_eq!(place.faults(&format!("collection.proxy = ''\n{}", cluster("a", "")), &environment), "");
}
