//! Reports on a real terminal: `--watch`, the pager, colours, `--ascii`. What is waited for is a state of the screen, never
//! a time.

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::replay::{Timeline, demo_cluster};
use crate::program::{Stage, ended, silent};
use crate::terminal::{Screen, Terminal};

/// One cluster, collected twice.
struct Collected {
    timeline: Timeline,
    stage: Stage,
}

/// For tests that change nothing.
static COLLECTED: LazyLock<Collected> = LazyLock::new(|| {
    let collected = Collected::new();
    let pager = collected.stage.path("pager");
    std::fs::write(&pager, PAGER).expect("the pager is written");
    std::fs::set_permissions(&pager, Permissions::from_mode(0o755)).expect("its mode can be set");
    collected
});

/// A pager that says who it is and how it was called, and quits after the first line with a code of its own.
const PAGER: &str = "#!/bin/sh\necho \"paged LESS=$LESS $1\"\nhead -n 1\nexit 3\n";

impl Collected {
    fn new() -> Self {
        let timeline = demo_cluster();
        let stage = Stage::of(&timeline.cluster, "demo", "user = \"root\"\n");
        let collected = Self { timeline, stage };
        collected.collect(0);
        collected.collect(1);
        collected
    }

    fn collect(&self, moment: usize) {
        assert_eq!(self.stage.run(self.timeline.step(moment), &["collect-once", "--quiet"]), silent());
    }

    /// The report, at a moment at which nothing is stale.
    fn report(&self, words: &[&str]) -> Command {
        self.stage.command(self.timeline.step(3) + 5, &[&["report"], words].concat())
    }

    /// With the machine's clock: the time in the first line goes on.
    fn ticking(&self, words: &[&str]) -> Command {
        let mut command = self.report(words);
        command.env_remove("STELLAR_NOW");
        command
    }
}

fn first(screen: &Screen) -> &str {
    screen.rows.first().map_or("", String::as_str)
}

fn is_shown(screen: &Screen) -> bool {
    screen.alternate && !screen.cursor && screen.last().starts_with("every ")
}

/// How often the whole screen was drawn.
fn drawings(screen: &Screen) -> usize {
    screen.written.matches("\u{1b}[?2026l").count()
}

