//! `stellar report --gaps`: asks the history when there are no figures and what its runs say about it.

use rusqlite::Connection;

use crate::report::gaps::{Gap, Gaps, Hole, absences, holes, merged};
use crate::sample::{Millis, lapse, millis};
use crate::settings::{Kind, Loaded};
use crate::store::gaps;
use crate::store::tables::KnownTarget;
use crate::words;

/// Of these targets.
pub(super) fn find(
    connection: &Connection,
    loaded: &Loaded,
    targets: &[KnownTarget],
    (since, until): (Millis, Millis),
    now: Millis,
) -> rusqlite::Result<Gaps> {
    let (mut found, mut away, mut first) = (Vec::new(), Vec::new(), until);
    // A target that left the configuration is not missed.
    let is_collected = |name: &str| loaded.path.is_none() || loaded.settings.targets().any(|own| own.name() == name);
    let end = until.min(now);
    let noun = noun(targets);
    for target in targets {
        let own = millis(loaded.settings.interval_of(&target.name));
        let (before, within) = gaps::seen(connection, target, since, end)?;
        first = first.min(before.or(within.first().copied()).map_or(end, |seen| seen.at));
        away.push(absences(before, &within, end));
        for hole in holes(before, &within, since, end, own, until >= now) {
            if hole.to.is_none() && !is_collected(&target.name) {
                continue;
            }
            found.push(gap(connection, (target, noun), hole, end, now)?);
        }
    }
    let intervals = targets.iter().map(|target| millis(loaded.settings.interval_of(&target.name)));
    let shortest = intervals.min().unwrap_or(1).max(1);
    let from = first.max(since);
    Ok(Gaps {
        since,
        until,
        now,
        gaps: merged(found, &away, end),
        steps: gaps::steps_back(connection, since, until)?,
        runs: gaps::runs(connection, since, until)?,
        // The slot that runs is one of them.
        expected_runs: (end + shortest - 1).div_euclid(shortest) - from.div_euclid(shortest),
        noun,
    })
}

fn noun(targets: &[KnownTarget]) -> &'static str {
    match targets.iter().find(|target| target.kind != Kind::Cluster) {
        None => Kind::Cluster.name(),
        Some(other) if targets.iter().all(|target| target.kind == other.kind) => other.kind.name(),
        Some(_) => "target",
    }
}

fn gap(
    connection: &Connection,
    (target, noun): (&KnownTarget, &str),
    hole: Hole,
    end: Millis,
    now: Millis,
) -> rusqlite::Result<Gap> {
    let to = hole.to.unwrap_or(end);
    let (commonest, tries) = gaps::reason(connection, target, hole.from, to)?;
    let mut reason = match commonest {
        Some((url, error)) if tries > 0 => format!("{url}: {error} ({tries}×)"),
        _ if tries > 0 && target.kind == Kind::Application => format!("it did not answer ({tries}×)"),
        _ if tries > 0 => format!("no frontend answered ({tries}×)"),
        _ if gaps::runs(connection, hole.from, to)?.made == 0 => {
            "no run at all (timer stopped or host down)".to_owned()
        }
        _ => format!("other {noun}s were collected, this one was not asked"),
    };
    if let Some(next) = target.next_try.filter(|next| hole.to.is_none() && *next > now) {
        let wait = lapse(next - now);
        reason.push_str(&format!(", next try in {} (backoff)", words::age(wait)));
    }
    Ok(Gap {
        target: Some((target.kind, target.name.clone())),
        from: hole.from,
        to: hole.to,
        length: to - hole.from,
        missed: hole.missed,
        reason,
    })
}
