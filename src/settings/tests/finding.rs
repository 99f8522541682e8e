use std::path::Path;

use super::super::load::{LoadError, load_from};
use super::{Place, known, nothing};

#[test]
fn the_first_place_that_is_named_or_there_counts() {
    let place = Place::new();
    let paths = ["flag", "variable", "etc", "conf"].map(|name| place.write(&format!("{name}/config.toml"), ""));
    let [flag, variable, etc, conf] = &paths;
    let candidates = [etc.as_path(), conf.as_path()];
    let set = |name: &str| (name == "STELLAR_CONFIG").then(|| variable.display().to_string());
    let empty = |name: &str| (name == "STELLAR_CONFIG").then(String::new);
    let found = |explicit: Option<&Path>, environment: &super::Environment<'_>, candidates: &[&Path]| {
        load_from(explicit, environment, candidates, true).expect("a file").path
    };
    assert_eq!(found(Some(flag), &set, &candidates).as_ref(), Some(flag));
    assert_eq!(found(None, &set, &candidates).as_ref(), Some(variable));
    assert_eq!(found(None, &empty, &candidates).as_ref(), Some(etc));
    std::fs::remove_file(etc).expect("removed");
    assert_eq!(found(None, &nothing, &candidates).as_ref(), Some(conf));
}

#[test]
fn without_a_file_the_error_says_where_it_looked_and_what_to_do() {
    let error = load_from(None, &nothing, &[Path::new("/nowhere/a.toml"), Path::new("/nowhere/b.toml")], true);
    let expected = "error: no configuration file: looked at --config (not given), $STELLAR_CONFIG (not set), \
                    /nowhere/a.toml (no such file), /nowhere/b.toml (no such file)\n\
                    hint: write /etc/stellar/config.toml; this is enough for a first one:\n\n";
    let told = error.expect_err("nothing is there").render();
    assert!(told.starts_with(expected), "{told}");
    // What is shown as enough is enough.
    let shown = told.lines().filter_map(|line| line.strip_prefix("    ")).collect::<Vec<_>>().join("\n");
    let place = Place::new();
    place.write("shop.password", "secret\n");
    let loaded = place.load(&shown, &nothing).expect("no faults");
    assert_eq!((loaded.settings.clusters.len(), loaded.warnings.len()), (1, 0));
}

#[test]
fn a_named_file_that_cannot_be_read_is_an_error_and_no_other_is_taken() {
    let place = Place::new();
    let other = place.write("other.toml", "");
    let named = |path: &Path, environment: &super::Environment<'_>, explicit: bool| {
        let error = load_from(explicit.then_some(path), environment, &[&other], true).expect_err("unreadable");
        place.plain(&error.render())
    };
    let missing = place.0.path().join("missing.toml");
    let set = |name: &str| (name == "STELLAR_CONFIG").then(|| missing.display().to_string());
    assert_eq!(
        named(&missing, &nothing, true),
        "error: missing.toml: no such file (named by --config)\nhint: check the path, or leave it out\n"
    );
    assert_eq!(
        named(&missing, &set, false),
        "error: missing.toml: no such file (named by $STELLAR_CONFIG)\nhint: check the path, or leave it out\n"
    );
    let folder = place.0.path().join("folder");
    std::fs::create_dir(&folder).expect("a folder");
    assert_eq!(
        named(&folder, &nothing, true),
        "error: folder: is a folder, not a file (named by --config)\nhint: name a TOML file of at most 1 MiB\n"
    );
    let large = place.write("large.toml", &"#".repeat(1024 * 1024 + 1));
    let expected = "error: large.toml: is larger than 1 MiB, which no configuration of stellar is (named by --config)\n\
                    hint: name a TOML file of at most 1 MiB\n";
    assert_eq!(named(&large, &nothing, true), expected);
}

#[test]
fn a_found_file_that_cannot_be_read_is_not_passed_over() {
    let place = Place::new();
    let (folder, other) = (place.0.path().join("folder"), place.write("other.toml", ""));
    std::fs::create_dir(&folder).expect("a folder");
    let error = load_from(None, &nothing, &[&folder, &other], true);
    let expected = LoadError::Unreadable { path: folder, named_by: None, reason: "is a folder, not a file".into() };
    assert_eq!(error, Err(expected));
}

