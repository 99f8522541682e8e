//! Rows of `SHOW` become samples without a line of code per column: a column that StarRocks adds tomorrow works in a
//! custom metric at once. The shapes of the values: `facts` recorded from StarRocks 2.5 to 4.0 (`"18.635 GB"`,
//! `"60.000GB"`, `"50.01 %"`, `"\N"`, times without an offset).

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::cells::{Cell, figures, is_null, read, snake_case};
use crate::catalogue::collection::Sample;
use crate::sample::{Labels, Millis, Text};
use crate::words::is_unseen;

/// The rows of one answer: column title → text, in the order of the answer.
pub type Table = Vec<Vec<(String, String)>>;

/// The role of the frontend that leads.
pub const LEADER: &str = "LEADER";

/// One of the lists that a frontend keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    Frontends,
    Backends,
    ComputeNodes,
    Statistic,
    Transactions,
}

impl List {
    /// As it stands in sample names: `show_<name>_<column>`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Frontends => "frontends",
            Self::Backends => "backends",
            Self::ComputeNodes => "compute_nodes",
            Self::Statistic => "statistic",
            Self::Transactions => "transactions",
        }
    }

    /// The name under which its readings are remembered.
    pub fn source(self) -> Text {
        format!("show_{}", self.name()).into()
    }

    /// The `job` of the nodes it lists.
    pub fn job(self) -> Option<&'static str> {
        match self {
            Self::Frontends => Some("fe"),
            Self::Backends => Some("be"),
            Self::ComputeNodes => Some("cn"),
            Self::Statistic | Self::Transactions => None,
        }
    }

    /// The statement for the SQL endpoint.
    pub fn statement(self) -> &'static str {
        match self {
            Self::Frontends => "SHOW FRONTENDS;",
            Self::Backends => "SHOW BACKENDS;",
            Self::ComputeNodes => "SHOW COMPUTE NODES;",
            Self::Statistic => "SHOW PROC '/statistic';",
            Self::Transactions => "SHOW PROC '/transactions';",
        }
    }

    /// The path for /api/show_proc.
    pub fn path(self) -> &'static str {
        match self {
            Self::Frontends => "/frontends",
            Self::Backends => "/backends",
            Self::ComputeNodes => "/compute_nodes",
            Self::Statistic => "/statistic",
            Self::Transactions => "/transactions",
        }
    }

    /// The columns whose values tell rows apart, and the labels they become.
    fn identity(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Frontends => &[("Name", "name")],
            Self::Backends => &[("BackendId", "id")],
            Self::ComputeNodes => &[("ComputeNodeId", "id")],
            Self::Statistic => &[("DbId", "id")],
            Self::Transactions => &[("DbId", "id"), ("State", "state")],
        }
    }
}

/// Reads an answer of the SQL endpoint: one object `{"meta": …, "data": [{"Title": "value", …}, …], …}`, or lines of JSON,
/// of which each with `data` is a row of values in the order of the titles in `meta`.
pub fn from_sql(body: &str) -> Result<Table, String> {
    let mut titles: Option<Vec<String>> = None;
    let mut table = Table::new();
    let mut seen = false;
    let mut promised = 0;
    for document in serde_json::Deserializer::from_str(body).into_iter::<Value>() {
        let document = document.map_err(|_| "the SQL answer is not whole JSON".to_owned())?;
        if let Some(message) = document.get("msg").and_then(Value::as_str).filter(|_| document.get("data").is_none()) {
            return Err(super::fault::shortened(message));
        }
        if let Some(columns) = document.get("meta").and_then(Value::as_array) {
            let names = columns.iter().filter_map(|column| Some(column.get("name")?.as_str()?.to_owned()));
            titles = Some(names.collect());
        }
        let returned = document.get("statistics").and_then(|statistics| statistics.get("returnRows")?.as_u64());
        promised = returned.unwrap_or(promised);
        let Some(data) = document.get("data") else { continue };
        seen = true;
        match (data, &titles) {
            (Value::Array(rows), _) if rows.iter().all(Value::is_object) => append(&mut table, rows)?,
            (Value::Array(values), Some(titles)) if values.len() == titles.len() => {
                let row = titles.iter().cloned().zip(values.iter().cloned()).collect();
                append(&mut table, &[Value::Object(row)])?;
            }
            _ => return Err("the SQL answer's rows have an unknown form".to_owned()),
        }
    }
    // Without a row at all StarRocks may count rows that it did not print.
    if !table.is_empty() && promised > table.len() as u64 {
        return Err(format!("the SQL answer has {} of {promised} rows", table.len()));
    }
    if seen || titles.is_some() { Ok(table) } else { Err("the SQL answer has no rows and no column titles".to_owned()) }
}

