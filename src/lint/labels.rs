//! Rules about labels: reserved names, values that never come back, too many of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use super::Findings;
use super::page::{Family, Page, Series};
use super::rules::{EXPORTED_LABEL, ID_IN_LABEL, MANY_SERIES, RESERVED_LABEL};
use crate::words;

/// More series than this of one family are many.
const MANY: usize = 1_000;
/// Ports from here on are those that systems give to whoever asks.
const PASSING_PORT: u16 = 32_768;

pub fn check(page: &Page<'_>, findings: &mut Findings) {
    for family in &page.families {
        names(family, findings);
        values(family, findings);
        if family.series.len() > MANY {
            let all = words::grouped(family.series.len() as u64);
            let most = match most_values(&family.series) {
                Some((label, values)) => format!("; the label {label} has {}", words::count(values, "value")),
                None => String::new(),
            };
            findings.about(MANY_SERIES, family, format!("{all} series{most}"));
        }
    }
}

fn names(family: &Family<'_>, findings: &mut Findings) {
    let mut told: HashSet<&str> = HashSet::new();
    for series in &family.series {
        for (name, _) in series.labels.iter().filter(|(_, value)| !value.is_empty()) {
            let rule = match *name {
                "job" | "instance" => EXPORTED_LABEL,
                name if name.starts_with("__") => RESERVED_LABEL,
                _ => continue,
            };
            if told.insert(name) {
                findings.at(rule, family, series.line, *name);
            }
        }
    }
}

/// The label with the most distinct values, and how many those are. Of buckets and quantiles there are as many as there
/// should be.
fn most_values(series: &[Series<'_>]) -> Option<(String, usize)> {
    let mut values: BTreeMap<&str, HashSet<&str>> = BTreeMap::new();
    let labels = series.iter().flat_map(|series| &series.labels);
    for (name, value) in labels.filter(|(name, _)| !matches!(*name, "le" | "quantile")) {
        values.entry(name).or_default().insert(value);
    }
    // Of equals the first by name.
    let most = values.into_iter().map(|(name, values)| (name, values.len())).rev().max_by_key(|(_, count)| *count);
    most.map(|(name, count)| (name.to_owned(), count))
}

/// Labels that say of which build or machine something is have one such value, and keep it.
fn says_what_it_is(family: &Family<'_>) -> bool {
    family.name.ends_with("_info") || family.word == Some("info")
}

fn values(family: &Family<'_>, findings: &mut Findings) {
    if says_what_it_is(family) {
        return;
    }
    let mut found: BTreeMap<&str, Ids<'_>> = BTreeMap::new();
    for series in &family.series {
        for (name, value) in series.labels.iter().filter(|(name, _)| !matches!(*name, "le" | "quantile")) {
            let Some(what) = kind_of(value) else { continue };
            let ids = found.entry(name).or_insert_with(|| Ids { what, line: series.line, values: HashSet::new() });
            ids.values.insert(value);
        }
    }
    for (label, ids) in found {
        if ids.what == What::Address && !ids.ports_change() {
            continue;
        }
        let example = ids.values.iter().min().copied().unwrap_or_default();
        let example: String = example.chars().take(60).collect();
        let more = match ids.values.len() {
            1 => String::new(),
            all => format!(", {} in all", words::grouped(all as u64)),
        };
        findings.at(
            ID_IN_LABEL,
            family,
            ids.line,
            format!("{label}=\"{example}\" looks like {}{more}", ids.what.words()),
        );
    }
}

/// What was found in one label.
struct Ids<'p> {
    what: What,
    line: u64,
    values: HashSet<&'p str>,
}

impl Ids<'_> {
    /// One host with several ports of those that are given away: clients, not servers.
    fn ports_change(&self) -> bool {
        let mut ports: HashMap<IpAddr, HashSet<u16>> = HashMap::new();
        for address in self.values.iter().filter_map(|value| value.parse::<SocketAddr>().ok()) {
            if address.port() >= PASSING_PORT {
                ports.entry(address.ip()).or_default().insert(address.port());
            }
        }
        ports.values().any(|ports| ports.len() > 1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Uuid,
    Hash,
    Date,
    UnixTime,
    Mail,
    Address,
}

impl What {
    fn words(self) -> &'static str {
        match self {
            Self::Uuid => "a UUID",
            Self::Hash => "an id in hex",
            Self::Date => "a date",
            Self::UnixTime => "a unix time",
            Self::Mail => "an e-mail address",
            Self::Address => "a client's address and port",
        }
    }
}

