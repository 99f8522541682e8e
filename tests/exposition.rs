//! The parser over recorded pages of real frontends and backends, and over thousands of damaged ones.

#[path = "exposition/invariants.rs"]
mod invariants;
#[path = "exposition/oracle.rs"]
mod oracle;

use std::path::Path;

use stellar::exposition::{Format, Page, PageReport, Reading, Wanted, parse};

/// Pages on which nothing is amiss, and how many samples they hold.
const HONEST: [(&str, u64); 8] = [
    ("21_live_series/metrics_01.body", 454),
    ("21_live_series/metrics_12.body", 465),
    ("32_3fe_leader/metrics.body", 454),
    ("32_3fe_follower/metrics.body", 422),
    ("50_mv_rg_tables/metrics_mv_all.body", 491),
    ("50_mv_rg_tables/metrics_rg_quote.body", 470),
    ("50_mv_rg_tables/metrics_table_all.body", 4939),
    ("be_metrics_1.txt", 699),
];
const HOSTILE: &str = "12_label_injection/metrics.body";
const SOME: [&str; 9] = [
    "starrocks_fe_query_total",
    "starrocks_fe_connection_total",
    "starrocks_fe_query_latency_ms",
    "starrocks_fe_query_latency_ms_count",
    "starrocks_fe_table_num",
    "starrocks_be_cpu",
    "starrocks_be_process_mem_bytes",
    "process_uptime",
    "node_info",
];

fn recorded(file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages/starrocks").join(file);
    std::fs::read(path).unwrap_or_else(|error| panic!("cannot read `{file}`: {error}"))
}

fn read(page: &[u8]) -> Page<'_> {
    parse(page, Format::Prometheus, &Wanted::everything())
}

fn shown(reading: &Reading<'_>) -> String {
    let labels: Vec<String> = reading.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{} [{}] {}", reading.name, labels.join("|"), reading.value)
}

fn called<'p>(page: &Page<'p>, name: &str) -> Vec<String> {
    page.readings.iter().filter(|reading| reading.name == name).map(shown).collect()
}

/// Another reader, slow and trusting: what StarRocks prints, taken apart at the last blank and at `",`.
fn slowly(page: &[u8]) -> Vec<String> {
    let page = std::str::from_utf8(page).expect("recorded pages are UTF-8");
    let lines = page.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = |line: &str| {
        let (series, value) = line.rsplit_once(' ')?;
        let value: f64 = value.parse().ok()?;
        let Some((name, labels)) = series.split_once('{') else { return Some(format!("{series} [] {value}")) };
        let labels = labels.strip_suffix("\"}")?.split("\",").map(|label| label.trim().replacen("=\"", "=", 1));
        Some(format!("{name} [{}] {value}", labels.collect::<Vec<_>>().join("|")))
    };
    lines.map(|line| read(line).unwrap_or_else(|| panic!("another reader is needed for {line}"))).collect()
}

#[test]
fn every_sample_of_an_honest_page_is_read() {
    for (file, samples) in HONEST {
        let bytes = recorded(file);
        let page = read(&bytes);
        assert_eq!(page.report, PageReport { samples, ..PageReport::default() }, "{file}");
        assert_eq!(page.readings.iter().map(shown).collect::<Vec<_>>(), slowly(&bytes), "{file}");
    }
}

#[test]
fn quotes_that_a_frontend_does_not_escape_are_part_of_the_value() {
    let page = recorded("50_mv_rg_tables/metrics_rg_quote.body");
    assert_eq!(
        called(&read(&page), "starrocks_fe_query_resource_group"),
        [
            "starrocks_fe_query_resource_group [name=default_wg] 379",
            "starrocks_fe_query_resource_group [name=rg1] 1",
            "starrocks_fe_query_resource_group [name=rg\"1] 1",
        ]
    );
    let page = recorded("50_mv_rg_tables/metrics_table_all.body");
    let page = read(&page);
    let quoted: Vec<String> = called(&page, "starrocks_fe_table_size_bytes")
        .into_iter()
        .filter(|reading| reading.contains("tbl_id=10034"))
        .collect();
    assert_eq!(quoted, ["starrocks_fe_table_size_bytes [db_name=shop|tbl_name=a\"b\\c|tbl_id=10034] 0"]);
}

