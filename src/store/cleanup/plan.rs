//! The plan: a function of the file and of what is asked for.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::weigh::Weigher;
use super::{Space, Span, Wish, day_of};
use crate::catalogue::Catalogue;
use crate::days::Day;
use crate::sample::Millis;
use crate::settings::Kind;
use crate::store::daily::{self, Selection, Why};
use crate::store::tables::{self, KnownTarget, Tables};

const DAY: Millis = 86_400_000;

#[derive(Clone, Debug)]
pub struct Plan {
    /// Clusters, then applications, by name; those of which nothing goes and nothing is held too.
    pub targets: Vec<TargetPlan>,
    /// Where the kept snapshots begin, held ones apart: the wish, or later when the file has to become smaller.
    pub before: Millis,
    /// Runs of which no snapshot is left; the records of their fetches go with them.
    pub runs: i64,
    pub runs_before: Millis,
    /// A run that begins after the plan was made is none of them, whatever its clock says.
    pub newest_run: i64,
    /// The first day that stays: `2024-11-22`.
    pub days_before: Option<String>,
    pub readings_before: Millis,
    /// Bytes that become free, estimated; None when nobody asked.
    pub bytes: Option<i64>,
    pub size: Option<Size>,
    pub step: Millis,
}

#[derive(Clone, Debug)]
pub struct TargetPlan {
    pub id: i64,
    pub name: String,
    pub kind: Kind,
    pub remove: Vec<Span>,
    pub snapshots: i64,
    /// The first and the last that go.
    pub range: Option<(Millis, Millis)>,
    pub held: Vec<Held>,
    pub thin: Option<Thinning>,
    /// How many of its days go, and how many stay.
    pub days: i64,
    pub days_kept: i64,
}

/// Snapshots that would go if their day were aggregated.
#[derive(Clone, Debug)]
pub struct Held {
    pub day: Day,
    pub snapshots: i64,
    pub because: Because,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// The day is not over.
    Running,
    /// It wants to be aggregated.
    Pending(Why),
}

/// The days of a target that are thinned.
#[derive(Clone, Debug)]
pub struct Thinning {
    pub days: Vec<Day>,
    /// Where the first of them is not thinned yet.
    pub from: Millis,
    pub snapshots: i64,
}

/// What a limit on the size did to the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub used: i64,
    pub most: i64,
    /// Estimated.
    pub after: i64,
    /// Whether snapshots go that are younger than the retention.
    pub early: bool,
}

impl Size {
    /// Whether the file fits afterwards.
    pub fn fits(&self) -> bool {
        self.after <= self.most
    }
}

impl Plan {
    pub fn snapshots(&self) -> i64 {
        self.targets.iter().map(|target| target.snapshots).sum()
    }

    pub fn days(&self) -> i64 {
        self.targets.iter().map(|target| target.days).sum()
    }

    pub fn days_kept(&self) -> i64 {
        self.targets.iter().map(|target| target.days_kept).sum()
    }

    pub fn thinned(&self) -> i64 {
        self.targets.iter().filter_map(|target| target.thin.as_ref()).map(|thin| thin.snapshots).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.snapshots() + self.runs + self.days() + self.thinned() == 0
    }
}

/// The newest snapshot before the clock took a step of more than a day.
///
/// The newest of all is not enough: after a step the next collection comes before the next cleanup, and has the new time.
pub fn clock_doubt(connection: &Connection, now: Millis) -> rusqlite::Result<Option<Millis>> {
    let targets = tables::targets(connection)?;
    let newest = |until: Millis| -> rusqlite::Result<Option<Millis>> {
        let mut newest = None;
        for target in &targets {
            let own = Tables::of(target.kind).own_snapshots();
            let last: Option<Millis> = connection
                .prepare_cached(&format!("SELECT max(collected_at) FROM {own} AND collected_at <= ?2"))?
                .query_row([target.id, until], |row| row.get(0))?;
            newest = newest.max(last);
        }
        Ok(newest)
    };
    let Some(last) = newest(Millis::MAX)? else { return Ok(None) };
    if now - last > DAY {
        return Ok(Some(last));
    }
    Ok(newest(now - DAY)?.filter(|earlier| now - earlier > 2 * DAY))
}

