//! What holds for any bytes; shared by the tests and the fuzz target.

use std::borrow::Cow;
use std::collections::HashSet;

use stellar::exposition::{Format, Page, Reading, Wanted, parse, parse_filtered};

/// Parses a page in several ways and panics when the answers contradict the page or each other.
pub fn check(page: &[u8], format: Format, some: &[&str]) {
    let all = parse(page, format, &Wanted::everything());
    within(page, format, &all);
    assert_eq!(all.readings.len() as u64 + dropped(&all), all.report.samples);
    assert_eq!(all.readings.iter().map(series).collect::<HashSet<_>>().len(), all.readings.len());

    // Wanting less changes nothing for those who are wanted.
    let wanted = parse(page, format, &Wanted::new(some.iter().copied()));
    within(page, format, &wanted);
    // A line that nobody wants may tear nothing: what is suspect then is less, never more.
    let suspect = |name: &str| all.report.suspect.iter().any(|family| name.starts_with(&**family));
    let shown = |page: &Page<'_>, keep: &dyn Fn(&Reading<'_>) -> bool| -> Vec<String> {
        let kept = page.readings.iter().filter(|reading| !suspect(reading.name) && keep(reading));
        kept.map(|reading| format!("{reading:?}")).collect()
    };
    assert_eq!(shown(&wanted, &|_| true), shown(&all, &|reading| some.contains(&reading.name)));
    assert!(wanted.report.suspect.iter().all(|family| all.report.suspect.contains(family)));

    // Nor does a filter for those whom it keeps.
    let keep = |name: &str, labels: &[(&str, Cow<'_, str>)]| (name.len() + labels.len()).is_multiple_of(2);
    let kept = parse_filtered(page, format, &Wanted::everything(), keep);
    assert_eq!(shown(&kept, &|_| true), shown(&all, &|reading| keep(reading.name, &reading.labels)));
    assert_eq!((kept.report.samples, kept.report.bad_lines), (all.report.samples, all.report.bad_lines));
}

fn dropped(page: &Page<'_>) -> u64 {
    page.report.duplicates + page.report.undeclared + page.report.suspect_samples
}

/// Counts fit the page; readings stand on it in their order, and their values are on their lines.
fn within(bytes: &[u8], format: Format, page: &Page<'_>) {
    let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
    assert!(page.report.samples + page.report.bad_lines <= lines);
    assert!(page.readings.len() as u64 + dropped(page) <= page.report.samples);
    assert!(page.report.first_bad.len() as u64 <= page.report.bad_lines);
    assert!(page.report.first_bad.iter().all(|bad| bad.line <= lines && !bad.text.contains(char::is_control)));
    assert!(page.report.suspect.is_empty() <= (page.report.suspect_samples == 0));
    assert!(format == Format::OpenMetrics || !page.report.missing_eof);
    let place = |text: &str| {
        let offset = (text.as_ptr() as usize).wrapping_sub(bytes.as_ptr() as usize);
        assert_eq!(bytes.get(offset..offset + text.len()), Some(text.as_bytes()));
        offset
    };
    let mut from = 0;
    for reading in &page.readings {
        let start = place(reading.name);
        assert!(start >= from);
        let rest = bytes.get(start..).unwrap_or_default();
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default();
        from = start + line.len();
        for (name, value) in &reading.labels {
            let at = place(name);
            assert!(start < at && at < from);
            match value {
                Cow::Borrowed("") => {}
                Cow::Borrowed(value) => assert!((start..from).contains(&place(value))),
                Cow::Owned(value) => assert!(value.len() < line.len() && line.contains(&b'\\')),
            }
        }
        let line = String::from_utf8_lossy(line);
        let mut numbers = line.split([' ', '\t', '\r', '}']).filter_map(|word| word.parse::<f64>().ok());
        assert!(numbers.any(|number| number.total_cmp(&reading.value).is_eq()), "{line}");
    }
}

/// Name and labels as one comparable thing.
fn series(reading: &Reading<'_>) -> String {
    let mut labels: Vec<_> = reading.labels.iter().filter(|(_, value)| !value.is_empty()).collect();
    labels.sort();
    format!("{} {labels:?}", reading.name)
}
