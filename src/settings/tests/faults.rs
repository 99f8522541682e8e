use super::{Place, nothing};

const BAD: &str = r#"[metrics]
interval_secs = "30x"
retension_days = "7d"
retention_days = "5m"
enabled = "true"
timezone = "Asia/Shanghia"
exclude = ["Network", 3]
enabled = false

[metrcs]

[collection]
max_concurrency = 0
timeout = 60
deadline = "25s"
retries = 1.5
stagger = -1
interval_secs = 30

[database]
path = ["a"]

[[clusters]]
name = "shop"
frontends = ["http://fe1:8030", "fe2:8030", "http://root:hunter2@fe3:8030"]
user = "monitor"
password = "hunter2"
password_file = "missing"
pasword = "hunter2"
labels = { cluster = "x", "1a" = "y", ok = 3 }
interval_secs = 0.5
timeout = 5m

[clusters.pages]
statistic = "1M"
table_metrics = 1
transaction = "5m"

[[clusters]]
name = "shop"
frontends = ["http://fe9:8030"]
password = hunter2
ca_file = "missing.pem"

[[clusters]]
name = "lab one"
frontends = []

[[clusters]]
frontends = ["http://FE9:8030/", "http://fe9:8030", "http://fe10", "http://fe10:80"]
name = "集群"

[[clusters]]
name = "gate"
frontends = ["http://fe9:8030"]
backends = ["http://fe9:8030"]
user = "u"
password_env = "hunter2!"
timeout = "26s"

[[clusters]]
name = "env"
frontends = ["https://gate/a", "https://gate/b"]
user = "u"
password_env = "NOT_SET"

[metric]
name = "x"
"#;

const FAULTS: &str = r#"error: $APP_METRICS_ENABLED: `enabled` is "maybe", neither true nor false
      | APP_METRICS_ENABLED=maybe
      |                     ^^^^^ write true or false
error: $APP_METRICS_RETENTION_DAYS: `retention_days` is "0d"; it cannot be zero
      | APP_METRICS_RETENTION_DAYS=0d
      |                            ^^ write "7d" or "2w"
error: config.toml:2:17: `interval_secs` is "30x"; the unit `x` is unknown
    2 | interval_secs = "30x"
      |                 ^^^^^ units are s, m, h, d, w
error: config.toml:3:1: unknown key `retension_days` in [metrics]
    3 | retension_days = ***
      | ^^^^^^^^^^^^^^ did you mean `retention_days`?
error: config.toml:4:18: `retention_days` is "5m"; in a retention `m` may mean minutes or months
    4 | retention_days = "5m"
      |                  ^^^^ write days or weeks: "30d", "2w"
error: config.toml:5:11: `enabled` must be true or false, not a text
    5 | enabled = "true"
      |           ^^^^^^ write true without quotes
error: config.toml:6:12: `timezone` is "Asia/Shanghia", an unknown time zone
    6 | timezone = "Asia/Shanghia"
      |            ^^^^^^^^^^^^^^^ did you mean "Asia/Shanghai"?
error: config.toml:7:12: `exclude` has "Network", which no metric's name can fit
    7 | exclude = ["Network", 3]
      |            ^^^^^^^^^ use a-z, 0-9, _ and * for any letters
error: config.toml:7:23: `exclude` must be a list of names in quotes, not a whole number
    7 | exclude = ["Network", 3]
      |                       ^ write it in quotes
error: config.toml:8:1: duplicate key `enabled`
    8 | enabled = false
      | ^^^^^^^ it is set above already; remove one of the two
error: config.toml:10:2: unknown table `metrcs`
   10 | [metrcs]
      |  ^^^^^^ did you mean `metrics`?
error: config.toml:13:19: `max_concurrency` is 0, out of range
   13 | max_concurrency = 0
      |                   ^ from 1 to 4096
error: config.toml:14:11: `timeout` (1m) is longer than `deadline` (25s)
   14 | timeout = 60
      |           ^^ shorten `timeout` or raise `deadline`
error: config.toml:16:11: `retries` must be a whole number, not a fraction
   16 | retries = 1.5
      |           ^^^ write a number without quotes and without a point
error: config.toml:17:11: `stagger` is -1; it cannot be negative
   17 | stagger = -1
      |           ^^ write "0s" or "500ms"
error: config.toml:18:1: unknown key `interval_secs` in [collection]
   18 | interval_secs = 30
      | ^^^^^^^^^^^^^ `interval_secs` belongs in [metrics]
error: config.toml:21:8: `path` must be a path in quotes, not a list
   21 | path = ["a"]
      |        ^^^^^ write it in quotes
error: config.toml:25:33: `frontends` has "fe2:8030", a URL without http:// or https://
   25 | frontends = ["http://fe1:8030", "fe2:8030", "http://***@fe3:8030"]
      |                                 ^^^^^^^^^^ write "http://fe2:8030"
