//! The last row is the memory: the readings that the next run's rates and ranges need, a few bytes a series.
//!
//! A source (the page of a node, the rows of a `SHOW`) has one row a reading; the newest also carries the last value of
//! series that were gone this time, so that they are found "whatever their age".

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, params};

use crate::catalogue::collection::{Sample, Scrape};
use crate::catalogue::uses::Uses;
use crate::hash::{Map, Set};
use crate::sample::{Labels, Millis, Point, Series, Text};

/// What is remembered of one target.
#[derive(Debug, Default)]
pub struct TargetMemory {
    sources: BTreeMap<Text, Vec<Series>>,
    /// Rows with a period of their own, as last read.
    pub periodic: Vec<Scrape>,
    /// What is in the file is another process's and goes with the next readings.
    is_over: bool,
}

impl TargetMemory {
    /// All remembered series, for the evaluation.
    pub fn series(&self) -> Vec<Series> {
        self.sources.values().flatten().cloned().collect()
    }

    /// Forgets all: what was read is no beginning of what will be read.
    pub fn end(&mut self) {
        *self = Self { is_over: true, ..Self::default() };
    }
}

/// Layouts that were decoded already: most nodes share one.
pub type Layouts = HashMap<i64, Vec<(Text, Labels)>>;

/// Reads what is remembered of a target. Readings older than `oldest` no longer count.
pub fn load(
    connection: &Connection,
    cluster_id: i64,
    oldest: Millis,
    layouts: &mut Layouts,
) -> rusqlite::Result<TargetMemory> {
    let mut statement = connection.prepare_cached(
        "SELECT source, job, instance, scraped_at, layout_id, samples FROM previous_samples
         WHERE cluster_id = ?1 ORDER BY source, scraped_at",
    )?;
    let mut memory = TargetMemory::default();
    let mut places: Map<Text, Map<(Text, Labels), usize>> = Map::default();
    let mut rows = statement.query([cluster_id])?;
    while let Some(row) = rows.next()? {
        let source: Text = row.get::<_, String>(0)?.into();
        let (job, instance): (String, String) = (row.get(1)?, row.get(2)?);
        let (scraped_at, layout_id): (Millis, i64) = (row.get(3)?, row.get(4)?);
        let common = Labels::of([("job", job.as_str()), ("instance", instance.as_str())]);
        let layout = match layouts.get(&layout_id) {
            Some(layout) => layout,
            None => {
                let text: String =
                    connection
                        .query_row("SELECT series FROM sample_layouts WHERE id = ?1", [layout_id], |row| row.get(0))?;
                layouts.entry(layout_id).or_insert(decode_layout(&text))
            }
        };
        let points = decode_samples(row.get_ref(5)?.as_blob()?, scraped_at);
        let readings = layout.iter().zip(points).filter(|(_, point)| point.at >= oldest);
        if is_periodic(&source) {
            let samples = readings.clone().map(|((name, labels), point)| Sample {
                name: name.clone(),
                labels: labels.clone(),
                value: point.value,
            });
            let samples = samples.collect();
            // Rows come oldest first; only the newest reading is still present.
            memory.periodic.retain(|older| older.source != source);
            let common = Labels::empty();
            memory.periodic.push(Scrape { source: source.clone(), common, at: scraped_at, samples, periodic: true });
        }
        let series = memory.sources.entry(source.clone()).or_default();
        if series.is_empty() {
            // Within one reading no series comes twice; mostly there is no other.
            let reading = readings.map(|((name, labels), point)| Series {
                name: name.clone(),
                labels: join(&common, labels),
                points: vec![point],
            });
            series.extend(reading);
            continue;
        }
        let place_of_series = places.entry(source).or_insert_with(|| {
            let keys = series.iter().map(|series| (series.name.clone(), series.labels.clone()));
            keys.zip(0..).collect()
        });
        for ((name, labels), point) in readings {
            let labels = join(&common, labels);
            let place = *place_of_series.entry((name.clone(), labels.clone())).or_insert(series.len());
            match series.get_mut(place) {
                // A carried value stands in the newest row and in the one it came from.
                Some(known) if known.points.iter().any(|other| other.at == point.at) => {}
                Some(known) => {
                    known.points.push(point);
                    known.points.sort_by_key(|point| point.at);
                }
                None => series.push(Series { name: name.clone(), labels, points: vec![point] }),
            }
        }
    }
    Ok(memory)
}

