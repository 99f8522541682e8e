//! What is known of the collecting itself, as samples: when a run last stored its rows, how often one should, and how
//! often in a row a target did not answer.

use rusqlite::{Connection, OptionalExtension, params};

use crate::catalogue::recorded::{COLLECTOR_INTERVAL, COLLECTOR_LAST_SUCCESS, TARGET_FAILURES};
use crate::promql::Selector;
use crate::sample::{Labels, Millis, Point, Series};

/// The series that a selector reads, from `since` to `until`.
pub(super) fn series(
    connection: &Connection,
    selectors: &[Selector],
    since: Millis,
    until: Millis,
) -> rusqlite::Result<Vec<Series>> {
    let is_wanted = |name: &str| selectors.iter().any(|selector| selector.name.as_deref() == Some(name));
    let mut found = Vec::new();
    if is_wanted(COLLECTOR_LAST_SUCCESS) {
        let mut statement =
            connection.prepare("SELECT started_at FROM runs WHERE started_at BETWEEN ?1 AND ?2 ORDER BY started_at")?;
        let before: Option<Millis> = connection
            .query_row(
                "SELECT started_at FROM runs WHERE started_at < ?1 ORDER BY started_at DESC LIMIT 1",
                [since],
                |row| row.get(0),
            )
            .optional()?;
        let runs = statement.query_map(params![since, until], |row| row.get(0))?;
        let runs = runs.collect::<rusqlite::Result<Vec<Millis>>>()?;
        let points = before.into_iter().chain(runs).map(|at| Point { at, value: at as f64 / 1000.0 });
        found.push(one(COLLECTOR_LAST_SUCCESS, Labels::empty(), points.collect()));
    }
    if is_wanted(COLLECTOR_INTERVAL) {
        // CROSS: from the few targets to a row of each. SQLite would go through all snapshots and look their targets up.
        let shortest: Option<Millis> = connection.query_row(
            "SELECT min(interval_ms) FROM (
                 SELECT interval_ms FROM targets CROSS JOIN metrics_snapshots
                 ON cluster_id = targets.id AND collected_at = last_collected_at
                 UNION ALL
                 SELECT interval_ms FROM targets CROSS JOIN batch_snapshots
                 ON application_id = targets.id AND database = '' AND \"table\" = '' AND test_name = ''
                    AND collected_at = last_answer)",
            [],
            |row| row.get(0),
        )?;
        let point = shortest.map(|millis| Point { at: 0, value: millis as f64 / 1000.0 });
        found.push(one(COLLECTOR_INTERVAL, Labels::empty(), point.into_iter().collect()));
    }
    if is_wanted(TARGET_FAILURES) {
        let mut statement = connection.prepare(
            "SELECT kind, name, failures, last_collected_at FROM targets WHERE last_collected_at NOT NULL ORDER BY name",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
            let point = Point { at: row.get(3)?, value: row.get(2)? };
            let labels = Labels::of([(kind.as_str(), name.as_str())]);
            let mut series = one(TARGET_FAILURES, labels, vec![point]);
            // What is no longer collected fails no more.
            series.points.push(crate::history::stale(point.at.saturating_add(24 * 3_600_000)));
            found.push(series);
        }
    }
    found.retain(|series| !series.points.is_empty());
    Ok(found)
}

fn one(name: &str, labels: Labels, points: Vec<Point>) -> Series {
    Series { name: name.into(), labels, points }
}