/// What a value looks like, if like something that never comes back.
fn kind_of(value: &str) -> Option<What> {
    let bytes = value.as_bytes();
    match bytes.len() {
        // The shortest is `a@b.c`.
        0..5 => None,
        36 if is_shaped(bytes, b"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") => Some(What::Uuid),
        10.. if bytes.get(..10).is_some_and(|day| is_shaped(day, b"9999-99-99")) && is_date(bytes) => Some(What::Date),
        10 | 13 | 16 | 19 if is_unix_time(value) => Some(What::UnixTime),
        16.. if is_hash(bytes) => Some(What::Hash),
        _ if value.parse::<SocketAddr>().is_ok() => Some(What::Address),
        _ if is_mail(value) => Some(What::Mail),
        _ => None,
    }
}

/// `9` is a digit, `x` one in hex, all else itself.
fn is_shaped(bytes: &[u8], shape: &[u8]) -> bool {
    bytes.len() == shape.len()
        && bytes.iter().zip(shape).all(|(byte, shape)| match shape {
            b'9' => byte.is_ascii_digit(),
            b'x' => byte.is_ascii_hexdigit(),
            other => byte == other,
        })
}

/// Alone, or with a time behind it; the day is one of a calendar.
fn is_date(bytes: &[u8]) -> bool {
    let text = str::from_utf8(bytes).unwrap_or_default();
    let day = text.get(..10).and_then(|day| day.parse::<jiff::civil::Date>().ok());
    day.is_some_and(|day| (1970..=2199).contains(&day.year()))
        && text.get(10..).is_some_and(|rest| {
            rest.is_empty()
                || rest
                    .strip_prefix(['T', ' '])
                    .and_then(|time| time.get(..5))
                    .is_some_and(|time| is_shaped(time.as_bytes(), b"99:99"))
        })
}

/// Of 2001 to 2065, in seconds or thousandths, millionths, billionths of one.
fn is_unix_time(text: &str) -> bool {
    let seconds = text.get(..10).filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    seconds
        .and_then(|seconds| seconds.parse::<u64>().ok())
        .is_some_and(|seconds| (1_000_000_000..3_000_000_000).contains(&seconds))
}

/// Long, in hex, and neither a number nor a word.
fn is_hash(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_hexdigit)
        && bytes.iter().any(u8::is_ascii_digit)
        && bytes.iter().any(u8::is_ascii_alphabetic)
}

fn is_mail(value: &str) -> bool {
    let Some((user, host)) = value.split_once('@') else { return false };
    let plain = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || more.contains(letter))
    };
    plain(user, "._+-")
        && plain(host, ".-")
        && host.split('.').count() > 1
        && host.split('.').all(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_times_are_known_by_their_looks() {
        for (value, what) in [
            ("550e8400-e29b-41d4-a716-446655440000", Some(What::Uuid)),
            ("550E8400-E29B-41D4-A716-446655440000", Some(What::Uuid)),
            ("550e8400e29b41d4a716446655440000", Some(What::Hash)),
            ("fa93222fa93222fa", Some(What::Hash)),
            ("2026-11-22T02:13:05Z", Some(What::Date)),
            ("2026-11-22 02:13:05", Some(What::Date)),
            ("2026-11-22", Some(What::Date)),
            ("1795313400", Some(What::UnixTime)),
            ("1795313400000", Some(What::UnixTime)),
            ("ann.lee@shop.example", Some(What::Mail)),
            ("10.0.0.7:53124", Some(What::Address)),
            ("[::1]:53124", Some(What::Address)),
            ("10.0.0.7", None),
            ("root@%", None),
            ("10005", None),
            ("4096", None),
            ("0.99", None),
            ("fa93222", None),
            ("deadbeefdeadbeef", None),
            ("1234567890123456789012", None),
            ("9999999999", None),
            ("2026-13-01", None),
            ("2026-11-22-partition", None),
            ("高吞吐量测试高吞吐量测试", None),
            ("default_cluster:ods", None),
            ("", None),
        ] {
            assert_eq!(kind_of(value), what, "{value}");
        }
    }
}