#[test]
fn relative_paths_count_from_the_folder_of_the_file() {
    let place = Place::new();
    place.write("ca.pem", "-----BEGIN CERTIFICATE-----\n");
    place.write("keys/shop", "hunter2\n");
    let text = "database.path = 'data/s.db'\n[[clusters]]\nname = 'a'\nfrontends = ['http://a']\nca_file = 'ca.pem'\n\
                user = 'u'\npassword_file = 'keys/shop'\n";
    let loaded = place.load(text, &nothing).expect("no faults");
    let cluster = &loaded.settings.clusters[0];
    assert_eq!(loaded.settings.database.path, place.0.path().join("data/s.db"));
    assert_eq!(cluster.access.ca_file, Some(place.0.path().join("ca.pem")));
    let login = cluster.access.login.as_ref().expect("a login");
    let origin = place.plain(&login.password_origin);
    assert_eq!((known(&login.password), origin.as_str()), ("hunter2", "the file keys/shop"));
}

#[test]
fn a_password_comes_from_the_first_place_that_has_one() {
    let place = Place::new();
    place.write("file", "from-file\r\n");
    place.write("credentials/shop", "from-systemd\n");
    let folder = place.0.path().join("credentials").display().to_string();
    let environment = |name: &str| match name {
        "SHOP" => Some("from-variable".to_owned()),
        "CREDENTIALS_DIRECTORY" => Some(folder.clone()),
        _ => None,
    };
    for (line, name, password, origin) in [
        ("password = 'inline'", "shop", "inline", "config.toml:5"),
        ("password_file = 'file'", "shop", "from-file", "the file file"),
        ("password_env = 'SHOP'", "shop", "from-variable", "$SHOP"),
        ("", "shop", "from-systemd", "$CREDENTIALS_DIRECTORY/shop"),
        ("", "other", "", ""),
    ] {
        let text = format!("[[clusters]]\nname = '{name}'\nfrontends = ['http://a']\nuser = 'u'\n{line}\n");
        let loaded = place.load(&text, &environment).expect("no faults");
        let login = loaded.settings.clusters[0].access.login.clone().expect("a login");
        assert_eq!((known(&login.password), place.plain(&login.password_origin).as_str()), (password, origin));
    }
}

#[test]
fn a_reader_needs_no_secrets() {
    let place = Place::new();
    let text = "[[clusters]]\nname = 'a'\nfrontends = ['http://a']\nuser = 'u'\npassword_file = 'missing'\n\
                ca_file = 'missing'\n[[clusters]]\nname = 'b'\nfrontends = ['http://b']\nuser = 'u'\n\
                password_env = 'MISSING'\n";
    let path = place.write("config.toml", text);
    assert!(load_from(Some(&path), &nothing, &[], true).is_err());
    let loaded = load_from(Some(&path), &nothing, &[], false).expect("no faults");
    assert_eq!(loaded.settings.clusters.len(), 2);
}

#[test]
fn warnings_name_what_is_allowed_but_unwise() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let text = "[collection]\ntimeout = 5\n[[clusters]]\nname = 'a'\nfrontends = ['http://a']\nuser = 'u'\n\
                password = 'x'\ninterval_secs = 10\n[[clusters]]\nname = 'b'\nfrontends = ['http://b']\n\
                [clusters.pages]\ntable_metrics = true\n";
    let path = place.write("config.toml", text);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    let loaded = load_from(Some(&path), &nothing, &[], true).expect("no faults");
    let warnings: Vec<String> = loaded.warnings.iter().map(|warning| place.plain(warning)).collect();
    let expected = [
        "cluster `b`: the page `table_metrics` needs a `user`; without one it stays empty",
        "a run may take 25 s (`deadline`), longer than the interval of 10 s: the run after it is skipped",
    ];
    assert_eq!(warnings, expected);
}