/// Writes what this run's scrapes leave for the next one and drops what no expression can reach any more.
pub fn save(
    connection: &Connection,
    cluster_id: i64,
    scrapes: &[Scrape],
    memory: &TargetMemory,
    uses: &Uses,
    oldest: Millis,
) -> rusqlite::Result<()> {
    if memory.is_over {
        forget(connection, cluster_id)?;
    }
    let longest_range = uses.longest_range();
    for scrape in scrapes {
        let mut readings: Vec<(&Text, &Labels, Point)> = scrape
            .samples
            .iter()
            .filter(|sample| scrape.periodic || uses.remembers(&sample.name, &sample.labels))
            .map(|sample| (&sample.name, &sample.labels, Point { at: scrape.at, value: sample.value }))
            .collect();
        if readings.is_empty() {
            continue;
        }
        if !scrape.periodic {
            let present: Set<(&Text, &Labels)> = readings.iter().map(|(name, labels, _)| (*name, *labels)).collect();
            let gone = memory.sources.get(&scrape.source).into_iter().flatten();
            let gone = gone.filter(|series| !present.contains(&(&series.name, &series.labels)));
            let carried = gone.filter_map(|series| {
                let last = series.points.iter().rev().find(|point| point.at < scrape.at && point.at >= oldest)?;
                uses.remembers(&series.name, &series.labels).then_some((&series.name, &series.labels, *last))
            });
            readings.extend(carried);
        }
        let layout_id = layout_id(connection, &encode_layout(&readings, &scrape.common))?;
        let blob = encode_samples(&readings, scrape.at);
        let label = |name: &str| scrape.common.get(name).map_or("", |value| value);
        // Readings of a future that a corrected clock took back would hide the present ones.
        connection
            .prepare_cached(
                "DELETE FROM previous_samples WHERE cluster_id = ?1 AND source = ?2 AND (scraped_at <= ?3 OR scraped_at >= ?4)",
            )?
            .execute(params![cluster_id, &*scrape.source, scrape.at - longest_range, scrape.at])?;
        connection
            .prepare_cached(
                "INSERT INTO previous_samples (cluster_id, source, job, instance, scraped_at, layout_id, samples)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                cluster_id,
                &*scrape.source,
                label("job"),
                label("instance"),
                scrape.at,
                layout_id,
                blob
            ])?;
    }
    connection
        .prepare_cached("DELETE FROM previous_samples WHERE cluster_id = ?1 AND scraped_at < ?2")?
        .execute(params![cluster_id, oldest])?;
    Ok(())
}

/// Drops all that is remembered of a target.
pub fn forget(connection: &Connection, target_id: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM previous_samples WHERE cluster_id = ?1")?.execute([target_id])?;
    Ok(())
}

/// Drops layouts that no row uses any more.
pub fn forget_layouts(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM sample_layouts WHERE NOT EXISTS (SELECT 1 FROM previous_samples WHERE layout_id = sample_layouts.id)")?
        .execute([])?;
    Ok(())
}

fn is_periodic(source: &str) -> bool {
    use crate::collect::show::List;
    [List::Statistic, List::Transactions].iter().any(|list| *list.source() == *source)
}

fn layout_id(connection: &Connection, series: &str) -> rusqlite::Result<i64> {
    let known = connection
        .prepare_cached("SELECT id FROM sample_layouts WHERE series = ?1")?
        .query_row([series], |row| row.get(0));
    match known {
        Err(rusqlite::Error::QueryReturnedNoRows) => {
            connection.prepare_cached("INSERT INTO sample_layouts (series) VALUES (?1)")?.insert([series])
        }
        known => known,
    }
}

