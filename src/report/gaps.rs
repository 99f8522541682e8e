//! `stellar report --gaps`: what is missing, how long, and why.

use serde_json::{Value, json};

use super::Style;
use super::sheet::{Cell, Column, Range, Row, Sheet, Table};
use super::table::{self, Align};
use crate::sample::{Millis, lapse};
use crate::settings::Kind;
use crate::settings::metric_entry::Unit;
use crate::store::gaps::{Runs, Seen, StepBack};
use crate::words;

/// A time of which a target has no figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// None: every target that was there.
    pub target: Option<(Kind, String)>,
    pub from: Millis,
    /// None: it goes on.
    pub to: Option<Millis>,
    pub length: Millis,
    /// Snapshots that the interval called for.
    pub missed: i64,
    pub reason: String,
}

/// Everything of a range.
#[derive(Debug)]
pub struct Gaps {
    pub since: Millis,
    pub until: Millis,
    pub now: Millis,
    pub gaps: Vec<Gap>,
    pub steps: Vec<StepBack>,
    pub runs: Runs,
    /// As many runs as the shortest interval called for since the first one.
    pub expected_runs: i64,
    /// What the targets are: clusters, applications, or targets where there are both.
    pub noun: &'static str,
}

/// A hole between snapshots before anybody asked why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hole {
    pub from: Millis,
    pub to: Option<Millis>,
    pub missed: i64,
}

/// The holes between snapshots in which somebody answered, counted in slots of the interval as `collect-once` counts
/// them. `interval` is for snapshots that do not say theirs; `end` is the end of the range or now.
pub fn holes(
    before: Option<Seen>,
    within: &[Seen],
    since: Millis,
    end: Millis,
    interval: Millis,
    open: bool,
) -> Vec<Hole> {
    let mut holes = Vec::new();
    let (mut last, mut is_over) = (before.filter(|seen| !seen.ended), before.is_some_and(|seen| seen.ended));
    for seen in within {
        let length = seen.interval.unwrap_or(interval).max(1);
        if !seen.answered && !seen.ended {
            // Nobody expected it, and it is no longer just gone: it fails since this slot.
            if is_over {
                (last, is_over) = (Some(Seen { at: seen.at - length, ..*seen }), false);
            }
            continue;
        }
        if let Some(last) = last {
            let (left, right) = (last.at.div_euclid(length), seen.at.div_euclid(length));
            if right - left > 1 {
                let from = ((left + 1) * length).max(since);
                let missed = right - from.div_euclid(length);
                // None is left where the range begins with the slot that was collected again.
                holes.extend((missed > 0).then_some(Hole { from, to: Some(right * length), missed }));
            }
        }
        (last, is_over) = if seen.ended { (None, true) } else { (Some(*seen), false) };
    }
    if let Some(last) = last {
        let length = last.interval.unwrap_or(interval).max(1);
        // The slot that runs may still be filled.
        let (left, right) = (last.at.div_euclid(length), end.div_euclid(length));
        if right - left > 1 {
            let from = ((left + 1) * length).max(since);
            holes.push(Hole { from, to: (!open).then_some(end), missed: right - from.div_euclid(length) });
        }
    }
    holes
}

/// The times in which a target had ended: from the snapshot that says so to the next one, or to `end`.
pub fn absences(before: Option<Seen>, within: &[Seen], end: Millis) -> Vec<(Millis, Millis)> {
    let mut absences = Vec::new();
    let mut since = before.filter(|seen| seen.ended).map(|seen| seen.at);
    for seen in within {
        if let Some(since) = since {
            absences.push((since, seen.at));
        }
        since = seen.ended.then_some(seen.at);
    }
    absences.extend(since.map(|since| (since, end)));
    absences
}

