//! The rules of the parser once more, told as plainly as can be and without a thought of speed: what the fast one gives
//! on any page must be what this one gives. For the older format, and for lines of less than 1 MiB.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use stellar::exposition::Format::Prometheus;
use stellar::exposition::{Page, PageReport, Wanted, parse};

/// Readings as texts and counts: samples, bad lines, duplicates, undeclared, suspect samples; suspect families.
type Answer = (Vec<String>, [u64; 5], Vec<String>);

pub fn agrees(page: &[u8], some: &[&str]) {
    let all = parse(page, Prometheus, &Wanted::everything());
    same(page, told(&all), oracle(page, &|_| true));
    let wanted = parse(page, Prometheus, &Wanted::new(some.iter().copied()));
    same(page, told(&wanted), oracle(page, &|name| some.contains(&name)));
}

/// Pages are long: a failure shows what differs and the page.
fn same(page: &[u8], found: Answer, expected: Answer) {
    let only = |left: &Answer, right: &Answer| -> Vec<String> {
        left.0.iter().filter(|reading| !right.0.contains(reading)).cloned().collect()
    };
    let differ = (only(&found, &expected), only(&expected, &found));
    assert!(
        found == expected,
        "{}\nonly found {:?}\nonly expected {:?}\n{:?}\n{:?}",
        String::from_utf8_lossy(page),
        differ.0,
        differ.1,
        (found.1, found.2),
        (expected.1, expected.2)
    );
}

fn told(page: &Page<'_>) -> Answer {
    let show = |reading: &stellar::exposition::Reading<'_>| {
        let labels: Vec<String> = reading.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{} {labels:?} {:?} {:?}", reading.name, reading.value, reading.timestamp)
    };
    let PageReport { samples, bad_lines, duplicates, undeclared, suspect, suspect_samples, .. } = &page.report;
    let counts = [*samples, *bad_lines, *duplicates, *undeclared, *suspect_samples];
    (page.readings.iter().map(show).collect(), counts, suspect.clone())
}

/// A sample line, its family by position, and what it gives if it is wanted.
struct Sample {
    family: Option<usize>,
    wanted: Option<Wanting>,
}

struct Wanting {
    shown: String,
    series: (String, BTreeMap<String, String>),
    /// The labels that have a value, as they come.
    labels: Vec<String>,
}

fn oracle(page: &[u8], wanted: &dyn Fn(&str) -> bool) -> Answer {
    let mut families: Vec<(String, String)> = Vec::new();
    // Of each family the labels of the line below its announcement.
    let mut first_labels: Vec<Option<Vec<String>>> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut suspect = BTreeSet::new();
    let mut samples: Vec<Sample> = Vec::new();
    let mut bad = 0;
    let mut lines = page.split(|byte| *byte == b'\n');
    while let Some(line) = lines.next() {
        let blanks = line.iter().take_while(|byte| b" \t\r".contains(byte)).count();
        let line = &line[blanks..];
        if line.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix(b"#") {
            let Some(rest) = blanks_off(comment).strip_prefix(b"TYPE") else { continue };
            if !matches!(rest.first(), Some(b' ' | b'\t')) {
                continue;
            }
            let rest = blanks_off(rest);
            let Some(name) = name(rest) else {
                bad += 1;
                continue;
            };
            let kind = String::from_utf8_lossy(rest[name.len()..].trim_ascii()).into_owned();
            let kinds = ["counter", "gauge", "untyped", "unknown", "stateset", "summary", "histogram", "info"];
            bad += u64::from(!kinds.contains(&kind.as_str()) && kind != "gaugehistogram");
            match families.iter().position(|(known, _)| *known == name) {
                Some(known) => drop(suspect.insert(known)),
                None => {
                    if families.is_empty() {
                        seen.clear();
                    }
                    families.push((name, kind));
                    let below = lines.clone().next().and_then(|line| read(&self::name(line)?, line));
                    first_labels.push(below.map(|below| below.labels));
                }
            }
            continue;
        }
        let Some(name) = name(line) else {
            bad += 1;
            continue;
        };
        let family = family(&families, &name);
        if family.is_none() && !families.is_empty() {
            suspect.insert(families.len() - 1);
        }
        if !wanted(&name) || (family.is_none() && !families.is_empty()) {
            samples.push(Sample { family, wanted: None });
            continue;
        }
        match read(&name, line) {
            Some(wanted) => {
                let torn = |at: &usize| {
                    let plain = |(_, kind): &(String, String)| {
                        !["summary", "histogram", "gaugehistogram", "info"].contains(&kind.as_str())
                    };
                    let together =
                        families[*at..].iter().all(plain) && first_labels[*at].as_ref() == Some(&wanted.labels);
                    at + 1 < families.len() && !together
                };
                if seen.insert(wanted.series.clone()) {
                    suspect.extend(family.filter(torn));
                }
                samples.push(Sample { family, wanted: Some(wanted) });
            }
            None => bad += 1,
        }
    }
    for (name, kind) in &families {
        for suffix in suffixes(kind) {
            if let Some(other) = families.iter().position(|(known, _)| *known == format!("{name}{suffix}")) {
                suspect.insert(other);
                suspect.extend(families.iter().position(|(known, _)| known == name));
            }
        }
    }
    answer(&families, &suspect, samples, bad)
}