/// `[["name", "label", "value", …], …]`, without the labels that all series of the source have.
fn encode_layout(readings: &[(&Text, &Labels, Point)], common: &Labels) -> String {
    let series = readings.iter().map(|(name, labels, _)| {
        let own = labels.iter().filter(|(label, value)| common.get(label) != Some(value));
        std::iter::once(&***name).chain(own.flat_map(|(label, value)| [&**label, &**value])).collect()
    });
    let series: Vec<Vec<&str>> = series.collect();
    // Texts always have a form in JSON.
    serde_json::to_string(&series).unwrap_or_default()
}

/// A layout that cannot be read (somebody wrote into the table) remembers nothing.
fn decode_layout(text: &str) -> Vec<(Text, Labels)> {
    let series: Vec<Vec<String>> = serde_json::from_str(text).unwrap_or_default();
    let decoded = series.into_iter().filter_map(|texts| {
        let (name, labels) = texts.split_first()?;
        let labels = labels.chunks_exact(2).map(|pair| (Text::from(pair[0].as_str()), Text::from(pair[1].as_str())));
        Some((Text::from(name.as_str()), Labels::new(labels)))
    });
    decoded.collect()
}

fn join(common: &Labels, own: &Labels) -> Labels {
    if common.is_empty() {
        return own.clone();
    }
    Labels::new(common.iter().chain(own.iter()).map(|(name, value)| (name.clone(), value.clone())))
}

/// A value is 8 bytes, its age in milliseconds a variable number of 7-bit groups: one byte for a present one.
fn encode_samples(readings: &[(&Text, &Labels, Point)], at: Millis) -> Vec<u8> {
    let mut blob = Vec::with_capacity(readings.len() * 9);
    for (_, _, point) in readings {
        blob.extend_from_slice(&point.value.to_le_bytes());
        let mut age = u64::try_from(at - point.at).unwrap_or(0);
        while age >= 0x80 {
            blob.push(age as u8 | 0x80);
            age >>= 7;
        }
        blob.push(age as u8);
    }
    blob
}

fn decode_samples(mut blob: &[u8], at: Millis) -> Vec<Point> {
    let mut points = Vec::with_capacity(blob.len() / 9);
    while let Some((value, rest)) = blob.split_first_chunk::<8>() {
        let mut age: Millis = 0;
        let mut shift = 0;
        let mut used = 0;
        for byte in rest {
            used += 1;
            age |= Millis::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        points.push(Point { at: at.saturating_sub(age.max(0)), value: f64::from_le_bytes(*value) });
        blob = &rest[used..];
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_ages_come_back_as_they_were() {
        let (name, labels): (Text, Labels) = ("up".into(), Labels::empty());
        let points = [(0, 1.5), (127, f64::NEG_INFINITY), (128, -0.0), (604_800_000, 9e15)];
        let readings: Vec<_> = points
            .iter()
            .map(|(age, value)| (&name, &labels, Point { at: 1_795_314_538_000 - age, value: *value }))
            .collect();
        let blob = encode_samples(&readings, 1_795_314_538_000);
        assert_eq!(blob.len(), 4 * 8 + 1 + 1 + 2 + 5);
        let back = decode_samples(&blob, 1_795_314_538_000);
        assert_eq!(back, readings.iter().map(|(_, _, point)| *point).collect::<Vec<_>>());
    }

    #[test]
    fn a_damaged_memory_remembers_less_and_never_panics() {
        assert_eq!(decode_samples(&[1, 2, 3], 0), []);
        assert_eq!(decode_samples(&[0, 0, 0, 0, 0, 0, 0, 0, 0xff], 5).len(), 1);
        assert!(decode_layout("[[]]").is_empty());
        assert!(decode_layout("nonsense").is_empty());
    }
}
