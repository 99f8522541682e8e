//! How a day's rows are stored: the texts of the statements, and their parameters.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::super::columns::quoted;
use super::super::tables::{Tables, with_part};
use super::write::{Aggregated, Folded};
use super::{TargetDay, daily_columns, daily_table};
use crate::catalogue::Catalogue;
use crate::settings::Kind;
use crate::settings::metric_entry::Subject;

/// The texts that store a day of a kind of target: one for its own row and one for those of its parts, however many they
/// are. A row that is there keeps the figures of metrics that the catalogue no longer knows.
pub(super) struct Upserts {
    tables: &'static Tables,
    own: String,
    part: String,
    forget: String,
}

const OF_OWN: [&str; 8] =
    ["begins_at", "ends_at", "samples", "expected", "covered_seconds", "run_id", "layout_id", "aggregated_at"];

impl Upserts {
    pub fn new(catalogue: &Catalogue, kind: Kind) -> Self {
        let tables = Tables::of(kind);
        let text = |subject: Subject, part: &[&str], more: &[&str]| {
            let key = [&[tables.owner], part, &["day"]].concat();
            let figures = daily_columns(catalogue, subject).into_iter().map(|column| quoted(&column));
            let columns: Vec<String> = key.iter().chain(more).map(|name| quoted(name)).chain(figures).collect();
            let changes: Vec<String> =
                columns.iter().skip(key.len()).map(|column| format!("{column} = excluded.{column}")).collect();
            format!(
                "INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO UPDATE SET {}",
                daily_table(subject),
                columns.join(", "),
                vec!["?"; columns.len()].join(", "),
                columns.get(..key.len()).unwrap_or_default().join(", "),
                changes.join(", ")
            )
        };
        Self {
            tables,
            own: text(tables.own, if tables.is_one_table() { tables.part } else { &[] }, &OF_OWN),
            part: text(tables.parts, tables.part, &[tables.texts, &["samples", "covered_seconds"]].concat()),
            forget: format!("DELETE FROM {} WHERE {} AND day = ?2", daily_table(tables.parts), tables.one_part(3)),
        }
    }

    pub fn store(
        &self,
        connection: &Connection,
        work: &TargetDay,
        folded: &Folded,
        [run_id, layout_id, now]: [i64; 3],
    ) -> rusqlite::Result<()> {
        let Folded { aggregated, figures, parts, idle } = folded;
        let Aggregated { samples, expected, covered_seconds, .. } = *aggregated;
        let (target_id, day) = (work.target_id, || Value::from(work.day.name()));
        let none = vec![String::new(); if self.tables.is_one_table() { self.tables.part.len() } else { 0 }];
        let mut own: Vec<Value> = with_part([target_id.into()], &none).collect();
        own.extend([day(), work.day.begins_at.into(), work.day.ends_at.into(), samples.into(), expected.into()]);
        own.extend([covered_seconds.into(), run_id.into(), layout_id.into(), now.into()]);
        insert(connection, &self.own, own, figures)?;
        for part in parts {
            let mut keys: Vec<Value> = with_part([target_id.into()], &part.key).collect();
            keys.push(day());
            keys.extend(part.texts.iter().map(|text| text.clone().map_or(Value::Null, Value::from)));
            keys.extend([part.samples.into(), part.covered_seconds.into()]);
            insert(connection, &self.part, keys, &part.figures)?;
        }
        // They may have counted when the day was aggregated before.
        for key in idle {
            let keys = with_part([target_id.into(), day()], key);
            connection.prepare_cached(&self.forget)?.execute(params_from_iter(keys))?;
        }
        Ok(())
    }
}

fn insert(connection: &Connection, text: &str, keys: Vec<Value>, figures: &[Option<f64>]) -> rusqlite::Result<()> {
    let figures = figures.iter().map(|figure| figure.map_or(Value::Null, Value::from));
    connection.prepare_cached(text)?.execute(params_from_iter(keys.into_iter().chain(figures)))?;
    Ok(())
}
