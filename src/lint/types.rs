//! Rules about types: what is not what it is said to be.

use super::Findings;
use super::page::{Family, Kind, Page, Series, braces};
use super::rules::{
    COUNTER_VALUE, COUNTER_WITHOUT_TOTAL, HISTOGRAM_INCOMPLETE, HISTOGRAM_NOT_CUMULATIVE, MISUSED_LABEL,
    RESERVED_SUFFIX, SUMMARY_INCOMPLETE, SUMMARY_QUANTILE, TOTAL_WITHOUT_COUNTER,
};
use crate::exposition::Format;

pub fn check(page: &Page<'_>, findings: &mut Findings) {
    for family in page.families.iter().filter(|family| !family.series.is_empty()) {
        names(family, page.format, findings);
        match family.kind {
            Kind::Counter => counter(family, findings),
            Kind::Histogram | Kind::GaugeHistogram => histogram(family, findings),
            Kind::Summary => summary(family, findings),
            Kind::Gauge | Kind::Other => {}
        }
    }
}

/// `untyped`, or nothing at all: nobody claimed anything.
fn is_untyped(family: &Family<'_>) -> bool {
    family.word.is_none_or(|word| matches!(word, "untyped" | "unknown"))
}

fn names(family: &Family<'_>, format: Format, findings: &mut Findings) {
    let ends = |suffix| family.name.ends_with(suffix);
    let is_counter = family.kind == Kind::Counter;
    if is_counter && format == Format::Prometheus && !ends("_total") {
        findings.about(COUNTER_WITHOUT_TOTAL, family, "");
    }
    if is_counter && format == Format::OpenMetrics {
        let bare = family.series.iter().find(|series| family.suffix(series).is_empty());
        if let Some(series) = bare {
            findings.at(COUNTER_WITHOUT_TOTAL, family, series.line, "its samples");
        }
    }
    if is_untyped(family) {
        return;
    }
    let word = family.word.unwrap_or_default();
    if !is_counter && ends("_total") {
        findings.about(TOTAL_WITHOUT_COUNTER, family, format!("it is a {word}"));
    }
    let (histogram, summary) = (family.kind.is_histogram(), family.kind == Kind::Summary);
    for (suffix, allowed) in [("_bucket", histogram), ("_count", histogram || summary), ("_sum", histogram || summary)]
    {
        if ends(suffix) && !allowed {
            findings.about(RESERVED_SUFFIX, family, format!("it is a {word}"));
        }
    }
    for (label, allowed) in [("le", histogram), ("quantile", summary)] {
        let bearer = family.series.iter().find(|series| series.labels.iter().any(|(name, _)| *name == label));
        if let Some(series) = bearer.filter(|_| !allowed) {
            findings.at(MISUSED_LABEL, family, series.line, format!("{label} on a {word}"));
        }
    }
}

fn counter(family: &Family<'_>, findings: &mut Findings) {
    let odd = |series: &&Series<'_>| !(series.value >= 0.0 && series.value.is_finite());
    if let Some(series) = family.series.iter().find(odd) {
        findings.at(COUNTER_VALUE, family, series.line, format!("{series} is {}", series.value));
    }
}

/// The first fault of a kind in a family speaks for the others.
struct Once<'f> {
    findings: &'f mut Findings,
    told: Vec<(&'static super::Rule, String)>,
}

impl Once<'_> {
    fn tell(&mut self, rule: &'static super::Rule, family: &Family<'_>, line: u64, (what, of): (&str, &str)) {
        if !self.told.iter().any(|(known, told)| *known == rule && told == what) {
            self.told.push((rule, what.to_owned()));
            self.findings.at(rule, family, line, format!("{what}{of}"));
        }
    }
}

fn histogram(family: &Family<'_>, findings: &mut Findings) {
    let mut once = Once { findings, told: Vec::new() };
    for (labels, members) in family.groups("le") {
        let Some(line) = members.first().map(|series| series.line) else { continue };
        let labels = braces(&labels);
        let of = if labels.is_empty() { String::new() } else { format!(" in {labels}") };
        let mut buckets: Vec<(f64, &Series<'_>)> = Vec::new();
        let (mut sum, mut count) = (false, None);
        for series in &members {
            match family.suffix(series) {
                "_bucket" => match series.label("le") {
                    "" => once.tell(HISTOGRAM_INCOMPLETE, family, series.line, ("a bucket without le", &of)),
                    bound => match bound.parse::<f64>() {
                        Ok(bound) if !bound.is_nan() => buckets.push((bound, series)),
                        _ => once.tell(HISTOGRAM_INCOMPLETE, family, series.line, ("le is not a number", &of)),
                    },
                },
                "_sum" | "_gsum" => sum = true,
                "_count" | "_gcount" => count = Some(*series),
                "_created" => {}
                _ => once.tell(HISTOGRAM_INCOMPLETE, family, series.line, ("a sample that is no bucket", &of)),
            }
        }
        for (is_there, what) in [
            (!buckets.is_empty(), "no buckets"),
            (buckets.is_empty() || buckets.iter().any(|(bound, _)| *bound == f64::INFINITY), "no bucket le=\"+Inf\""),
            (sum, "no _sum"),
            (count.is_some(), "no _count"),
        ] {
            if !is_there {
                once.tell(HISTOGRAM_INCOMPLETE, family, line, (what, &of));
            }
        }
        buckets.sort_by(|(left, _), (right, _)| left.total_cmp(right));
        for pair in buckets.windows(2) {
            if let [(_, smaller), (_, larger)] = pair
                && larger.value < smaller.value
            {
                let what = format!("le=\"{}\" holds less than le=\"{}\"", larger.label("le"), smaller.label("le"));
                if !once.told.iter().any(|(rule, _)| *rule == HISTOGRAM_NOT_CUMULATIVE) {
                    once.tell(HISTOGRAM_NOT_CUMULATIVE, family, larger.line, (&what, &of));
                }
            }
        }
        if let (Some((bound, last)), Some(count)) = (buckets.last(), count)
            && *bound == f64::INFINITY
            && last.value != count.value
        {
            once.tell(HISTOGRAM_NOT_CUMULATIVE, family, last.line, ("le=\"+Inf\" is not _count", &of));
        }
    }
}

fn summary(family: &Family<'_>, findings: &mut Findings) {
    let mut once = Once { findings, told: Vec::new() };
    for (labels, members) in family.groups("quantile") {
        let Some(line) = members.first().map(|series| series.line) else { continue };
        let labels = braces(&labels);
        let of = if labels.is_empty() { String::new() } else { format!(" in {labels}") };
        for series in members.iter().filter(|series| family.suffix(series).is_empty()) {
            match series.label("quantile") {
                "" => once.tell(SUMMARY_QUANTILE, family, series.line, ("no quantile", &of)),
                quantile if quantile.parse().is_ok_and(|part: f64| (0.0..=1.0).contains(&part)) => {}
                quantile => {
                    let what = format!("quantile=\"{}\"", quantile.chars().take(40).collect::<String>());
                    once.tell(SUMMARY_QUANTILE, family, series.line, (&what, &of));
                }
            }
        }
        for suffix in ["_sum", "_count"] {
            if !members.iter().any(|series| family.suffix(series) == suffix) {
                once.tell(SUMMARY_INCOMPLETE, family, line, (&format!("no {suffix}"), &of));
            }
        }
    }
}
