//! Rules about lines and announcements: what cannot be read, what is said twice, too late or not at all.

use std::collections::HashSet;

use super::Findings;
use super::page::{Kind, Page};
use super::rules::{
    ANNOUNCED_TWICE, BAD_LINE, CUT_OFF, DUPLICATE_SERIES, NAME_CLASH, NO_HELP, NO_SAMPLES, NO_TYPE, OWN_TIMESTAMP,
    TORN_FAMILY,
};
use super::{Finding, page::Family};
use crate::exposition::{Format, lines};
use crate::words;

/// A timestamp below it, in milliseconds, is one of seconds: it stays so until the year 5138.
const IMPLAUSIBLE: i64 = 100_000_000_000;

pub fn check(page: &Page<'_>, findings: &mut Findings) {
    for bad in &page.refused {
        let what = format!("{}: {}", bad.reason, bad.text);
        findings.0.push(Finding { rule: BAD_LINE, metric: None, line: Some(bad.line), what });
    }
    if page.samples == 0 {
        findings.about_page(NO_SAMPLES, "");
    } else if page.is_cut_off {
        findings.about_page(
            CUT_OFF,
            match page.format {
                Format::Prometheus => "there is no line break at its end",
                Format::OpenMetrics => "there is no # EOF at its end",
            },
        );
    }
    let names: HashSet<&str> = page.families.iter().map(|family| family.name).collect();
    for family in &page.families {
        announced(family, findings);
        repeated(family, findings);
        if let Some(line) = family.torn {
            findings.at(TORN_FAMILY, family, line, "they go on here");
        }
        if matches!(family.kind, Kind::Histogram | Kind::GaugeHistogram | Kind::Summary) {
            let mut own = lines::suffixes(family.word.unwrap_or_default(), page.format);
            if let Some(clash) = own.find_map(|suffix| names.get(format!("{}{suffix}", family.name).as_str())) {
                findings.about(NAME_CLASH, family, format!("there is a metric {clash}, too"));
            }
        }
        timed(family, page.format, findings);
    }
}

fn announced(family: &Family<'_>, findings: &mut Findings) {
    if let Some((line, word)) = family.again.first() {
        let late = if family.again.len() == 1 && family.line < *line && family.word.is_some() && family.help.is_none() {
            "after samples or a second time"
        } else {
            "again"
        };
        findings.at(ANNOUNCED_TWICE, family, *line, format!("{word} {late}"));
    }
    // An announcement alone says nothing wrong.
    let Some(first) = family.series.first() else { return };
    if family.help.is_none_or(str::is_empty) {
        findings.about(NO_HELP, family, "");
    }
    if family.word.is_none() {
        findings.at(NO_TYPE, family, first.line, "");
    }
}

fn repeated(family: &Family<'_>, findings: &mut Findings) {
    let mut repeats = family.series.iter().filter_map(|series| Some((series, series.repeats?)));
    if let Some((series, first)) = repeats.next() {
        let more = match repeats.count() {
            0 => String::new(),
            more => format!("; and {} more", words::count(more, "line")),
        };
        findings.at(DUPLICATE_SERIES, family, series.line, format!("{series} stands in line {first}, too{more}"));
    }
}

fn timed(family: &Family<'_>, format: Format, findings: &mut Findings) {
    let mut timed = family.series.iter().filter_map(|series| Some((series.line, series.timestamp?)));
    let Some((line, at)) = timed.next() else { return };
    let seconds = format == Format::Prometheus && (1..IMPLAUSIBLE).contains(&at);
    let what = if seconds { "in seconds, where milliseconds are read" } else { "" };
    findings.at(OWN_TIMESTAMP, family, line, what);
}