error: config.toml:25:45: `frontends` has a URL with a login in it, which logs and other users would see
   25 | frontends = ["http://fe1:8030", "fe2:8030", "http://***@fe3:8030"]
      |                                             ^^^^^^^^^^^^^^^^^^^^^ use user = "…" and password_file = "…"
error: config.toml:28:17: `password_file` and `password` are both set
   28 | password_file = "missing"
      |                 ^^^^^^^^^ keep one of them
error: config.toml:29:1: unknown key `pasword` in [[clusters]]
   29 | pasword = ***
      | ^^^^^^^ did you mean `password`?
error: config.toml:30:12: `labels` has `cluster`, a label that stellar sets itself
   30 | labels = { cluster = "x", "1a" = "y", ok = 3 }
      |            ^^^^^^^ choose another name
error: config.toml:30:27: `labels` has "1a", which is not the name of a label
   30 | labels = { cluster = "x", "1a" = "y", ok = 3 }
      |                           ^^^^ use a-z, A-Z, 0-9 and _, not beginning with a digit
error: config.toml:30:44: `labels` has "ok" which must be a text, not a whole number
   30 | labels = { cluster = "x", "1a" = "y", ok = 3 }
      |                                            ^ write it in quotes
error: config.toml:31:17: `interval_secs` must be an interval, not a fraction
   31 | interval_secs = 0.5
      |                 ^^^ write "30s" or "5m"
error: config.toml:32:11: a text without quotes
   32 | timeout = 5m
      |           ^^ write "5m"
error: config.toml:32:11: `timeout` (5m) is longer than the `deadline` of a run (25s)
   32 | timeout = 5m
      |           ^^ shorten it, or raise `deadline` in [collection]
error: config.toml:35:13: `statistic` is "1M"; months and years have no fixed length
   35 | statistic = "1M"
      |             ^^^^ write days or weeks: "30d", "52w"
error: config.toml:36:17: `table_metrics` must be true or false, not a whole number
   36 | table_metrics = 1
      |                 ^ write true or false
error: config.toml:37:1: unknown key `transaction` in [clusters.pages]
   37 | transaction = ***
      | ^^^^^^^^^^^ did you mean `transactions`?
error: config.toml:40:8: cluster `shop` is defined twice
   40 | name = "shop"
      |        ^^^^^^ first defined at line 24; rename one
error: config.toml:42:12: a text without quotes
   42 | password = ***
      |            ^^^ put quotes around it
error: config.toml:42:12: `password` without `user`
   42 | password = ***
      |            ^^^ add user = "…"
error: config.toml:43:11: `ca_file` missing.pem: no such file
   43 | ca_file = "missing.pem"
      |           ^^^^^^^^^^^^^ name a file of PEM certificates that this user can read
error: config.toml:46:8: `name` is "lab one", which is not a name
   46 | name = "lab one"
      |        ^^^^^^^^^ use A-Z, a-z, 0-9, `.`, `_` and `-`, beginning with a letter or digit
error: config.toml:47:13: `frontends` is empty
   47 | frontends = []
      |             ^^ write ["http://host:8030"]
error: config.toml:50:34: `frontends` has "http://fe9:8030" twice
   50 | frontends = ["http://FE9:8030/", "http://fe9:8030", "http://fe10", "http://fe10:80"]
      |                                  ^^^^^^^^^^^^^^^^^ remove one of the two
error: config.toml:51:8: `name` is "集群", which is not a name
   51 | name = "集群"
      |        ^^^^^^ use A-Z, a-z, 0-9, `.`, `_` and `-`, beginning with a letter or digit
error: config.toml:55:14: `frontends` has http://fe9:8030, which is a node of `shop` already
   55 | frontends = ["http://fe9:8030"]
      |              ^^^^^^^^^^^^^^^^^ first named at line 41; remove one
error: config.toml:56:13: `backends` has http://fe9:8030, which is a node of `shop` already
   56 | backends = ["http://fe9:8030"]
      |             ^^^^^^^^^^^^^^^^^ first named at line 41; remove one
error: config.toml:58:16: `password_env` is not the name of an environment variable
   58 | password_env = ***
      |                ^^^ as in "SHOP_PASSWORD"
error: config.toml:59:11: `timeout` (26s) is longer than the `deadline` of a run (25s)
   59 | timeout = "26s"
      |           ^^^^^ shorten it, or raise `deadline` in [collection]
error: config.toml:65:16: `password_env`: the environment variable `NOT_SET` is not set
   65 | password_env = "NOT_SET"
      |                ^^^^^^^^^ set it, or use `password_file`
error: config.toml:67:1: `metric` must be a list of tables, not a table
   67 | [metric]
      | ^^^^^^^^ write [[metric]]
error: config.toml:67:1: [[metric]] without `expr`
   67 | [metric]
      | ^^^^^^^^ add `expr`: PromQL over the samples of one collection
