//! The plan: a function of the file and of what is asked for.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, OptionalExtension, params};

use super::space::bytes_a_row;
use super::{Space, Span, Wish, day_of};
use crate::catalogue::Catalogue;
use crate::days::Day;
use crate::sample::Millis;
use crate::store::KNOWN_NODES;
use crate::store::daily::{self, Selection, Why};

const DAY: Millis = 86_400_000;

#[derive(Clone, Debug)]
pub struct Plan {
    /// By name; those of which nothing goes and nothing is held too.
    pub clusters: Vec<ClusterPlan>,
    /// Where the kept snapshots begin, held ones apart: the wish, or later when the file has to become smaller.
    pub before: Millis,
    /// Runs of which no snapshot is left; the records of their fetches go with them.
    pub runs: i64,
    pub runs_before: Millis,
    /// A run that begins after the plan was made is none of them, whatever its clock says.
    pub newest_run: i64,
    /// Rows of days of clusters that go, and that stay.
    pub days: i64,
    pub days_kept: i64,
    /// The first day that stays: `2024-11-22`.
    pub days_before: Option<String>,
    pub readings_before: Millis,
    /// Bytes that become free, estimated; None when nobody asked.
    pub bytes: Option<i64>,
    pub size: Option<Size>,
    pub step: Millis,
}

#[derive(Clone, Debug)]
pub struct ClusterPlan {
    pub id: i64,
    pub name: String,
    pub remove: Vec<Span>,
    pub snapshots: i64,
    /// The first and the last that go.
    pub range: Option<(Millis, Millis)>,
    pub held: Vec<Held>,
    pub thin: Option<Thinning>,
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

/// The days of a cluster that are thinned.
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
        self.clusters.iter().map(|cluster| cluster.snapshots).sum()
    }

    pub fn thinned(&self) -> i64 {
        self.clusters.iter().filter_map(|cluster| cluster.thin.as_ref()).map(|thin| thin.snapshots).sum()
    }

    pub fn is_empty(&self) -> bool {
        self.snapshots() + self.runs + self.days + self.thinned() == 0
    }
}

