//! stellar.toml(5): every option of the configuration, from the declarations that read it.

use super::roff::Page;
use stellar::settings::{Origin, Stated, example, reference};

pub fn page() -> String {
    let mut page = Page::new("stellar.toml", 5, "stellar manual");
    page.heading("Name");
    page.name("stellar.toml", "The configuration of stellar");
    page.heading("Description");
    page.text(
        "The configuration is a file in TOML. The first of these that is there is read: the one of `--config`, the one \
         of `$STELLAR_CONFIG`, `/etc/stellar/config.toml`, `conf/config.toml`.",
    );
    page.paragraph(
        "Files `config.d/*.toml` beside it are read after it, in the order of their names: their [[clusters]] and \
         [[metric]] join those before them, any other value takes the place of an earlier one. Names that begin with \
         `.` or `#` or do not end in `.toml` are passed over; a file that cannot be read is an error.",
    );
    page.paragraph(
        "`stellar config check` finds every mistake in it, `stellar config show` prints each value and where it comes \
         from. The file as shipped has every option, explained, at its default.",
    );
    page.paragraph(
        "Durations are texts like `\"30s\"`, `\"5m\"`, `\"1h\"`, `\"1d\"`, `\"2w\"` and `\"1d12h\"`. A number without a \
         unit is seconds, in `retention_days` it is days. Paths that do not begin with `/` count from the folder of \
         the configuration file, those in `config.d` too.",
    );
    page.heading("Example");
    page.verbatim(EXAMPLE.trim_end());
    page.heading("Options");
    for section in reference().iter().filter(|section| !section.options.is_empty()) {
        page.subheading(if section.title.is_empty() { "At the top" } else { &section.title });
        if let Some((_, text)) = ABOUT.iter().find(|(title, _)| *title == section.title) {
            page.text(text);
        }
        section.options.iter().for_each(|one| option(&mut page, &section.title, one));
    }
    page.heading("Passwords");
    page.text(
        "A cluster with a `user` is asked with that login for everything beyond `/metrics`. Its password comes from \
         the first of these that is there:",
    );
    for (from, text) in PASSWORDS {
        page.entry(from, text);
    }
    page.paragraph(
        "Without any of them it is empty. At most one of the first four may be set. Passwords are never shown, logged \
         or stored; a file with a password or a key that everyone can read is warned of: `chmod 0640` it.",
    );
    page.paragraph(
        "A `password_command` is run by `stellar collect-once` and `stellar config check --probe`, once for each cluster \
         that is asked, with nothing on its standard input, and no longer than `timeout`. The one line that it \
         prints is the password. When it fails, its exit code is told and nothing that it printed; run it by hand to see \
         why. Pages that need no login are collected all the same.",
    );
    page.heading("Proxies");
    page.text(
        "Without `proxy`, nodes with `https://` are asked through the proxy of `$HTTPS_PROXY` and those with `http://` \
         through that of `$HTTP_PROXY`, or of the same names in lower case, unless their host is in `$NO_PROXY`: \
         names (with the hosts below them), `.domains`, addresses and networks like `10.0.0.0/8`, each with `:port` or \
         without, with commas between them; `*` is every host. `$NO_PROXY` does not count for a `proxy` of the \
         configuration. This machine is never asked through a proxy. Over `https://` a proxy sees no more than the \
         host; over `http://` it sees the login.",
    );
    page.heading("Environment");
    let sections = reference();
    let overriding = sections.iter().flat_map(|section| {
        let options = section.options.iter();
        options.filter_map(|option| Some((option.variable?, format!("Stands above {} {}.", section.title, option.key))))
    });
    for (variable, text) in overriding {
        page.entry(variable, &text);
    }
    page.entry("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "See Proxies.");
    page.entry("CREDENTIALS_DIRECTORY", "Where systemd puts the files of LoadCredential=.");
    page.heading("Files");
    page.entry("/etc/stellar/config.toml", "The configuration of the installed program.");
    page.entry("/etc/stellar/config.d/*.toml", "More of it, such as one file a cluster.");
    page.entry("conf/config.toml", "The configuration when there is none in /etc, below the working folder.");
    page.see_also(&[("stellar".to_owned(), 1), ("stellar-config".to_owned(), 1), ("systemd.exec".to_owned(), 5)]);
    page.finish()
}

/// Tested with the blocks of the README.
pub const EXAMPLE: &str = r#"[metrics]
interval_secs = "30s"
retention_days = "14d"

[[clusters]]
name = "shop"
frontends = ["http://10.20.0.1:8030", "http://10.20.0.2:8030"]
user = "monitor"
password_file = "/etc/stellar/shop.password"

[[metric]]
name = "scan_rows_per_second"
expr = 'sum(rate(starrocks_be_query_scan_rows[$__interval]))'
unit = "rows_per_second"
daily = ["avg", "max"]
"#;

const ABOUT: [(&str, &str); 8] = [
    ("[collection]", "How a run fetches, over all clusters."),
    ("[[clusters]]", "One block a StarRocks cluster; only name and frontends are needed."),
    ("[clusters.pages]", "Pages that cost the cluster something, below the cluster they belong to."),
    ("[database]", "Where the history is."),
    ("", "Before any [table]."),
    (
        "[[rule]]",
        "One block an alerting rule. One that has the name of a rule that ships changes of it what it says and nothing else; any other is a rule of your own and needs expr. `stellar rules list` prints all rules, `stellar rules check` what is wrong with them; a rule with a fault is left out, the others are in use.",
    ),
    (
        "[[rule.target]]",
        "What is otherwise for one target, below the rule it belongs to: its cluster or its application.",
    ),
    (
        "[[metric]]",
        "One block a metric of your own; name, expr and unit are needed. It joins those that stellar brings, which `stellar config metrics` prints. In the expression `$__interval` is the time since the collection before.",
    ),
];

const PASSWORDS: [(&str, &str); 5] = [
    ("password", "In the file, which then nobody else should be able to read."),
    ("password_file", "A file with one line."),
    ("password_env", "The name of an environment variable."),
    ("password_command", "A program that prints it, and its arguments; there is no shell."),
    ("$CREDENTIALS_DIRECTORY/NAME", "A credential of systemd with the name of the cluster: LoadCredential=shop:PATH."),
];

/// The option, what it is, what may be written, its default, and an example unless that is the default.
fn option(page: &mut Page, title: &str, option: &Stated) {
    page.entry(option.key, &format!("{}.", sentence(option.help)));
    page.below(&format!("{}.", sentence(&option.kind)));
    match (&option.default, &option.origin) {
        (Some(_), Origin::Inherited(section)) => {
            page.below(&format!("Default: that of {section}."));
        }
        (Some(default), _) if default != "\"\"" => page.below(&format!("Default: `{default}`.")),
        _ => {}
    }
    let own = format!("{} = {}", option.key, option.default.as_deref().unwrap_or_default());
    if let Some(example) = example(title, option.key).filter(|example| *example != own) {
        page.below(&format!("Example: `{example}`."));
    }
    if let Some(variable) = option.variable {
        page.below(&format!("Environment: `{variable}`."));
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[test]
fn every_option_has_an_example_in_the_shipped_file() {
    let sections = reference();
    let all = sections.iter().flat_map(|section| section.options.iter().map(move |one| (&section.title, one.key)));
    let without: Vec<_> = all.filter(|(title, key)| example(title, key).is_none()).collect();
    assert_eq!(without, []);
    assert!(sections.iter().map(|section| section.options.len()).sum::<usize>() > 40);
}
