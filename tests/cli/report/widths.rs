//! Whole reports as terminals of four widths show them.

use std::fmt::Write;

use super::{AT_END, WHOLE};
use crate::snapshot;
use crate::terminal::Terminal;

#[test]
fn every_view_fits_terminals_of_60_80_120_and_200_columns() {
    // There are alerts to show.
    assert_eq!(AT_END.stage.run(AT_END.now, &["check", "--quiet"]).stderr, "");
    let cluster = ["--cluster", "demo", "--metric", "query_latency_*", "--metric", "be_cpu_used_ratio_*"];
    let steps = ["--cluster", "demo", "--step", "1m", "--metric", "quer*_per_second", "--metric", "jvm_*_ratio"];
    let views: [(&str, Vec<&str>); 8] = [
        ("overview", Vec::new()),
        ("cluster", [&cluster[..], &WHOLE].concat()),
        ("steps", [&steps[..], &WHOLE].concat()),
        ("nodes", vec!["--nodes"]),
        ("daily", vec!["--daily", "--since", "2026-11-21"]),
        ("gaps", [&["--gaps"][..], &WHOLE].concat()),
        ("alerts", [&["--alerts"][..], &WHOLE].concat()),
        ("runs", [&["--runs", "--step", "1m"][..], &WHOLE].concat()),
    ];
    for (name, words) in views {
        let mut text = String::new();
        for width in [60, 80, 120, 200] {
            let words = [&["report", "--no-pager", "--color", "never", "--utc"], &words[..]].concat();
            let mut command = AT_END.stage.command(AT_END.now, &words);
            command.env("TERM", "xterm-256color");
            let (code, screen) = Terminal::run(&command, width, 120).ended();
            assert_eq!(code, 0, "{name} in {width} columns: {screen:?}");
            let wide = screen.written.lines().map(|line| line.trim_end().chars().count()).max();
            assert!(wide <= Some(usize::from(width)), "{name} in {width} columns: {}", screen.written);
            let rows = screen.written.replace("\r\n", "\n");
            let _ = write!(text, "=== {width} columns\n{rows}");
        }
        snapshot::is(&format!("report/widths_{name}.txt"), &AT_END.timeline.cluster.named(&text));
    }
}