/// The newest snapshot before the clock took a step of more than a day.
///
/// The newest of all is not enough: after a step the next collection comes before the next cleanup, and has the new time.
pub fn clock_doubt(connection: &Connection, now: Millis) -> rusqlite::Result<Option<Millis>> {
    let newest = |until: Millis| -> rusqlite::Result<Option<Millis>> {
        connection
            .prepare_cached(
                "SELECT max((SELECT max(collected_at) FROM metrics_snapshots
                             WHERE cluster_id = clusters.id AND collected_at <= ?1)) FROM clusters",
            )?
            .query_row([until], |row| row.get(0))
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
    let ids: Vec<(i64, String, Option<Millis>)> = reading
        .prepare("SELECT id, name, thinned_to FROM clusters ORDER BY name")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let used = Space::of(&reading)?.used();
    let weights = match wish.weigh || wish.max_size.is_some_and(|most| used > most) {
        true => Some(Weigher::new(&reading, &ids)?),
        false => None,
    };

    let mut before = wish.before;
    let mut clusters = candidates(&reading, &ids, wish, &pending, before)?;
    let mut size = wish.max_size.map(|most| Size { used, most, after: used, early: false });
    if let (Some(size), Some(weights)) = (&mut size, &weights) {
        let most = size.most;
        let mut after = weights.left_of(used, &clusters);
        while after > most {
            // A day more of all clusters.
            let Some(next) = next_day(&reading, &ids, wish, before)? else { break };
            before = next;
            clusters = candidates(&reading, &ids, wish, &pending, before)?;
            after = weights.left_of(used, &clusters);
        }
        (size.after, size.early) = (after, before > wish.before);
    }
    let runs_before = oldest_kept(&reading, &clusters, before)?;
    let runs: i64 =
        reading.query_row("SELECT count(*) FROM runs WHERE started_at < ?1", [runs_before], |row| row.get(0))?;
    let newest_run = reading.query_row("SELECT coalesce(max(id), 0) FROM runs", [], |row| row.get(0))?;

    let days_before = wish.daily_before.and_then(|at| day_of(at, wish.zone)).map(|day| day.name());
    let (days, days_kept) = reading.query_row(
        "SELECT coalesce(sum(day < ?1), 0), coalesce(sum(day >= ?1), 0) FROM daily_snapshots",
        [days_before.as_deref().unwrap_or("")],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    if let Some(thin) = wish.thin {
        for (cluster, (_, _, thinned_to)) in clusters.iter_mut().zip(&ids) {
            let from = thinned_to.unwrap_or(Millis::MIN).max(before);
            cluster.thin = thinning(&reading, cluster.id, wish, &pending, (from, thin.before))?;
        }
    }
    let bytes = weights.filter(|_| wish.weigh).map(|weights| weights.bytes(&clusters));
    Ok(Plan {
        clusters,
        before,
        runs,
        runs_before,
        newest_run,
        days,
        days_kept,
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
    Ok(pending.days.into_values().flatten().map(|work| ((work.cluster_id, work.day.date), work.why)).collect())
}

/// What of each cluster would go if snapshots were kept from `before` on.
fn candidates(
    connection: &Connection,
    ids: &[(i64, String, Option<Millis>)],
    wish: &Wish,
    pending: &Pending,
    before: Millis,
) -> rusqlite::Result<Vec<ClusterPlan>> {
    let mut clusters = Vec::with_capacity(ids.len());
    for (id, name, _) in ids {
        let mut cluster = ClusterPlan {
            id: *id,
            name: name.clone(),
            remove: Vec::new(),
            snapshots: 0,
            range: None,
            held: Vec::new(),
            thin: None,
        };
        let mut from = Millis::MIN;
        while let Some((day, first)) = day_from(connection, *id, from, wish)?.filter(|(_, first)| *first < before) {
            let span = Span { from: first, to: day.ends_at.min(before) };
            from = day.ends_at;
            let (snapshots, last) = counted(connection, *id, span)?;
            let because = match pending.get(&(*id, day.date)) {
                _ if day.ends_at > wish.now => Some(Because::Running),
                why => why.map(|why| Because::Pending(*why)),
            };
            if let Some(because) = because {
                cluster.held.push(Held { day, snapshots, because });
                continue;
            }
            cluster.snapshots += snapshots;
            cluster.range = Some((cluster.range.map_or(first, |(first, _)| first), last));
            match cluster.remove.last_mut() {
                Some(open) if cluster.held.is_empty() => open.to = span.to,
                _ => cluster.remove.push(span),
            }
        }
        clusters.push(cluster);
    }
    Ok(clusters)
}

/// The first day at or after a moment that has snapshots, and the first of them.
fn day_from(
    connection: &Connection,
    cluster_id: i64,
    from: Millis,
    wish: &Wish,
) -> rusqlite::Result<Option<(Day, Millis)>> {
    let first: Option<Millis> = connection
        .prepare_cached("SELECT min(collected_at) FROM metrics_snapshots WHERE cluster_id = ?1 AND collected_at >= ?2")?
        .query_row(params![cluster_id, from], |row| row.get(0))?;
    Ok(first.and_then(|first| Some((day_of(first, wish.zone)?, first))))
}

fn counted(connection: &Connection, cluster_id: i64, span: Span) -> rusqlite::Result<(i64, Millis)> {
    connection
        .prepare_cached(
            "SELECT count(*), coalesce(max(collected_at), ?2) FROM metrics_snapshots
             WHERE cluster_id = ?1 AND collected_at >= ?2 AND collected_at < ?3",
        )?
        .query_row(params![cluster_id, span.from, span.to], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The end of the oldest day, of any cluster, that has snapshots from `before` on; None when it is not over.
fn next_day(
    connection: &Connection,
    ids: &[(i64, String, Option<Millis>)],
    wish: &Wish,
    before: Millis,
) -> rusqlite::Result<Option<Millis>> {
    let mut ends = Vec::new();
    for (id, _, _) in ids {
        ends.extend(day_from(connection, *id, before, wish)?.map(|(day, _)| day.ends_at));
    }
    Ok(ends.into_iter().min().filter(|ends_at| *ends_at <= wish.now))
}

/// The oldest snapshot that stays, or `before`.
fn oldest_kept(connection: &Connection, clusters: &[ClusterPlan], before: Millis) -> rusqlite::Result<Millis> {
    let mut oldest = before;
    for cluster in clusters {
        if let Some(held) = cluster.held.first() {
            let from = held.day.begins_at;
            let first: Option<Option<Millis>> = connection
                .prepare_cached(
                    "SELECT min(collected_at) FROM metrics_snapshots WHERE cluster_id = ?1 AND collected_at >= ?2",
                )?
                .query_row(params![cluster.id, from], |row| row.get(0))
                .optional()?;
            oldest = oldest.min(first.flatten().unwrap_or(from));
        }
    }
    Ok(oldest)
}

fn thinning(
    connection: &Connection,
    cluster_id: i64,
    wish: &Wish,
    pending: &Pending,
    (from, before): (Millis, Millis),
) -> rusqlite::Result<Option<Thinning>> {
    let mut found: Option<Thinning> = None;
    let mut next = from;
    while let Some((day, first)) = day_from(connection, cluster_id, next, wish)? {
        // Days are thinned in their order: the watermark is one moment.
        if day.ends_at > before || day.ends_at > wish.now || pending.contains_key(&(cluster_id, day.date)) {
            break;
        }
        next = day.ends_at;
        let (snapshots, _) = counted(connection, cluster_id, Span { from: first, to: day.ends_at })?;
        let thinning = found.get_or_insert_with(|| Thinning { days: Vec::new(), from, snapshots: 0 });
        thinning.snapshots += snapshots;
        thinning.days.push(day);
    }
    Ok(found)
}

/// How many bytes the rows of a plan take.
struct Weigher {
    /// Of a snapshot with those of its nodes and the records of its fetches, by cluster.
    snapshot: BTreeMap<i64, f64>,
}

impl Weigher {
    fn new(connection: &Connection, ids: &[(i64, String, Option<Millis>)]) -> rusqlite::Result<Self> {
        let [cluster, node, run, failure] = ["metrics_snapshots", "node_snapshots", "good_fetches", "failed_fetches"]
            .map(|table| bytes_a_row(connection, table));
        let (cluster, node, run, failure) = (cluster?, node?, run?, failure?);
        let mut snapshot = BTreeMap::new();
        for (id, _, _) in ids {
            // As many as the cluster has now.
            let nodes: i64 = connection
                .prepare_cached(&format!("{KNOWN_NODES} SELECT count(name) FROM known"))?
                .query_row([id], |row| row.get(0))?;
            let failures: i64 = connection
                .prepare_cached(
                    "SELECT count(*) FROM failed_fetches CROSS JOIN endpoints ON endpoints.id = endpoint_id
                     WHERE cluster_id = ?1 AND run_id = (SELECT run_id FROM metrics_snapshots WHERE cluster_id = ?1
                                                         ORDER BY collected_at DESC LIMIT 1)",
                )?
                .query_row([id], |row| row.get(0))?;
            let share: f64 = connection
                .prepare_cached("SELECT coalesce(avg(cluster_id = ?1), 0.0) FROM endpoints")?
                .query_row([id], |row| row.get(0))?;
            snapshot.insert(*id, cluster + node * nodes as f64 + run * share + failure * failures as f64);
        }
        Ok(Self { snapshot })
    }

    /// What is surely free afterwards: pages at the ends of what goes stay half full.
    fn left_of(&self, used: i64, clusters: &[ClusterPlan]) -> i64 {
        (used - self.bytes(clusters) / 20 * 19).max(0)
    }

    fn bytes(&self, clusters: &[ClusterPlan]) -> i64 {
        let each = |cluster: &ClusterPlan| {
            cluster.snapshots as f64 * self.snapshot.get(&cluster.id).copied().unwrap_or_default()
        };
        clusters.iter().map(each).sum::<f64>() as i64
    }
}