pub fn plan(connection: &Connection, wish: &Wish, catalogue: &Catalogue) -> rusqlite::Result<Plan> {
    // One view of the file: a collection may go on meanwhile.
    let reading = connection.unchecked_transaction()?;
    let pending = pending(&reading, wish, catalogue)?;
    let known = tables::targets(&reading)?;
    let used = Space::of(&reading)?.used();
    let weights = match wish.weigh || wish.max_size.is_some_and(|most| used > most) {
        true => Some(Weigher::new(&reading, &known)?),
        false => None,
    };

    let mut before = wish.before;
    let mut targets = candidates(&reading, &known, wish, &pending, before)?;
    let mut size = wish.max_size.map(|most| Size { used, most, after: used, early: false });
    if let (Some(size), Some(weights)) = (&mut size, &weights) {
        let most = size.most;
        let mut after = weights.left_of(used, &targets);
        while after > most {
            // A day more of all targets.
            let Some(next) = next_day(&reading, &known, wish, before)? else { break };
            before = next;
            targets = candidates(&reading, &known, wish, &pending, before)?;
            after = weights.left_of(used, &targets);
        }
        (size.after, size.early) = (after, before > wish.before);
    }
    let runs_before = oldest_kept(&reading, &targets, before)?;
    let runs: i64 =
        reading.query_row("SELECT count(*) FROM runs WHERE started_at < ?1", [runs_before], |row| row.get(0))?;
    let newest_run = reading.query_row("SELECT coalesce(max(id), 0) FROM runs", [], |row| row.get(0))?;

    let days_before = wish.daily_before.and_then(|at| day_of(at, wish.zone)).map(|day| day.name());
    for (target, known) in targets.iter_mut().zip(&known) {
        (target.days, target.days_kept) = days(&reading, target, days_before.as_deref())?;
        if let Some(thin) = wish.thin {
            let from = known.thinned_to.unwrap_or(Millis::MIN).max(before);
            target.thin = thinning(&reading, target, wish, &pending, (from, thin.before))?;
        }
    }
    let bytes = weights.filter(|_| wish.weigh).map(|weights| weights.bytes(&targets));
    Ok(Plan {
        targets,
        before,
        runs,
        runs_before,
        newest_run,
        days_before,
        readings_before: wish.readings_before,
        bytes,
        size,
        step: wish.thin.map_or(0, |thin| thin.step),
    })
}

/// The days that want to be aggregated, each with the reason.
type Pending = HashMap<(i64, jiff::civil::Date), Why>;

fn pending(connection: &Connection, wish: &Wish, catalogue: &Catalogue) -> rusqlite::Result<Pending> {
    if wish.as_if_aggregated {
        return Ok(Pending::new());
    }
    let selection = Selection { zone: wish.zone, now: wish.now, between: None, recompute: false };
    let pending = daily::pending(connection, &selection, catalogue)?;
    Ok(pending.days.into_values().flatten().map(|work| ((work.target_id, work.day.date), work.why)).collect())
}

/// What of each target would go if snapshots were kept from `before` on.
fn candidates(
    connection: &Connection,
    known: &[KnownTarget],
    wish: &Wish,
    pending: &Pending,
    before: Millis,
) -> rusqlite::Result<Vec<TargetPlan>> {
    let mut targets = Vec::with_capacity(known.len());
    for known in known {
        let mut target = TargetPlan {
            id: known.id,
            name: known.name.clone(),
            kind: known.kind,
            remove: Vec::new(),
            snapshots: 0,
            range: None,
            held: Vec::new(),
            thin: None,
            days: 0,
            days_kept: 0,
        };
        let owner = (known.kind, known.id);
        let mut from = Millis::MIN;
        while let Some((day, first)) = day_from(connection, owner, from, wish)?.filter(|(_, first)| *first < before) {
            let span = Span { from: first, to: day.ends_at.min(before) };
            from = day.ends_at;
            let (snapshots, last) = counted(connection, owner, span)?;
            let because = match pending.get(&(known.id, day.date)) {
                _ if day.ends_at > wish.now => Some(Because::Running),
                why => why.map(|why| Because::Pending(*why)),
            };
            if let Some(because) = because {
                target.held.push(Held { day, snapshots, because });
                continue;
            }
            target.snapshots += snapshots;
            target.range = Some((target.range.map_or(first, |(first, _)| first), last));
            match target.remove.last_mut() {
                Some(open) if target.held.is_empty() => open.to = span.to,
                _ => target.remove.push(span),
            }
        }
        targets.push(target);
    }
    Ok(targets)
}

