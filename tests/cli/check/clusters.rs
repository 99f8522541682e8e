//! What happens to a cluster gives the alert that an operator wants, once, and nothing else fires: a backend that dies and
//! comes back, a quorum that is lost and an election, a restart that no collection saw.

use std::fmt::Write;

use crate::common::replay::{Cluster, START};
use crate::program::Stage;
use crate::snapshot;

const EVERY: i64 = 30;
const LOGIN: &str = "user = \"root\"\ntimeout = \"1s\"\ninterval_secs = 30";

/// What is done to a cluster, before which collection and so at which unix second.
type Change<'c> = (i64, &'c dyn Fn(&Cluster, i64));

/// One collection and one check after another, the changes of a story between them; then what is history. The recorded
/// frontends tell of broken SQL that clients sent, which is another story.
fn story(text: &mut String, title: &str, cluster: &Cluster, changes: &[Change], looks: i64) {
    let rules = ["StarRocksQueryErrors", "StarRocksLoadsFailing"];
    let off = rules.map(|rule| format!("\n[[rule]]\nalert = \"{rule}\"\ndisabled = true\n")).concat();
    let stage = Stage::of(cluster, "shop", &(LOGIN.to_owned() + &off));
    for look in 0..looks {
        let at = START + look * EVERY;
        cluster.edit(|world| world.tick(at));
        for (_, change) in changes.iter().filter(|(own, _)| *own == look) {
            change(cluster, at);
        }
        let run = stage.run(at, &["collect-once", "--quiet"]);
        assert_eq!(run.code, 0, "{run:?}");
        let _ = stage.run(at + 1, &["check"]);
    }
    let history = stage.run(START + looks * EVERY, &["check", "--history", "--utc"]).named(cluster);
    let _ = write!(text, "{title}\n{}\n", history.stdout);
}

#[test]
fn every_trouble_of_a_cluster_is_told_once_and_nothing_else_is() {
    let mut text = String::new();
    let dies = |cluster: &Cluster, _: i64| {
        cluster.backends[1].stop();
        cluster.edit(|world| {
            world.backends[1].down = true;
            world.declare_dead(1);
        });
    };
    let comes_back = |cluster: &Cluster, at: i64| {
        cluster.backends[1].revive();
        cluster.edit(|world| {
            world.backends[1].down = false;
            world.declare_alive(1, at - 7);
            world.tick(at);
        });
    };
    story(&mut text, "a backend dies and comes back", &Cluster::start(3, 3), &[(2, &dies), (6, &comes_back)], 10);

    let loses = |cluster: &Cluster, _: i64| {
        cluster.frontends[0].stop();
        cluster.edit(|world| world.lose_quorum());
    };
    story(&mut text, "the quorum is lost", &Cluster::start(3, 3), &[(2, &loses)], 8);

    let hangs_once = |cluster: &Cluster, _: i64| cluster.backends[2].stop();
    let answers = |cluster: &Cluster, _: i64| cluster.backends[2].revive();
    story(&mut text, "one answer is missing once", &Cluster::start(3, 3), &[(3, &hangs_once), (4, &answers)], 7);

    let restarts = |cluster: &Cluster, at: i64| cluster.edit(|world| world.declare_alive(0, at - 7));
    story(&mut text, "a backend restarts between two collections", &Cluster::start(3, 3), &[(3, &restarts)], 7);
    snapshot::is("check/clusters.txt", &text);
}

#[test]
fn what_a_text_asks_for_is_read_though_no_rule_reads_it() {
    let cluster = Cluster::start(1, 2);
    let rule = r#"
[[rule]]
alert = "Sized"
expr = "stellar_backends > 0"
annotations.summary = '{{ range query (printf "stellar_disk_total_bytes{cluster=%q} / 1e9" $labels.cluster) }}{{ .Value }} GB{{ end }}'
"#;
    let stage = Stage::of(&cluster, "shop", &(LOGIN.to_owned() + rule));
    cluster.edit(|world| world.tick(START));
    let run = stage.run(START, &["collect-once", "--quiet"]);
    assert_eq!(run.code, 0, "{run:?}");
    let size = stage.rows("SELECT disk_total_bytes / 1e9 FROM metrics_snapshots");
    let told = stage.run(START + 1, &["check"]).stdout;
    assert!(told.contains(&format!("\nshop: WARNING {} GB\n", size.trim())), "{told}");
}