/// One line for what all of several targets lack at the same time for the same reason. `absences` are those of each target.
pub fn merged(gaps: Vec<Gap>, absences: &[Vec<(Millis, Millis)>], end: Millis) -> Vec<Gap> {
    let same = |left: &Gap, right: &Gap| (left.from, left.to, &left.reason) == (right.from, right.to, &right.reason);
    let mut rest = gaps;
    let mut all = Vec::new();
    while let Some(first) = rest.first().cloned() {
        let (alike, others): (Vec<Gap>, Vec<Gap>) = rest.into_iter().partition(|gap| same(gap, &first));
        rest = others;
        let (from, to) = (first.from, first.to.unwrap_or(end));
        let was_there = |spans: &&Vec<(Millis, Millis)>| !spans.iter().any(|(begin, end)| *begin <= from && to <= *end);
        if alike.len() > 1 && alike.len() == absences.iter().filter(was_there).count() {
            all.push(Gap { target: None, missed: alike.iter().map(|gap| gap.missed).sum(), ..first });
        } else {
            all.extend(alike);
        }
    }
    let order = |gap: &Gap| (gap.from, gap.target.as_ref().map(|(_, name)| name.clone()));
    all.sort_by_key(order);
    all
}

pub fn render(gaps: &Gaps, style: &Style) -> String {
    let mut text = format!("gaps   {}\n", style.range(Range { since: gaps.since, until: gaps.until }));
    let year = |at: Millis| style.local(at).get(..4).map(str::to_owned);
    let short = |at: Millis| match year(at) == year(gaps.now) {
        true => style.local(at).get(5..).unwrap_or_default().to_owned(),
        false => style.local(at),
    };
    let mut rows: Vec<(Millis, [String; 6])> = Vec::new();
    for step in &gaps.steps {
        let back = words::age(lapse(step.from - step.to));
        let reason = format!(
            "clock went back {back}; {} kept",
            words::count(usize::try_from(step.passed_twice).unwrap_or(0), "run")
        );
        let cells =
            [short(step.from), short(step.to), format!("−{back}"), super::NOT_MEASURED.into(), "all".into(), reason];
        rows.push((step.to, cells));
    }
    for gap in &gaps.gaps {
        let cells = [
            short(gap.from),
            gap.to.map_or_else(|| "now".to_owned(), short),
            words::age(lapse(gap.length)),
            words::grouped(gap.missed.unsigned_abs()),
            gap.target.as_ref().map_or_else(|| "all".to_owned(), |(_, name)| name.clone()),
            gap.reason.clone(),
        ];
        rows.push((gap.from, cells));
    }
    rows.sort_by_key(|(at, _)| *at);
    if rows.is_empty() {
        text.push_str("\n  nothing is missing\n");
    } else {
        let noun = gaps.noun.to_uppercase();
        let titles = [
            ("FROM", Align::Left),
            ("TO", Align::Left),
            ("LENGTH", Align::Right),
            ("MISSED", Align::Right),
            (noun.as_str(), Align::Left),
        ];
        let (rows, reasons): (Vec<Vec<String>>, Vec<String>) =
            rows.into_iter().map(|(_, [cells @ .., reason])| (cells.to_vec(), reason)).unzip();
        let lines = table::render(&titles, &rows);
        let widest = table::width(&lines);
        text.push('\n');
        for (line, reason) in lines.lines().zip(std::iter::once("REASON").chain(reasons.iter().map(String::as_str))) {
            let lead = format!("{line}{}", " ".repeat(widest - table::width(line) + 2));
            // Why it is missing is what people came for: it is never cut, and goes on a line of its own where it must.
            let limit = style.width.filter(|limit| widest + 2 + table::width(reason) > *limit);
            text.push_str(&super::hanging(&lead, reason, limit));
        }
    }
    let number = |count: i64| words::grouped(count.unsigned_abs());
    text.push_str(&format!(
        "\n  runs: {} expected, {} made, {} with a failed {}\n",
        number(gaps.expected_runs),
        number(gaps.runs.made),
        number(gaps.runs.with_failures),
        gaps.noun
    ));
    text
}

