//! `stellar report --runs`: how the collector itself is doing.

use super::super::Status;
use super::super::sheet::{Cell, Column, Range, Row, Sheet, Table};
use crate::days::fold::Fold;
use crate::sample::Millis;
use crate::settings::metric_entry::{Statistic, Unit};
use crate::store::read::runs::{Asked, Run};
use crate::words;

/// Runs in slots of `step`, oldest first, then the targets.
pub fn sheet(runs: &[Run], targets: &[Asked], range: Range, step: Millis) -> Sheet {
    let failed = runs.iter().filter(|run| run.failed > 0).count();
    let title = match runs.len() {
        0 => "no run".to_owned(),
        number => format!("{}, {failed} with a target that failed", words::count(number, "run")),
    };
    let mut sheet = Sheet { range: Some(range), ..Sheet::new("runs", title) };
    let longest = runs.iter().max_by_key(|run| run.took_ms);
    sheet.facts.extend(longest.map(|run| {
        let took = std::time::Duration::from_millis(u64::try_from(run.took_ms).unwrap_or_default());
        format!("longest {}", words::took(took))
    }));
    sheet.tables.push(of_runs(runs, range, step));
    sheet.tables.push(of_targets(targets));
    sheet
}

fn of_runs(runs: &[Run], range: Range, step: Millis) -> Table {
    let columns = vec![
        Column::text("from", "FROM", 9),
        Column::figure("runs", "RUNS", Unit::Count, 9),
        Column::figure("failed", "FAILED", Unit::Count, 8),
        Column::figure("took_p50_seconds", "TOOK P50", Unit::Seconds, 5),
        Column::figure("took_p95_seconds", "TOOK P95", Unit::Seconds, 6),
        Column::figure("took_max_seconds", "TOOK MAX", Unit::Seconds, 7),
        Column::figure("snapshots", "SNAPSHOTS", Unit::Count, 4),
        Column::figure("samples", "SAMPLES", Unit::Count, 4),
    ];
    const TIMES: [Statistic; 3] = [Statistic::P50, Statistic::P95, Statistic::Max];
    let mut rows = Vec::new();
    let mut from = range.since;
    while from < range.until && step > 0 {
        let own = runs.iter().filter(|run| (from..from + step).contains(&run.started_at));
        let mut fold = Fold::new([TIMES.as_slice()].into_iter());
        let (mut count, mut failed, mut stored, mut samples) = (0, 0, 0, 0);
        for run in own {
            fold.add(0, run.took_ms as f64 / 1000.0, 1.0);
            count += 1;
            failed += i64::from(run.failed > 0);
            stored += run.stored;
            samples += run.samples;
        }
        let figures = [count, failed].map(|figure| Cell::from(Some(figure as f64)));
        let mut cells = vec![Cell::Moment(Some(from))];
        cells.extend(figures);
        cells.extend(fold.finish().into_iter().map(Cell::from));
        cells.extend([stored, samples].map(|figure| Cell::from((count > 0).then_some(figure as f64))));
        rows.push(Row { group: None, cells });
        from += step;
    }
    Table { key: "runs", heading: None, columns, rows }
}

fn of_targets(targets: &[Asked]) -> Table {
    let columns = vec![
        Column::text("status", "STATUS", 9),
        Column::text("target", "TARGET", 9),
        Column::hidden("kind"),
        Column::text("collected_at", "COLLECTED", 5),
        Column::text("answered_at", "ANSWERED", 6),
        Column::figure("failures_in_a_row", "FAILURES", Unit::Count, 7),
        Column::text("next_try_at", "NEXT TRY", 4),
        Column::text("error", "ERROR", 8),
    ];
    let row = |target: &Asked| {
        // Whether that is bad is for the rules to say.
        let status = if target.failures > 0 || target.collected_at.is_none() { Status::NoData } else { Status::Ok };
        let cells = vec![
            Cell::Status(status),
            target.name.as_str().into(),
            target.kind.as_str().into(),
            Cell::Moment(target.collected_at),
            Cell::Moment(target.answered_at),
            Cell::from(Some(target.failures as f64)),
            target.next_try.map_or(Cell::Empty, |at| Cell::Moment(Some(at))),
            target.error.as_deref().map_or(Cell::Empty, Cell::from),
        ];
        Row { group: None, cells }
    };
    Table { key: "targets", heading: Some("targets".to_owned()), columns, rows: targets.iter().map(row).collect() }
}