/// No cluster has so many nodes or databases, and no list so many columns; past them an answer costs more than it says.
const MOST_ROWS: usize = 100_000;
const MOST_COLUMNS: usize = 1_000;
/// Names and reasons that people can read are shorter.
const LONGEST_TEXT: usize = 1_000;

fn append(table: &mut Table, rows: &[Value]) -> Result<(), String> {
    for row in rows {
        let row = row.as_object().ok_or("a row of the answer is no JSON object")?;
        if table.len() == MOST_ROWS || row.len() > MOST_COLUMNS {
            return Err(format!("the answer has more than {MOST_ROWS} rows or {MOST_COLUMNS} columns"));
        }
        table.push(row.iter().map(|(title, value)| (title.clone(), text_of(value))).collect());
    }
    Ok(())
}

/// Reads `[{"Title": "value", …}]` of /api/show_proc. When forwarding fails StarRocks answers 200 with plain text.
pub fn from_show_proc(body: &str) -> Result<Table, String> {
    match serde_json::from_str::<Value>(body) {
        Ok(Value::Array(rows)) => {
            let mut table = Table::new();
            append(&mut table, &rows)?;
            Ok(table)
        }
        Ok(other) => Err(match other.get("msg").and_then(Value::as_str) {
            Some(message) => super::fault::shortened(message),
            None => "the answer is JSON, but no list of rows".to_owned(),
        }),
        Err(_) => Err(super::fault::shortened(body)),
    }
}

fn text_of(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    // Names, versions and error texts end up on terminals.
    let seen = text.chars().map(|letter| if is_unseen(letter) { ' ' } else { letter });
    seen.take(LONGEST_TEXT).collect()
}

/// The text of a column of a row.
pub fn cell<'r>(row: &'r [(String, String)], title: &str) -> Option<&'r str> {
    row.iter().find(|(own, _)| own == title).map(|(_, value)| value.as_str()).filter(|value| !is_null(value))
}

/// What a frontend answered for a list.
#[derive(Debug)]
pub(super) struct ListAnswer {
    pub rows: Vec<Row>,
    /// The frontend whose word it is that it leads.
    pub claims: Option<String>,
    pub from_leader: bool,
    pub at: Millis,
}

/// One row with the endpoint its node is fetched by.
#[derive(Clone, Debug)]
pub struct Row {
    pub columns: Vec<(String, String)>,
    pub instance: Option<String>,
}

impl Row {
    pub fn get(&self, title: &str) -> Option<&str> {
        cell(&self.columns, title)
    }

    pub fn identity(&self, list: List) -> Option<&str> {
        list.identity().first().and_then(|(title, _)| self.get(title))
    }
}

