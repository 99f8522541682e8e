//! What the columns of the report are: read from a file, so that none of them has a line of code of its own.

use std::time::Duration;

use serde::Deserialize;

use crate::promql::Expression;
use crate::sample::{Millis, millis};
use crate::settings::durations::AGE;
use crate::settings::metric_entry::Unit;

const FILE: &str = include_str!("../../../conf/report/batchsql.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    column: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    title: String,
    key: String,
    expr: String,
    unit: String,
    #[serde(default)]
    decimals: usize,
    keep: u8,
    #[serde(default)]
    only_where_measured: bool,
    over: Option<String>,
    step: Option<String>,
}

/// One column.
#[derive(Debug)]
pub struct Column {
    pub title: String,
    /// Its name in JSON, with the unit in it.
    pub key: String,
    pub expression: Expression,
    pub unit: Unit,
    /// Of a per cent.
    pub decimals: usize,
    /// The smaller, the earlier a narrow terminal loses it.
    pub keep: u8,
    /// Left out when no line has a value.
    pub only_where_measured: bool,
    /// Drawn over this time, a letter each step.
    pub drawn: Option<Slots>,
}

/// The time that a drawn column covers, and how much of it a letter stands for.
#[derive(Clone, Copy, Debug)]
pub struct Slots {
    pub over: Millis,
    pub step: Millis,
}

/// All columns, in their order.
///
/// # Errors
/// A sentence, when the embedded file is not what this program reads; a test keeps it right.
pub fn columns() -> Result<Vec<Column>, String> {
    let file: File = toml::from_str(FILE).map_err(|error| error.message().to_owned())?;
    file.column.into_iter().map(column).collect()
}

fn column(entry: Entry) -> Result<Column, String> {
    let Entry { title, key, expr, unit, decimals, keep, only_where_measured, over, step } = entry;
    let length = |text: &str| -> Result<Duration, String> { AGE.parse(text).map_err(|_| format!("{title}: {text}")) };
    let drawn = match (over, step) {
        (Some(over), Some(step)) => Some(Slots { over: millis(length(&over)?), step: millis(length(&step)?).max(1) }),
        _ => None,
    };
    let expression = Expression::parse(&expr).map_err(|error| format!("{title}: {error}"))?;
    let unit = Unit::of_name(&unit).ok_or_else(|| format!("{title}: no unit `{unit}`"))?;
    Ok(Column { title, key, expression, unit, decimals, keep, only_where_measured, drawn })
}
