//! `stellar report --gaps`: asks the history when there are no figures and what its runs say about it.

use rusqlite::Connection;

use crate::report::gaps::{Gap, Gaps, Hole, holes, merged};
use crate::sample::{Millis, lapse, millis};
use crate::settings::Loaded;
use crate::store::gaps::{self, KnownCluster};
use crate::words;

/// Of the clusters that were named, or of all.
pub(super) fn find(
    connection: &Connection,
    loaded: &Loaded,
    names: &[String],
    (since, until): (Millis, Millis),
    now: Millis,
) -> rusqlite::Result<Gaps> {
    let clusters: Vec<KnownCluster> = gaps::clusters(connection)?
        .into_iter()
        .filter(|cluster| names.is_empty() || names.contains(&cluster.name))
        .collect();
    let (mut found, mut first) = (Vec::new(), until);
    // A cluster that left the configuration is not missed.
    let is_collected =
        |name: &str| loaded.path.is_none() || loaded.settings.clusters.iter().any(|cluster| cluster.name == name);
    let end = until.min(now);
    for cluster in &clusters {
        let own = millis(loaded.settings.interval_of(&cluster.name));
        let (before, within) = gaps::seen(connection, cluster.id, since, end)?;
        first = first.min(before.or(within.first().copied()).map_or(end, |seen| seen.at));
        for hole in holes(before, &within, since, end, own, until >= now) {
            if hole.to.is_none() && !is_collected(&cluster.name) {
                continue;
            }
            found.push(gap(connection, cluster, hole, end, now)?);
        }
    }
    let shortest =
        clusters.iter().map(|cluster| millis(loaded.settings.interval_of(&cluster.name))).min().unwrap_or(1).max(1);
    let from = first.max(since);
    Ok(Gaps {
        since,
        until,
        now,
        gaps: merged(found, clusters.len()),
        steps: gaps::steps_back(connection, since, until)?,
        runs: gaps::runs(connection, since, until)?,
        // The slot that runs is one of them.
        expected_runs: (end + shortest - 1).div_euclid(shortest) - from.div_euclid(shortest),
    })
}

fn gap(connection: &Connection, cluster: &KnownCluster, hole: Hole, end: Millis, now: Millis) -> rusqlite::Result<Gap> {
    let to = hole.to.unwrap_or(end);
    let (commonest, tries) = gaps::reason(connection, cluster.id, hole.from, to)?;
    let mut reason = match commonest {
        Some((url, error)) if tries > 0 => format!("{url}: {error} ({tries}×)"),
        _ if tries > 0 => format!("no frontend answered ({tries}×)"),
        _ if gaps::runs(connection, hole.from, to)?.made == 0 => {
            "no run at all (timer stopped or host down)".to_owned()
        }
        _ => "other clusters were collected, this one was not asked".to_owned(),
    };
    if let Some(next) = cluster.next_try.filter(|next| hole.to.is_none() && *next > now) {
        let wait = lapse(next - now);
        reason.push_str(&format!(", next try in {} (backoff)", words::age(wait)));
    }
    Ok(Gap {
        cluster: Some(cluster.name.clone()),
        from: hole.from,
        to: hole.to,
        length: to - hole.from,
        missed: hole.missed,
        reason,
    })
}