error: config.toml:67:1: [[metric]] without `unit`
   67 | [metric]
      | ^^^^^^^^ add `unit`: what it counts in: count, seconds, bytes, ratio, …
"#;

#[test]
fn all_faults_of_a_file_and_of_the_environment_are_reported_in_one_go() {
    let place = Place::new();
    let environment = |name: &str| match name {
        "APP_METRICS_ENABLED" => Some("maybe".to_owned()),
        "APP_METRICS_RETENTION_DAYS" => Some("0d".to_owned()),
        _ => None,
    };
    assert_eq!(place.faults(BAD, &environment), FAULTS);
}

#[test]
fn an_override_has_the_grammar_of_the_file() {
    let place = Place::new();
    let environment = |name: &str| match name {
        "APP_METRICS_INTERVAL_SECS" => Some("5m".to_owned()),
        "APP_METRICS_RETENTION_DAYS" => Some("5m".to_owned()),
        _ => None,
    };
    let expected = "error: $APP_METRICS_RETENTION_DAYS: `retention_days` is \"5m\"; in a retention `m` may mean minutes or \
                    months\n      | APP_METRICS_RETENTION_DAYS=5m\n      |                            ^^ write days or weeks: \
                    \"30d\", \"2w\"\n";
    assert_eq!(place.faults("", &environment), expected);
}

#[test]
fn a_password_file_that_does_not_hold_one_line_is_a_fault() {
    let place = Place::new();
    place.write("two", "a\nb\n");
    let text = "[[clusters]]\nname = 'a'\nfrontends = ['http://a']\nuser = 'u'\npassword_file = 'two'\n\n\
                [[clusters]]\nname = 'b'\nfrontends = ['http://b']\nuser = 'u'\npassword_file = 'missing'\n";
    let expected = "error: config.toml:5:17: password file two: has more than one line\n    5 | password_file = 'two'\n      \
                    |                 ^^^^^ leave the password in it and nothing else\n\
                    error: config.toml:11:17: password file missing: no such file\n   11 | password_file = 'missing'\n      \
                    |                 ^^^^^^^^^ write the password into this file, readable by stellar alone\n";
    assert_eq!(place.faults(text, &nothing), expected);
}

#[test]
fn a_long_line_is_cut_around_the_caret() {
    let place = Place::new();
    let many: String = (10..40).map(|number| format!("'a{number}', ")).collect();
    let text = format!("[metrics]\nexclude = [{many}'X', {many}]\n");
    let expected = r#"error: config.toml:2:222: `exclude` has "X", which no metric's name can fit
    2 | …34', 'a35', 'a36', 'a37', 'a38', 'a39', 'X', 'a10', 'a11', 'a12', 'a13', 'a14', 'a15', 'a16', 'a17', 'a18', 'a…
      |                                          ^^^ use a-z, 0-9, _ and * for any letters
"#;
    let found = place.faults(&text, &nothing);
    assert_eq!(found.split_inclusive('\n').take(3).collect::<String>(), expected);
}

#[test]
fn a_deadline_shorter_than_a_timeout_is_a_fault_where_it_was_written() {
    let place = Place::new();
    let expected = "error: config.toml:2:12: `timeout` (10s) is longer than `deadline` (5s)\n    2 | deadline = \"5s\"\n      \
                    |            ^^^^ shorten `timeout` or raise `deadline`\n";
    assert_eq!(place.faults("[collection]\ndeadline = \"5s\"\n", &nothing), expected);
}

#[test]
fn days_that_would_be_kept_shorter_than_snapshots_are_a_fault_where_it_was_written() {
    let place = Place::new();
    let expected = "error: config.toml:2:24: days are kept for 1 d and snapshots for 7 d, which is longer\n    2 | \
                    daily_retention_days = \"1d\"\n      |                        ^^^^ raise `daily_retention_days`: a day \
                    without its row would be folded again and again\n";
    assert_eq!(place.faults("[metrics]\ndaily_retention_days = \"1d\"\n", &nothing), expected);
    let expected = "error: config.toml:2:18: days are kept for 730 d and snapshots for 1000 d, which is longer\n    2 | \
                    retention_days = 1000\n      |                  ^^^^ raise `daily_retention_days`: a day without its row \
                    would be folded again and again\n";
    assert_eq!(place.faults("[metrics]\nretention_days = 1000\n", &nothing), expected);
}

#[test]
fn a_size_without_a_unit_is_a_fault() {
    let place = Place::new();
    let expected = "error: config.toml:2:12: `max_size` is 10; it has no unit\n    2 | max_size = 10\n      |            ^^ write \
                    \"10GB\" or \"500MiB\"\nerror: config.toml:3:11: `thin_to` is \"2h\"; that is too large\n    3 | \
                    thin_to = \"2h\"\n      |           ^^^^ at most \"1h\"\n";
    assert_eq!(place.faults("[metrics]\nmax_size = 10\nthin_to = \"2h\"\n", &nothing), expected);
}
