//! What is known of the collecting itself, as samples: when a run last stored its rows, how often one should, and how
//! often in a row a target did not answer.

use rusqlite::{Connection, OptionalExtension, params};

use crate::catalogue::recorded::{COLLECTOR_INTERVAL, COLLECTOR_LAST_SUCCESS, TARGET_FAILED_FETCHES, TARGET_FAILURES};
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
        found.extend(of_targets(
            connection,
            TARGET_FAILURES,
            // What is no longer collected at all fails no more.
            "SELECT kind, name, last_collected_at, failures, last_collected_at + 24 * 3600000 FROM targets WHERE last_collected_at NOT NULL ORDER BY name",
        )?);
    }
    if is_wanted(TARGET_FAILED_FETCHES) {
        found.extend(of_targets(
            connection,
            TARGET_FAILED_FETCHES,
            "SELECT kind, name, last_collected_at,
                 (SELECT count(*) FROM failed_fetches CROSS JOIN endpoints ON endpoints.id = endpoint_id
                  WHERE endpoints.cluster_id = targets.id AND run_id = snapshots.run_id AND error IS NOT NULL AND NOT mended),
                 last_collected_at + max(300000, 2 * coalesce(interval_ms, 0))
             FROM targets CROSS JOIN metrics_snapshots AS snapshots
             ON snapshots.cluster_id = targets.id AND collected_at = last_collected_at ORDER BY name",
        )?);
    }
    found.retain(|series| !series.points.is_empty());
    Ok(found)
}

/// The newest value of each target, from rows of kind, name, moment, value and the moment until which it speaks.
fn of_targets(connection: &Connection, name: &str, rows: &str) -> rusqlite::Result<Vec<Series>> {
    let mut statement = connection.prepare(rows)?;
    let series = statement.query_map([], |row| {
        let (kind, target): (String, String) = (row.get(0)?, row.get(1)?);
        let points = vec![Point { at: row.get(2)?, value: row.get(3)? }, crate::history::stale(row.get(4)?)];
        Ok(one(name, Labels::of([(kind.as_str(), target.as_str())]), points))
    })?;
    series.collect()
}

fn one(name: &str, labels: Labels, points: Vec<Point>) -> Series {
    Series { name: name.into(), labels, points }
}