#[test]
fn a_report_is_drawn_in_place_until_q_gives_the_terminal_back() {
    let collected = &*COLLECTED;
    let report = collected.ticking(&["--watch=1s"]);
    // Something stands on the terminal before.
    let mut shell = Command::new("sh");
    shell.args(["-c", "echo before; exec \"$0\" \"$@\""]).arg(report.get_program()).args(report.get_args());
    shell
        .envs(report.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(collected.stage.folder());
    let mut terminal = Terminal::run(&shell, 80, 24);
    let begin = terminal.wait("the report", |screen| is_shown(screen) && first(screen).starts_with("1 cluster: "));
    assert!(
        begin.last().starts_with("every 1s  ")
            && begin.last().ends_with("  q quit  space pause  +/- period  r refresh")
    );
    assert_eq!((begin.rows.len(), begin.has("before"), terminal.is_as_usual()), (24, false, false));
    let later = terminal.wait("a later report", |screen| is_shown(screen) && first(screen) != first(&begin));
    // Neither erased as a whole nor scrolled: rows are written over.
    let drawn = later.written.split("\u{1b}[?2026h").skip(1).collect::<String>();
    assert!(drawings(&later) >= 2 && !drawn.contains("\u{1b}[2J") && !drawn.contains('\n'), "{drawn:?}");
    terminal.types("q");
    let (code, left) = terminal.ended();
    assert_eq!((code, left.alternate, left.cursor, left.rows.join("\n").trim()), (0, false, true, "before"));
}

#[test]
fn keys_pause_change_the_period_and_scroll() {
    let collected = &*COLLECTED;
    let mut terminal = Terminal::run(&collected.ticking(&["--cluster", "demo", "--watch"]), 80, 24);
    let begin = terminal.wait("the report", |screen| is_shown(screen) && first(screen).starts_with("demo "));
    assert!(begin.last().starts_with("every 15s  ") && begin.last().contains("  1-23 of "), "{begin:#?}");
    for (key, period) in
        [("2", "30s"), ("3", "1m"), ("-", "30s"), ("-", "15s"), ("-", "15s"), ("+", "30s"), ("1", "15s")]
    {
        terminal.types(key);
        terminal.wait(key, |screen| screen.last().starts_with(&format!("every {period} ")));
    }
    for (keys, lines) in [("j", "2-24"), ("\u{1b}[B", "3-25"), ("\u{1b}OA", "2-24"), ("k", "1-23"), ("k", "1-23")] {
        terminal.types(keys);
        terminal.wait(keys, |screen| screen.last().contains(&format!("  {lines} of ")));
    }
    terminal.types("\u{1b}[6~");
    let page = terminal.wait("the next page", |screen| screen.last().contains("  23-45 of "));
    assert_eq!(page.rows[0], begin.rows[22]);
    terminal.types("G");
    terminal.wait("the end", |screen| !screen.last().contains("  23-45 of "));
    terminal.types("\u{1b}[H");
    terminal.wait("the beginning", |screen| first(screen) == first(&begin));
    terminal.types("\u{1b}");
    let (code, left) = terminal.ended();
    assert_eq!((code, left.alternate, left.cursor), (0, false, true));
}

#[test]
fn a_key_asks_for_a_fresh_report() {
    let mut terminal = Terminal::run(&COLLECTED.ticking(&["--watch=1h"]), 80, 24);
    let begin = terminal.wait("the report", is_shown);
    // The time in it has no parts of a second.
    std::thread::sleep(Duration::from_secs(1));
    terminal.types("r");
    terminal.wait("a fresh report", |screen| is_shown(screen) && first(screen) != first(&begin));
}

#[test]
fn a_pause_shows_what_was_there_until_it_ends() {
    let collected = &*COLLECTED;
    let mut terminal = Terminal::run(&collected.ticking(&["--watch=1s"]), 80, 24);
    terminal.wait("the report", is_shown);
    terminal.types("p");
    let begin = terminal.wait("the pause", |screen| screen.last().starts_with("paused (1s)  "));
    let started = Instant::now();
    // The only way to see that nothing happens. A resize draws, but what was there.
    std::thread::sleep(Duration::from_millis(1200));
    terminal.resize(70, 12);
    let still = terminal.wait("the smaller screen", |screen| drawings(screen) > drawings(&begin));
    assert!(started.elapsed() > Duration::from_secs(1));
    assert_eq!(drawings(&still), drawings(&begin) + 1);
    assert_eq!(
        (first(&still), still.last().starts_with("paused")),
        (&first(&begin)[..70.min(first(&begin).len())], true)
    );
    terminal.types(" ");
    terminal.wait("the report goes on", |screen| is_shown(screen) && first(screen) != first(&begin));
}

#[test]
fn another_size_is_another_report() {
    let collected = &*COLLECTED;
    let terminal = Terminal::run(&collected.report(&["--watch=1h"]), 120, 30);
    let wide = terminal.wait("the report", is_shown);
    assert!(wide.has("DISK"), "{wide:#?}");
    for (columns, rows) in [(60, 20), (40, 8), (200, 50), (20, 2), (1, 1), (80, 24)] {
        terminal.resize(columns, rows);
        let last = &"every 1h"[..usize::from(columns.min(8))];
        let screen = terminal.wait("the screen of another size", |screen| {
            screen.rows.len() == usize::from(rows) && screen.last().starts_with(last)
        });
        if rows > 20 {
            assert!(screen.has("STATUS"), "{screen:#?}");
        }
    }
}

#[test]
fn a_signal_ends_it_and_the_terminal_is_as_before() {
    let collected = &*COLLECTED;
    for (key, signal, code) in [("\u{3}", Signal::INT, 130), ("", Signal::TERM, 143), ("", Signal::HUP, 129)] {
        let mut terminal = Terminal::run(&collected.report(&["--watch"]), 80, 24);
        terminal.wait("the report", is_shown);
        match key {
            "" => terminal.signal(signal),
            key => terminal.types(key),
        }
        let (found, left) = terminal.ended();
        assert_eq!((found, left.alternate, left.cursor), (code, false, true), "{signal:?}");
    }
}

#[test]
fn a_stopped_one_goes_on_where_it_was() {
    let collected = &*COLLECTED;
    let mut terminal = Terminal::run(&collected.report(&["--watch=1h"]), 80, 24);
    let begin = terminal.wait("the report", is_shown);
    terminal.types("\u{1a}");
    terminal.wait_for_stop();
    terminal.wait("the shell's screen", |screen| !screen.alternate && screen.cursor);
    assert!(terminal.is_as_usual());
    terminal.signal(Signal::CONT);
    let again = terminal.wait("the report again", is_shown);
    assert_eq!(again.rows, begin.rows);
    assert!(!terminal.is_as_usual());
    // Stopped and continued by somebody else, who also wrote on the screen.
    terminal.signal(Signal::STOP);
    terminal.wait_for_stop();
    terminal.signal(Signal::CONT);
    terminal.wait("the report once more", |screen| drawings(screen) > drawings(&again) && is_shown(screen));
}

#[test]
fn collections_go_on_meanwhile_and_faults_are_told_below() {
    let collected = Collected::new();
    let mut terminal = Terminal::run(&collected.report(&["--watch=1s"]), 80, 24);
    terminal.wait("the report", |screen| is_shown(screen) && first(screen).ends_with("last run 55s ago"));
    collected.collect(2);
    let before = terminal.wait("the next run", |screen| first(screen).ends_with("last run 30s ago"));
    let (database, elsewhere) = (collected.stage.database(), collected.stage.path("elsewhere"));
    std::fs::rename(&database, &elsewhere).expect("somebody moves the database");
    let fault = terminal.wait("the fault", |screen| screen.last().contains("  error: "));
    assert_eq!(fault.rows[..23], before.rows[..23]);
    std::fs::rename(&elsewhere, &database).expect("and back");
    terminal.wait("the report", |screen| is_shown(screen) && !screen.last().contains("error"));
    terminal.types("q");
    assert_eq!(terminal.ended().0, 0);
}

#[test]
fn what_is_wrong_from_the_start_is_said_as_without_watch() {
    let collected = &*COLLECTED;
    let terminal = Terminal::run(&collected.report(&["--watch", "--cluster", "dmo"]), 80, 24);
    let (code, screen) = terminal.ended();
    assert_eq!((code, screen.alternate, first(&screen)), (2, false, "error: there is no cluster `dmo`"));
    let expected = "error: invalid value 'soon' for '--watch[=<PERIOD>]': that is not an interval; write \"30s\" or \"5m\"\n\n\
                    For more information, try '--help'.\n";
    assert_eq!(collected.stage.run(0, &["report", "--watch=soon"]), ended(2, "", expected));
}

#[test]
fn on_a_pipe_reports_follow_each_other_until_the_reader_goes() {
    let collected = &*COLLECTED;
    let mut command = collected.report(&["--watch=1s"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let once = collected.stage.ended(collected.report(&[]).output().expect("the program starts")).stdout;
    let mut out = child.stdout.take().expect("a pipe");
    let mut text = vec![0; once.len() * 2 + 1];
    out.read_exact(&mut text).expect("two reports");
    assert_eq!(String::from_utf8_lossy(&text), format!("{once}\n{once}"));
    drop(out);
    let run = collected.stage.ended(child.wait_with_output().expect("it ends"));
    assert_eq!(run, silent());
}

#[test]
fn on_a_pipe_a_fault_is_an_error_and_the_next_report_comes() {
    let collected = Collected::new();
    let mut command = collected.report(&["--watch=1s"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut reports = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut errors = BufReader::new(child.stderr.take().expect("a pipe")).lines();
    let mut header = || reports.find_map(|line| line.ok().filter(|line| line.starts_with("1 cluster: ")));
    let begin = header();
    let (database, elsewhere) = (collected.stage.database(), collected.stage.path("elsewhere"));
    std::fs::rename(&database, &elsewhere).expect("somebody moves the database");
    let error = errors.next().and_then(Result::ok).unwrap_or_default();
    assert!(error.starts_with("error: "), "{error}");
    std::fs::rename(&elsewhere, &database).expect("and back");
    assert!(begin.is_some() && header() == begin);
    drop(reports);
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_reader_that_goes_is_not_kept_waiting_for_the_next_report() {
    let collected = &*COLLECTED;
    let mut command = collected.report(&["--watch=1d", "--json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut out = child.stdout.take().expect("a pipe");
    out.read_exact(&mut [0; 1]).expect("a report begins");
    drop(out);
    assert_eq!(collected.stage.ended(child.wait_with_output().expect("it ends")), silent());
}

#[test]
fn a_terminal_that_is_dumb_gets_one_report_after_the_other() {
    let collected = &*COLLECTED;
    let mut command = collected.report(&["--watch=1s"]);
    command.env("TERM", "dumb");
    let mut terminal = Terminal::run(&command, 80, 40);
    let screen = terminal.wait("two reports", |screen| screen.written.matches("1 cluster: ").count() == 2);
    assert!(!screen.written.contains('\u{1b}'), "{screen:#?}");
    terminal.types("\u{3}");
    assert_eq!(terminal.ended().0, 130);
}

fn with_pager(collected: &Collected, words: &[&str]) -> Command {
    let mut command = collected.report(words);
    command.env("PAGER", collected.stage.path("pager"));
    command
}

#[test]
fn what_is_taller_than_the_screen_goes_through_the_pager() {
    let collected = &*COLLECTED;
    let all = ["--cluster", "demo"];
    let (code, screen) = Terminal::run(&with_pager(collected, &all), 80, 24).ended();
    assert_eq!((code, screen.rows[0].as_str()), (0, "paged LESS=FRX"));
    assert!(screen.rows[1].contains("demo") && screen.rows[2].is_empty(), "{screen:#?}");
    // With words of its own, and with the person's own wishes.
    let mut command = with_pager(collected, &all);
    command.env("PAGER", format!("{} word", collected.stage.path("pager").display())).env("LESS", "S");
    assert_eq!(Terminal::run(&command, 80, 24).ended().1.rows[0], "paged LESS=S word");
    // The overview fits, but for a prompt below it.
    let whole = Terminal::run(&with_pager(collected, &["--no-pager"]), 80, 50).ended().1.written;
    let lines = whole.matches('\n').count();
    for (rows, paged) in [(lines + 1, false), (lines, true)] {
        let rows = u16::try_from(rows).expect("a screen");
        let screen = Terminal::run(&with_pager(collected, &[]), 80, rows).ended().1;
        assert_eq!(screen.written.contains("paged"), paged, "{rows}");
    }
}

#[test]
fn without_a_pager_all_is_printed() {
    let collected = &*COLLECTED;
    let shown = |command: &Command| {
        let (code, screen) = Terminal::run(command, 80, 24).ended();
        assert_eq!(code, 0);
        screen.written
    };
    let whole = shown(&with_pager(collected, &["--cluster", "demo", "--no-pager"]));
    assert!(whole.lines().count() > 200 && !whole.contains("paged"), "{whole}");
    for pager in ["", "cat", "no-such-pager", "no-such-pager -x", "/"] {
        let mut command = collected.report(&["--cluster", "demo"]);
        let printed = shown(command.env("PAGER", pager));
        // What a shell says about a pager that it does not find stands before.
        assert!(printed.ends_with(&whole) && printed.len() < whole.len() + 100, "{pager}: {printed}");
    }
    let json = with_pager(collected, &["--cluster", "demo", "--json"]);
    assert!(!shown(&json).contains("paged"));
    let piped = with_pager(collected, &["--cluster", "demo"]).output().expect("the program starts").stdout;
    assert!(!String::from_utf8_lossy(&piped).contains("paged"));
}

#[test]
fn colours_follow_the_flag_then_the_environment_then_the_terminal() {
    let collected = &*COLLECTED;
    let coloured = |words: &[&str], variables: &[(&str, &str)]| {
        let mut command = collected.report(words);
        command.envs(variables.iter().copied());
        let piped = command.output().expect("the program starts").stdout;
        let shown = Terminal::run(&command, 80, 50).ended().1.written;
        [String::from_utf8_lossy(&piped).contains("\u{1b}["), shown.contains("\u{1b}[")]
    };
    assert_eq!(coloured(&[], &[]), [false, true]);
    assert_eq!(coloured(&[], &[("NO_COLOR", "0")]), [false, false]);
    assert_eq!(coloured(&[], &[("TERM", "dumb")]), [false, false]);
    assert_eq!(coloured(&[], &[("CLICOLOR_FORCE", "1"), ("TERM", "dumb")]), [true, true]);
    assert_eq!(coloured(&["--color", "always"], &[("NO_COLOR", "1")]), [true, true]);
    assert_eq!(coloured(&["--color=never"], &[("CLICOLOR_FORCE", "1")]), [false, false]);
}

#[test]
fn with_ascii_columns_stay_and_other_letters_go() {
    let collected = &*COLLECTED;
    let text = |words: &[&str]| collected.stage.ended(collected.report(words).output().expect("it starts")).stdout;
    let (usual, ascii) = (text(&["--cluster", "demo"]), text(&["--cluster", "demo", "--ascii"]));
    assert!(!usual.is_ascii() && ascii.is_ascii(), "{ascii}");
    assert_eq!(usual.chars().count(), ascii.chars().count());
    let changed = usual.chars().zip(ascii.chars()).filter(|(before, after)| before != after);
    assert_eq!(changed.filter(|(before, _)| before.is_ascii()).count(), 0, "{ascii}");
    assert_eq!(text(&["--json", "--ascii"]), text(&["--json"]));
}