/// The first day at or after a moment that has snapshots, and the first of them.
fn day_from(
    connection: &Connection,
    (kind, id): (Kind, i64),
    from: Millis,
    wish: &Wish,
) -> rusqlite::Result<Option<(Day, Millis)>> {
    let own = Tables::of(kind).own_snapshots();
    let first: Option<Millis> = connection
        .prepare_cached(&format!("SELECT min(collected_at) FROM {own} AND collected_at >= ?2"))?
        .query_row([id, from], |row| row.get(0))?;
    Ok(first.and_then(|first| Some((day_of(first, wish.zone)?, first))))
}

fn counted(connection: &Connection, (kind, id): (Kind, i64), span: Span) -> rusqlite::Result<(i64, Millis)> {
    connection
        .prepare_cached(&format!(
            "SELECT count(*), coalesce(max(collected_at), ?2) FROM {} AND collected_at >= ?2 AND collected_at < ?3",
            Tables::of(kind).own_snapshots()
        ))?
        .query_row([id, span.from, span.to], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// How many days of a target go, and how many stay.
fn days(connection: &Connection, target: &TargetPlan, before: Option<&str>) -> rusqlite::Result<(i64, i64)> {
    connection
        .prepare_cached(&format!(
            "SELECT coalesce(sum(day < ?2), 0), coalesce(sum(day >= ?2), 0) FROM {}",
            Tables::of(target.kind).own_days()
        ))?
        .query_row(params![target.id, before.unwrap_or("")], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The end of the oldest day, of any target, that has snapshots from `before` on; None when it is not over.
fn next_day(
    connection: &Connection,
    known: &[KnownTarget],
    wish: &Wish,
    before: Millis,
) -> rusqlite::Result<Option<Millis>> {
    let mut ends = Vec::new();
    for known in known {
        ends.extend(day_from(connection, (known.kind, known.id), before, wish)?.map(|(day, _)| day.ends_at));
    }
    Ok(ends.into_iter().min().filter(|ends_at| *ends_at <= wish.now))
}

/// The oldest snapshot that stays, or `before`.
fn oldest_kept(connection: &Connection, targets: &[TargetPlan], before: Millis) -> rusqlite::Result<Millis> {
    let mut oldest = before;
    for target in targets {
        if let Some(held) = target.held.first() {
            let from = held.day.begins_at;
            let own = Tables::of(target.kind).own_snapshots();
            let first: Option<Millis> = connection
                .prepare_cached(&format!("SELECT min(collected_at) FROM {own} AND collected_at >= ?2"))?
                .query_row([target.id, from], |row| row.get(0))?;
            oldest = oldest.min(first.unwrap_or(from));
        }
    }
    Ok(oldest)
}

fn thinning(
    connection: &Connection,
    target: &TargetPlan,
    wish: &Wish,
    pending: &Pending,
    (from, before): (Millis, Millis),
) -> rusqlite::Result<Option<Thinning>> {
    let mut found: Option<Thinning> = None;
    let mut next = from;
    let owner = (target.kind, target.id);
    while let Some((day, first)) = day_from(connection, owner, next, wish)? {
        // Days are thinned in their order: the watermark is one moment.
        if day.ends_at > before || day.ends_at > wish.now || pending.contains_key(&(target.id, day.date)) {
            break;
        }
        next = day.ends_at;
        let (snapshots, _) = counted(connection, owner, Span { from: first, to: day.ends_at })?;
        let thinning = found.get_or_insert_with(|| Thinning { days: Vec::new(), from, snapshots: 0 });
        thinning.snapshots += snapshots;
        thinning.days.push(day);
    }
    Ok(found)
}
