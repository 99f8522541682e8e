//! `stellar systemd`: units for the interval that is configured, or that is named.

use crate::program::{Stage, block, ended};
use crate::snapshot;

#[test]
fn the_quickest_cluster_gives_the_interval_and_the_zone_the_night() {
    let frontends = |host: &str| vec![format!("http://{host}:8030")];
    let clusters = block("slow", &frontends("a"), "") + &block("quick", &frontends("b"), "interval_secs = 45");
    let stage = Stage::new(&format!("[metrics]\ninterval_secs = \"5m\"\ntimezone = \"Asia/Shanghai\"\n{clusters}"));
    let version = env!("CARGO_PKG_VERSION");
    let run = stage.run(0, &["systemd"]);
    snapshot::is_run(
        "systemd/45s.txt",
        &crate::program::Ended { stdout: run.stdout.replace(version, "VERSION"), ..run.clone() },
    );
    assert_eq!(stage.run(0, &["systemd", "--interval", "45s"]), run);
    let five = stage.run(0, &["systemd", "--interval", "5m"]);
    assert!(
        five.stdout.contains("\n# */5 * * * * stellar /usr/bin/stellar collect-once --if-due --quiet\n"),
        "{five:?}"
    );
    assert!(
        five.stdout.contains("\nOnCalendar=*:0/5:0\n") && five.stdout.contains("\nTimeoutStartSec=500\n"),
        "{five:?}"
    );

    let told = "error: invalid value '5x' for '--interval <TIME>': the unit `x` is unknown; units are s, m, h, d, w\n\n\
                For more information, try '--help'.\n";
    assert_eq!(stage.run(0, &["systemd", "--interval", "5x"]), ended(2, "", told));
}

/// The line that the page itself gives.
#[test]
fn the_page_comes_apart_into_the_units_that_ship() {
    let stage = Stage::new("");
    let run = stage.run(0, &["systemd"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let page = run.stdout.replace("/etc/systemd/system/", "./").replace("\\/etc\\//", "\\.\\//");
    let line = page
        .lines()
        .find_map(|line| line.split_once("| "))
        .and_then(|(_, rest)| rest.split_once(';'))
        .expect("the line")
        .0;
    stage.write("page", &page);
    let shell =
        std::process::Command::new("sh").args(["-c", &format!("{line} < page")]).current_dir(stage.folder()).status();
    assert!(shell.expect("a shell").success());
    for (name, text) in stellar::systemd::SHIPPED {
        let made = std::fs::read_to_string(stage.path(name)).expect("a unit");
        assert_eq!(made.trim_end(), format!("# ./{name}\n{text}").trim_end());
    }
}