#[test]
fn lines_that_a_failed_login_wrote_change_no_honest_value() {
    let page = recorded(HOSTILE);
    let page = read(&page);
    // The family in which it was written: nobody knows which of its users are honest.
    let suspect = vec!["starrocks_fe_connection_total".to_owned()];
    let expected = PageReport {
        samples: 477,
        duplicates: 1,
        undeclared: 1,
        suspect,
        suspect_samples: 11,
        ..PageReport::default()
    };
    assert_eq!((page.readings.len(), &page.report), (464, &expected));
    assert_eq!(called(&page, "starrocks_fe_query_total"), ["starrocks_fe_query_total [] 30"]);
    assert_eq!(called(&page, "starrocks_fe_connection_total"), [""; 0]);
    assert_eq!(called(&page, "evil"), [""; 0]);
}

#[test]
fn names_of_users_are_read_whatever_is_in_them() {
    let page = with_user("x");
    let page = read(&page);
    assert_eq!(page.report, PageReport { samples: 475, ..PageReport::default() });
    let users: Vec<String> = called(&page, "starrocks_fe_connection_total");
    let users: Vec<&str> =
        users.iter().filter_map(|shown| shown.strip_prefix("starrocks_fe_connection_total ")).collect();
    let expected = [
        "[user=юзер] 0",
        "[user=comma, x=1}] 0",
        "[user=x] 0",
        "[user=q\"uote] 0",
        "[user=root] 0",
        "[user=back\\slash] 0",
        "[user=sp ace] 0",
        "[user=-e] 0",
        "[user=tab\there] 0",
        "[user=bad\u{fffd}\u{fffd}bytes] 0",
        "[user=mon] 0",
    ];
    assert_eq!(users, expected);
}

/// The hostile page with another user name where the injection stands.
fn with_user(name: &str) -> Vec<u8> {
    let page = String::from_utf8(recorded(HOSTILE)).expect("recorded pages are UTF-8");
    page.replace("x\"} 1\nstarrocks_fe_query_total 999999\nevil{a=\"b", name).into_bytes()
}

#[test]
fn a_login_that_announces_a_family_again_makes_it_suspect_rather_than_believed() {
    // Before the honest announcement of node_info, which comes last, and after that of query_total.
    let page = with_user(
        "x\"} 1\n# TYPE node_info gauge\nnode_info{type=\"is_master\"} 0\n# TYPE starrocks_fe_query_total gauge\n\
         starrocks_fe_query_total 1\nevil{a=\"b",
    );
    let page = read(&page);
    assert_eq!(page.report.suspect, ["starrocks_fe_query_total", "node_info"]);
    assert_eq!(called(&page, "node_info"), [""; 0]);
    assert_eq!(called(&page, "starrocks_fe_query_total"), [""; 0]);
    assert_eq!((page.readings.len(), page.report.suspect_samples, page.report.undeclared), (465, 12, 1));
}

#[test]
fn a_login_cannot_speak_before_the_honest_announcement() {
    let page = with_user("x\"} 1\nnode_info{type=\"is_master\"} 0\nevil{a=\"b");
    let page = read(&page);
    assert_eq!(called(&page, "node_info").last().map(String::as_str), Some("node_info [type=is_master] 1"));
    assert_eq!((page.readings.len(), page.report.undeclared, page.report.duplicates), (464, 2, 0));
}