fn answer(families: &[(String, String)], suspect: &BTreeSet<usize>, samples: Vec<Sample>, bad: u64) -> Answer {
    let mut readings = Vec::new();
    let mut seen: HashMap<(String, BTreeMap<String, String>), ()> = HashMap::new();
    let [mut duplicates, mut undeclared, mut suspects] = [0; 3];
    let count = samples.len() as u64;
    for sample in samples {
        match sample.family {
            None if !families.is_empty() => undeclared += 1,
            Some(family) if suspect.contains(&family) => suspects += 1,
            _ => {
                let Some(Wanting { shown, series, .. }) = sample.wanted else { continue };
                match seen.insert(series, ()) {
                    None => readings.push(shown),
                    Some(()) => duplicates += 1,
                }
            }
        }
    }
    let names = suspect.iter().map(|family| families[*family].0.clone()).collect();
    (readings, [count, bad, duplicates, undeclared, suspects], names)
}

fn blanks_off(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| b" \t".contains(byte)).count()..]
}

fn name(text: &[u8]) -> Option<String> {
    let in_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_:".contains(byte);
    let name = &text[..text.iter().take_while(in_name).count()];
    let ends = text.get(name.len()).is_none_or(|byte| *byte <= b' ' || *byte == b'{');
    (ends && !name.first()?.is_ascii_digit()).then(|| String::from_utf8_lossy(name).into_owned())
}

fn suffixes(kind: &str) -> &'static [&'static str] {
    match kind {
        "summary" => &["_sum", "_count"],
        "histogram" => &["_bucket", "_sum", "_count"],
        _ => &[],
    }
}

fn family(families: &[(String, String)], name: &str) -> Option<usize> {
    let own = families.iter().position(|(family, _)| family == name);
    own.or_else(|| {
        families.iter().position(|(family, kind)| {
            suffixes(kind).iter().any(|suffix| name.strip_suffix(suffix).is_some_and(|base| base == family))
        })
    })
}

fn read(name: &str, line: &[u8]) -> Option<Wanting> {
    let line = std::str::from_utf8(line).ok()?;
    let rest = off(line[name.len()..].strip_suffix('\r').unwrap_or(&line[name.len()..]));
    let (labels, (value, timestamp)) = match rest.strip_prefix('{') {
        None => (Vec::new(), tail(rest)?),
        Some(body) => {
            let by_the_book = escaped(body).and_then(|(labels, rest)| Some((labels, tail(rest)?)));
            by_the_book.or_else(|| unescaped(body).and_then(|(labels, rest)| Some((labels, tail(rest)?))))?
        }
    };
    let shown: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let shown = format!("{name} {shown:?} {value:?} {timestamp:?}");
    let present: Vec<(String, String)> = labels.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let labels = present.iter().map(|(name, _)| name.clone()).collect();
    Some(Wanting { shown, series: (name.to_owned(), present.into_iter().collect()), labels })
}

fn off(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

type Labels<'l> = (Vec<(String, String)>, &'l str);

fn escaped(body: &str) -> Option<Labels<'_>> {
    let mut labels = Vec::new();
    let mut rest = off(body);
    loop {
        if let Some(tail) = rest.strip_prefix('}') {
            return Some((labels, tail));
        }
        let (name, opened) = label_name(rest)?;
        let mut value = String::new();
        let mut letters = opened.chars();
        loop {
            match letters.next()? {
                '"' => break,
                '\\' => {
                    let escape = letters.clone().next().and_then(|letter| match letter {
                        'n' => Some('\n'),
                        '"' | '\\' => Some(letter),
                        _ => None,
                    });
                    value.push(escape.unwrap_or('\\'));
                    escape.and_then(|_| letters.next());
                }
                letter => value.push(letter),
            }
        }
        add(&mut labels, name, value)?;
        rest = off(letters.as_str());
        match rest.strip_prefix(',') {
            Some(more) => rest = off(more),
            None if rest.starts_with('}') => {}
            None => return None,
        }
    }
}

fn unescaped(body: &str) -> Option<Labels<'_>> {
    let (inside, tail) = body.rsplit_once('}')?;
    if inside.contains("# {") {
        return None;
    }
    let mut labels = Vec::new();
    let mut rest = off(inside);
    while !rest.is_empty() {
        let (name, opened) = label_name(rest)?;
        let closes = |quote: &usize| {
            let after = off(&opened[quote + 1..]);
            after.is_empty()
                || after.strip_prefix(',').map(off).is_some_and(|next| next.is_empty() || label_name(next).is_some())
        };
        let closing = opened.match_indices('"').map(|(at, _)| at).find(closes)?;
        add(&mut labels, name, opened[..closing].to_owned())?;
        rest = off(&opened[closing + 1..]);
        rest = off(rest.strip_prefix(',').unwrap_or(rest));
    }
    Some((labels, tail))
}

fn label_name(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')?;
    let opened = off(off(&text[end..]).strip_prefix('=')?).strip_prefix('"')?;
    let begins_well = text.starts_with(|letter: char| !letter.is_ascii_digit());
    (end > 0 && begins_well).then_some((&text[..end], opened))
}

fn add(labels: &mut Vec<(String, String)>, name: &str, value: String) -> Option<()> {
    let fits = name != "__name__" && labels.iter().all(|(other, _)| other != name) && labels.len() < 64;
    fits.then(|| labels.push((name.to_owned(), value)))
}

fn tail(text: &str) -> Option<(f64, Option<i64>)> {
    let (numbers, exemplar) = match text.split_once('#') {
        Some((numbers, exemplar)) => (numbers, Some(exemplar)),
        None => (text, None),
    };
    if exemplar.is_some_and(|exemplar| !off(exemplar).starts_with('{') || !numbers.ends_with([' ', '\t'])) {
        return None;
    }
    let mut words = numbers.split([' ', '\t']).filter(|word| !word.is_empty());
    let value = words.next()?;
    let number: f64 = value.parse().ok()?;
    let invented = number.is_infinite() && value.contains(|letter: char| letter.is_ascii_digit());
    let stamp = words.next().map(str::parse).transpose().ok()?;
    (!invented && words.next().is_none()).then_some((number, stamp))
}