pub fn document(gaps: &Gaps, style: &Style) -> Value {
    let iso = |at: Millis| super::json::iso(at, style);
    let gap = |gap: &Gap| {
        let kind = gap.target.as_ref().map_or(Kind::Cluster, |(kind, _)| *kind);
        json!({
            kind.name(): gap.target.as_ref().map(|(_, name)| name),
            "from": iso(gap.from),
            "to": gap.to.map(iso),
            "length_seconds": gap.length as f64 / 1000.0,
            "missed": gap.missed,
            "reason": gap.reason,
        })
    };
    let step = |step: &StepBack| {
        json!({
            "from": iso(step.from),
            "to": iso(step.to),
            "length_seconds": (step.from - step.to) as f64 / 1000.0,
            "runs_passed_twice": step.passed_twice,
        })
    };
    json!({
        "schema": 1,
        "since": iso(gaps.since),
        "until": iso(gaps.until),
        "gaps": gaps.gaps.iter().map(gap).collect::<Vec<_>>(),
        "clock_steps": gaps.steps.iter().map(step).collect::<Vec<_>>(),
        "runs": { "expected": gaps.expected_runs, "made": gaps.runs.made, "with_failures": gaps.runs.with_failures },
    })
}

/// One table, for forms that have one.
pub fn sheet(gaps: &Gaps) -> Sheet {
    let columns = vec![
        Column::text("from", "FROM", 10),
        Column::text("to", "TO", 10),
        Column { right: true, ..Column::text("length_seconds", "LENGTH", 9) },
        Column::figure("missed", "MISSED", Unit::Count, 8),
        Column::hidden("kind"),
        Column::text("target", &gaps.noun.to_uppercase(), 9),
        Column::text("reason", "REASON", 7),
    ];
    let row = |gap: &Gap| Row {
        group: None,
        cells: vec![
            Cell::Moment(Some(gap.from)),
            gap.to.map_or(Cell::Told("now".to_owned(), None), |at| Cell::Moment(Some(at))),
            Cell::Lapse(Some(lapse(gap.length))),
            Cell::from(Some(gap.missed as f64)),
            gap.target.as_ref().map_or(Cell::Empty, |(kind, _)| kind.name().into()),
            gap.target.as_ref().map_or("all".into(), |(_, name)| name.as_str().into()),
            gap.reason.as_str().into(),
        ],
    };
    let title = match gaps.gaps.len() {
        0 => "nothing is missing".to_owned(),
        number => words::count(number, "gap"),
    };
    let range = Range { since: gaps.since, until: gaps.until };
    let mut sheet = Sheet { range: Some(range), ..Sheet::new("gaps", title) };
    sheet.tables.push(Table { key: "gaps", heading: None, columns, rows: gaps.gaps.iter().map(row).collect() });
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(seconds: &[i64]) -> Vec<Seen> {
        let one = |at: &i64| Seen { at: at.abs() * 1000, interval: Some(30_000), answered: *at >= 0, ended: false };
        seconds.iter().map(one).collect()
    }

    fn found(before: Option<i64>, within: &[i64], end: i64, open: bool) -> Vec<(i64, Option<i64>, i64)> {
        let before = before.map(|at| seen(&[at])[0]);
        let holes = holes(before, &seen(within), 0, end * 1000, 30_000, open);
        holes.into_iter().map(|hole| (hole.from / 1000, hole.to.map(|to| to / 1000), hole.missed)).collect()
    }

    #[test]
    fn a_timer_that_jitters_leaves_no_hole_and_a_missed_slot_is_one() {
        assert_eq!(found(None, &[0, 34, 61, 94], 119, true), []);
        assert_eq!(found(None, &[0, 34, 94, 121], 149, true), [(60, Some(90), 1)]);
        // Nobody answered at 60 and 90: two slots without figures.
        assert_eq!(found(None, &[0, 34, -64, -94, 124], 149, true), [(60, Some(120), 2)]);
    }

    #[test]
    fn a_hole_reaches_to_the_ends_of_the_range() {
        assert_eq!(found(Some(2), &[304], 329, true), [(30, Some(300), 9)]);
        assert_eq!(found(None, &[2, 34], 301, true), [(60, None, 8)]);
        assert_eq!(found(None, &[2, 34], 301, false), [(60, Some(301), 8)]);
        // The slot that runs is not missed yet.
        assert_eq!(found(None, &[2, 34], 89, true), []);
        // What was missed before the range is not of it.
        let before = Seen { at: -70_000, ..seen(&[0])[0] };
        assert_eq!(holes(Some(before), &seen(&[2]), 0, 29_000, 30_000, true), []);
    }

    #[test]
    fn a_reason_is_folded_and_never_cut() {
        let reason = "http://10.30.0.5:8030/metrics: connection refused (31×)".to_owned();
        let gap = Gap { target: None, from: 0, to: None, length: 90_000, missed: 3, reason };
        let gaps = Gaps {
            since: 0,
            until: 90_000,
            now: 90_000,
            gaps: vec![gap],
            steps: Vec::new(),
            runs: Runs { made: 1, with_failures: 0 },
            expected_runs: 4,
            noun: "cluster",
        };
        let shown = |width| {
            let style = Style { zone: jiff::tz::TimeZone::UTC, colour: false, width };
            let lines: Vec<String> = render(&gaps, &style).lines().skip(2).take(4).map(str::to_owned).collect();
            lines.join("\n")
        };
        let whole = "  FROM            TO   LENGTH  MISSED  CLUSTER  REASON\n  01-01 00:00:00  now   1m30s       3  all      \
                     http://10.30.0.5:8030/metrics: connection refused (31×)\n\n  runs: 4 expected, 1 made, 0 with a failed \
                     cluster";
        assert_eq!((shown(None), shown(Some(103))), (whole.to_owned(), whole.to_owned()));
        let narrow = "  FROM            TO   LENGTH  MISSED  CLUSTER  REASON\n  01-01 00:00:00  now   1m30s       3  all\n    \
                      http://10.30.0.5:8030/metrics: connection refused (31×)\n";
        assert_eq!(shown(Some(60)), narrow);
    }

    #[test]
    fn what_has_ended_misses_nothing_until_it_answers_or_fails() {
        let found = |within: &[Seen], end: i64| {
            let holes = holes(None, within, 0, end * 1000, 30_000, true);
            holes
                .into_iter()
                .map(|hole| (hole.from / 1000, hole.to.map(|to| to / 1000), hole.missed))
                .collect::<Vec<_>>()
        };
        let end = |at: i64| Seen { answered: false, ended: true, ..seen(&[at])[0] };
        let life = [seen(&[2, 32]), vec![end(62)], seen(&[902, 932]), vec![end(962)]].concat();
        assert_eq!(found(&life, 9000), []);
        // It fails twice before it is gone, and after that until now.
        let life = [seen(&[2, 32, -62, -92]), vec![end(122)], seen(&[-902, -932])].concat();
        assert_eq!(found(&life, 970), [(60, Some(120), 2), (900, None, 2)]);
        assert_eq!(absences(None, &life, 970_000), [(122_000, 902_000)]);
        assert_eq!(absences(Some(end(2)), &[], 970_000), [(2_000, 970_000)]);
        // Nobody looked between its last answer and the first refusal.
        assert_eq!(found(&[seen(&[2, 32]), vec![end(122)]].concat(), 970), [(60, Some(120), 2)]);
    }

    #[test]
    fn what_all_clusters_lack_is_one_line() {
        let gap = |cluster: &str, missed| Gap {
            target: Some((Kind::Cluster, cluster.to_owned())),
            from: 60_000,
            to: None,
            length: 90_000,
            missed,
            reason: "no run at all".to_owned(),
        };
        let two = || vec![gap("a", 3), gap("b", 4)];
        let there = Vec::new;
        let all = [Gap { target: None, missed: 7, ..gap("a", 0) }];
        assert_eq!(merged(two(), &[there(), there()], 90_000), all);
        assert_eq!(merged(two(), &[there(), there(), there()], 90_000), two());
        // A third one was not there all the time, or only at its end.
        assert_eq!(merged(two(), &[there(), there(), vec![(30_000, 90_000)]], 90_000), all);
        assert_eq!(merged(two(), &[there(), there(), vec![(70_000, 90_000)]], 90_000), two());
    }
}