#[test]
fn a_page_cut_anywhere_keeps_what_stands_before_the_cut() {
    let page = recorded("21_live_series/metrics_01.body");
    let whole: Vec<String> = read(&page).readings.iter().map(shown).collect();
    for end in (0..page.len()).step_by(97) {
        let cut = read(&page[..end]);
        let lines = page[..end].iter().filter(|byte| **byte == b'\n').count();
        let kept = page.split(|byte| *byte == b'\n').take(lines).filter(|line| !line.starts_with(b"#")).count();
        let readings: Vec<String> = cut.readings.iter().map(shown).collect();
        // Half a name is one that nobody announced: the family in whose midst it stands does not count.
        let suspect = |reading: &String| cut.report.suspect.iter().any(|family| reading.starts_with(&**family));
        let expected: Vec<String> = whole[..kept].iter().filter(|reading| !suspect(reading)).cloned().collect();
        let kept = expected.len();
        assert_eq!(readings[..kept], expected, "{end}");
        assert!(cut.report.suspect.len() <= 1, "{end}");
        assert!(readings.len() <= kept + 1 && cut.report.bad_lines <= 1, "{end}");
    }
}

/// Marsaglia's xorshift: the same damage in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    /// A stretch of at most `longest` lines of the page.
    fn stretch<'p>(&mut self, page: &'p [u8], longest: usize) -> Vec<&'p [u8]> {
        let lines: Vec<&[u8]> = page.split_inclusive(|byte| *byte == b'\n').collect();
        let start = self.below(lines.len());
        let length = 1 + self.below(longest);
        lines.into_iter().skip(start).take(length).collect()
    }

    fn damage(&mut self, page: &mut Vec<u8>) {
        const SIGNS: &[u8] = b"\"\\{}=,# \t\r\n\0\xff\xc3_:0123456789eE+-.naif~x";
        let at = self.below(page.len());
        match self.below(6) {
            0 => page.truncate(at),
            1 => {
                if let Some(byte) = page.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
            2 => page.insert(at, SIGNS[self.below(SIGNS.len())]),
            3 => {
                if let Some(byte) = page.get_mut(at) {
                    *byte = SIGNS[self.below(SIGNS.len())];
                }
            }
            4 => drop(page.drain(at..(at + self.below(40)).min(page.len()))),
            _ => {
                let mut lines: Vec<Vec<u8>> = page.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
                let (one, other) = (self.below(lines.len()), self.below(lines.len()));
                if one < lines.len() {
                    match self.below(2) {
                        0 => lines.swap(one, other),
                        _ => lines.insert(other, lines[one].clone()),
                    }
                }
                *page = lines.concat();
            }
        }
    }
}

/// Hands on as many damaged pages as there are rounds.
fn damage_pages(rounds: u64, seed: u64, mut check: impl FnMut(u64, &[u8])) {
    let pages: Vec<Vec<u8>> = HONEST.iter().map(|(file, _)| recorded(file)).chain([recorded(HOSTILE)]).collect();
    let mut dice = Dice(seed);
    for round in 0..rounds {
        // Mostly short pages, so that damage is dense; lines of two pages meet on them.
        let longest = if round % 50 == 0 { 400 } else { 12 };
        let (one, other) = (dice.below(pages.len()), dice.below(pages.len()));
        let mut lines = dice.stretch(&pages[one], longest);
        lines.extend(dice.stretch(&pages[other], longest));
        let mut page = lines.concat();
        for _ in 0..dice.below(12) {
            dice.damage(&mut page);
        }
        check(round, &page);
    }
}

#[test]
fn damaged_pages_break_no_invariant() {
    damage_pages(4_000, 0x5eed_57e1_1a12, |round, page| {
        let format = if round % 4 == 0 { Format::OpenMetrics } else { Format::Prometheus };
        invariants::check(page, format, &SOME);
    });
}

#[test]
fn whole_and_damaged_pages_are_read_as_by_a_plain_reader() {
    HONEST.iter().for_each(|(file, _)| oracle::agrees(&recorded(file), &SOME));
    oracle::agrees(&recorded(HOSTILE), &SOME);
    damage_pages(4_000, 0x0dac_1e5e_ed01, |_, page| oracle::agrees(page, &SOME));
}