/// The samples of a list: `show_<list>_rows`, a number a numeric cell, the texts in `show_<list>_info`.
/// `zone_offset` is what the server's clock texts are ahead of UTC, in milliseconds; unknown, times give nothing.
pub fn samples(list: List, rows: &[Row], zone_offset: Option<Millis>) -> Vec<Sample> {
    let name = list.name();
    let mut names: BTreeMap<String, Text> = BTreeMap::new();
    let mut shared = |column: &str| -> Text {
        names.entry(column.to_owned()).or_insert_with(|| format!("show_{name}_{column}").into()).clone()
    };
    let mut samples = vec![Sample { name: shared("rows"), labels: Labels::empty(), value: rows.len() as f64 }];
    for row in rows {
        let mut identity: Vec<(Text, Text)> = Vec::new();
        for (title, label) in list.identity() {
            if let Some(value) = row.get(title) {
                identity.push(((*label).into(), value.into()));
            }
        }
        if let Some(job) = list.job() {
            identity.push(("job".into(), job.into()));
        }
        if let Some(instance) = &row.instance {
            identity.push(("instance".into(), instance.as_str().into()));
        }
        let mut texts = identity.clone();
        // Of two columns that come to the same name the first counts, and none stands for what is ours.
        let mut taken: HashSet<Text> = [shared("rows"), shared("info")].into();
        let labels = Labels::new(identity);
        for (column, value) in
            row.columns.iter().filter(|(column, _)| !list.identity().iter().any(|(title, _)| title == column))
        {
            let column_name = snake_case(column);
            let (name, value) = match read(value, zone_offset) {
                Some(Cell::Number(value)) => (shared(&column_name), value),
                Some(Cell::Ratio(value)) => {
                    let column_name = column_name.strip_suffix("_pct").unwrap_or(&column_name);
                    (shared(&format!("{column_name}_ratio")), value)
                }
                Some(Cell::Text) => {
                    let figures = figures(value);
                    // Figures that move would make a new series of the texts each time.
                    if figures.is_empty() {
                        texts.push((column_name.as_str().into(), value.as_str().into()));
                    }
                    for (name, value) in figures {
                        let name = shared(&format!("{column_name}_{name}"));
                        if taken.insert(name.clone()) {
                            samples.push(Sample { name, labels: labels.clone(), value });
                        }
                    }
                    continue;
                }
                None => continue,
            };
            if taken.insert(name.clone()) {
                samples.push(Sample { name, labels: labels.clone(), value });
            }
        }
        // A role is a text; who took the lead since the last time is a difference of numbers.
        if list == List::Frontends
            && let Some(role) = row.get("Role")
        {
            let value = if role == LEADER { 1.0 } else { 0.0 };
            samples.push(Sample { name: shared("leads"), labels: labels.clone(), value });
        }
        samples.push(Sample { name: shared("info"), labels: Labels::new(texts), value: 1.0 });
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(list: List, cells: &[(&str, &str)]) -> Vec<String> {
        let columns = cells.iter().map(|(title, value)| ((*title).to_owned(), (*value).to_owned())).collect();
        let row = Row { columns, instance: Some("10.0.0.1:8040".into()) };
        samples(list, &[row], Some(0))
            .iter()
            .map(|sample| format!("{}{} {}", sample.name, sample.labels, sample.value))
            .collect()
    }

    #[test]
    fn every_shape_of_a_cell_becomes_what_it_means() {
        let cells = [
            ("BackendId", "10002"),
            ("IP", "127.0.0.20"),
            ("Alive", "true"),
            ("TabletNum", "30"),
            ("DataUsedCapacity", "18.626 GB"),
            ("MemLimit", "60.000GB"),
            ("AvailCapacity", "1.000 B"),
            ("CpuUsedPct", "35.8 %"),
            ("MemUsedPct", "32,54 %"),
            ("LastStartTime", "2026-11-22 02:28:25"),
            ("ErrMsg", ""),
            ("Version", "4.0.0-37c7c51"),
            ("Status", "{\"lastSuccessReportTabletsTime\":\"N/A\"}"),
            ("DataCacheMetrics", "Status: Normal, DiskUsage: 1.00GB/2.00GB"),
            ("StatusCode", "OK"),
            ("NewIn5Dot0", "7"),
        ];
        let labels = r#"{id="10002", instance="10.0.0.1:8040", job="be"}"#;
        assert_eq!(
            listed(List::Backends, &cells),
            [
                "show_backends_rows{} 1".to_owned(),
                format!("show_backends_alive{labels} 1"),
                format!("show_backends_tablet_num{labels} 30"),
                format!("show_backends_data_used_capacity{labels} 19999515214"),
                format!("show_backends_mem_limit{labels} 64424509440"),
                format!("show_backends_avail_capacity{labels} 1"),
                format!("show_backends_cpu_used_ratio{labels} 0.358"),
                format!("show_backends_mem_used_ratio{labels} 0.3254"),
                format!("show_backends_last_start_time{labels} 1795314505"),
                format!("show_backends_data_cache_metrics_disk_usage{labels} 1073741824"),
                format!("show_backends_data_cache_metrics_disk_usage_limit{labels} 2147483648"),
                format!("show_backends_new_in5_dot0{labels} 7"),
                r#"show_backends_info{id="10002", instance="10.0.0.1:8040", ip="127.0.0.20", job="be", status_code="OK", version="4.0.0-37c7c51"} 1"#.to_owned(),
            ]
        );
    }

    #[test]
    fn no_rows_are_a_count_of_zero() {
        let empty: Vec<String> = samples(List::ComputeNodes, &[], None)
            .iter()
            .map(|sample| format!("{} {}", sample.name, sample.value))
            .collect();
        assert_eq!(empty, ["show_compute_nodes_rows 0"]);
    }

    #[test]
    fn answers_that_are_no_rows_are_errors_in_their_own_words() {
        assert_eq!(from_show_proc("Failed to forward stmt: x").unwrap_err(), "Failed to forward stmt: x");
        assert_eq!(from_show_proc("[]").unwrap().len(), 0);
        assert!(from_sql("{\"connectionId\":1}\n{\"meta\":[]}\n").unwrap().is_empty());
        assert_eq!(from_sql(r#"{"status":"FAILED","msg":"Access denied"}"#).unwrap_err(), "Access denied");
        assert!(from_sql("<html>").is_err());
    }
}
