//! From the history to lines: what each shows, how it is judged, and why.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Status, is_share, patience};
use super::view::{Column, Slots};
use crate::alert::told::sentences;
use crate::alert::{Told, Verdict};
use crate::catalogue::batch::Batch;
use crate::history::{History, Steps, evaluate_over_time};
use crate::promql::{self, EvalError, Value};
use crate::sample::{Labels, Millis, lapse};
use crate::settings::metric_entry::Unit;
use crate::settings::{Application, Stage};
use crate::store::read::applications::LatestApplication;
use crate::words;

/// What the report is made of.
pub struct Asked<'a> {
    pub columns: &'a [Column],
    pub verdict: &'a Verdict,
    /// With what columns read at `now`, and with what drawn columns read before it.
    pub history: &'a History,
    pub before: &'a History,
    pub stored: Vec<LatestApplication>,
    /// As configured; `None` without a configuration.
    pub configured: Option<&'a [Application]>,
    pub stages: &'a [Stage],
    pub now: Millis,
}

/// The whole report, for every form.
#[derive(Debug)]
pub struct Report {
    pub applications: Vec<Judged>,
    /// Worst first.
    pub lines: Vec<Line>,
    /// Why: what it is about, how bad that is, and a sentence.
    pub reasons: Vec<(String, Status, String)>,
    /// Label sets that are left out because nothing ever ran under them.
    pub idle: usize,
    /// Environments with their dashboards.
    pub dashboards: Vec<(String, String)>,
}

#[derive(Debug)]
pub struct Judged {
    pub application: LatestApplication,
    pub status: Status,
    pub reason: Option<String>,
}

/// One line of the table.
#[derive(Debug)]
pub struct Line {
    pub status: Status,
    pub application: String,
    pub environment: Option<String>,
    /// `None` for an application without current values.
    pub batch: Option<Batch>,
    /// In the order of the columns.
    pub cells: Vec<Cell>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Value {
        value: Option<f64>,
        /// It is of the database or the application as a whole.
        of_whole: bool,
    },
    Drawn(Vec<Option<f64>>),
}

/// Whose value it is: the application's name, and which of its rows.
type Key = (String, Batch);

fn key(labels: &Labels) -> Option<Key> {
    let text = |label: &str| labels.get(label).cloned().unwrap_or_else(|| "".into());
    let [database, table, test_name] = Batch::LABELS.map(text);
    Some((labels.get("application")?.to_string(), Batch { database, table, test_name }))
}

/// The row itself, then its database, then the application.
fn widening(batch: &Batch) -> Vec<Batch> {
    let database = Batch { database: batch.database.clone(), ..Batch::default() };
    let mut all = vec![batch.clone(), database, Batch::default()];
    all.dedup();
    all
}

/// How a row is called: `etl/mysql/nightly`.
pub fn name_of(application: &str, batch: &Batch) -> String {
    let parts = std::iter::once(application).chain(batch.texts().into_iter().map(|text| &**text));
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

/// Evaluates the columns and the rules, and judges every application that is configured or stored.
///
/// # Errors
/// When a column cannot be evaluated on what is recorded.
pub fn assess(asked: Asked) -> Result<Report, EvalError> {
    let mut values: Vec<BTreeMap<Key, Cell>> = Vec::with_capacity(asked.columns.len());
    for column in asked.columns {
        values.push(match column.drawn {
            Some(slots) => drawn(column, slots, asked.before, asked.now)?,
            None => now(column, asked.history, asked.now)?,
        });
    }
    let (mut findings, mut reasons) = judge(&asked);
    impossible(asked.columns, &values, &mut findings, &mut reasons);

    let plain = asked.columns.iter().zip(&values).filter(|(column, _)| column.drawn.is_none());
    let mut rows: BTreeMap<String, BTreeSet<Batch>> = BTreeMap::new();
    for (application, batch) in plain.flat_map(|(_, values)| values.keys()) {
        rows.entry(application.clone()).or_default().insert(batch.clone());
    }
    let mut lines = Vec::new();
    let mut applications = Vec::new();
    let mut idle = 0;
    for judged in judged(&asked) {
        let name = judged.application.name.clone();
        let environment = judged.application.environment.clone();
        let own = rows.get(&name).filter(|_| judged.status == Status::Ok);
        idle += own.map_or(0, |_| judged.application.batches.iter().filter(|row| row.idle).count());
        if let Some(reason) = &judged.reason {
            reasons.push((name.clone(), judged.status, reason.clone()));
        }
        for batch in own.into_iter().flatten().filter(|batch| stands_alone(batch, own)) {
            let about = widening(batch);
            let status = about.iter().filter_map(|batch| findings.get(&(name.clone(), batch.clone()))).max();
            let cell = |values: &BTreeMap<Key, Cell>| widest(values, &name, &about);
            lines.push(Line {
                status: status.copied().unwrap_or(Status::Ok),
                application: name.clone(),
                environment: environment.clone(),
                batch: Some(batch.clone()),
                cells: values.iter().map(cell).collect(),
            });
        }
        if own.is_none() {
            let cells = vec![Cell::Value { value: None, of_whole: false }; asked.columns.len()];
            let of_rules =
                findings.iter().filter(|((application, _), _)| *application == name).map(|(_, status)| *status);
            let status = of_rules.max().unwrap_or(Status::Ok).max(judged.status).max(Status::NoData);
            lines.push(Line { status, application: name, environment, batch: None, cells });
        }
        applications.push(judged);
    }
    lines.sort_by(|left, right| {
        let place = |line: &Line| (line.application.clone(), line.batch.clone());
        right.status.cmp(&left.status).then_with(|| place(left).cmp(&place(right)))
    });
    reasons.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    let used: BTreeSet<&str> = lines.iter().filter_map(|line| line.environment.as_deref()).collect();
    let stages = asked.stages.iter().filter(|stage| used.contains(stage.name.as_str()));
    let dashboards = stages.filter_map(|stage| Some((stage.name.clone(), stage.grafana_url.as_ref()?.base.clone())));
    let dashboards = dashboards.collect();
    Ok(Report { applications, lines, reasons, idle, dashboards })
}

/// Values of a database or of the application as a whole stand in the lines of what they hold, where there are any.
fn stands_alone(batch: &Batch, all: Option<&BTreeSet<Batch>>) -> bool {
    let is_whole = batch.table.is_empty() && batch.test_name.is_empty();
    let holds = |other: &&Batch| *other != batch && (batch.database.is_empty() || other.database == batch.database);
    !is_whole || !all.into_iter().flatten().any(|other| holds(&other))
}

fn widest(values: &BTreeMap<Key, Cell>, application: &str, about: &[Batch]) -> Cell {
    for (index, batch) in about.iter().enumerate() {
        match values.get(&(application.to_owned(), batch.clone())) {
            Some(Cell::Value { value: Some(value), .. }) => {
                return Cell::Value { value: Some(*value), of_whole: index > 0 };
            }
            Some(Cell::Drawn(points)) if index == 0 => return Cell::Drawn(points.clone()),
            _ => {}
        }
    }
    Cell::Value { value: None, of_whole: false }
}

fn now(column: &Column, history: &History, at: Millis) -> Result<BTreeMap<Key, Cell>, EvalError> {
    let Value::Vector(found) = promql::evaluate(&column.expression, history, at)? else { return Ok(BTreeMap::new()) };
    let cell = |value| Cell::Value { value: Some(value), of_whole: false };
    Ok(found.iter().filter_map(|one| Some((key(&one.labels)?, cell(one.value)))).collect())
}

/// One value a slot, the last of which ends now.
fn drawn(column: &Column, slots: Slots, history: &History, at: Millis) -> Result<BTreeMap<Key, Cell>, EvalError> {
    let steps = Steps { since: at - slots.over + slots.step, until: at, step: slots.step };
    let series = evaluate_over_time(&column.expression, history, steps)?;
    let points = |points: &[crate::sample::Point]| {
        let slot = |index: usize| steps.since + index as Millis * steps.step;
        let value = |index| points.iter().find(|point| point.at == slot(index)).map(|point| point.value);
        Cell::Drawn((0..steps.count()).map(value).collect())
    };
    Ok(series.iter().filter_map(|one| Some((key(&one.labels)?, points(&one.points)))).collect())
}

type Findings = BTreeMap<Key, Status>;

/// What the rules say.
fn judge(asked: &Asked) -> (Findings, Vec<(String, Status, String)>) {
    let mut findings = Findings::new();
    let mut groups: BTreeMap<Key, Vec<&Told>> = BTreeMap::new();
    for told in &asked.verdict.told {
        let Some(key) = key(&told.labels) else { continue };
        let status = Status::of(told);
        let known = findings.entry(key.clone()).or_insert(status);
        *known = status.max(*known);
        groups.entry(key).or_default().push(told);
    }
    let mut reasons = Vec::new();
    for ((application, batch), told) in groups {
        let name = name_of(&application, &batch);
        let told = sentences(told, asked.now);
        reasons.extend(told.into_iter().map(|(told, sentence)| (name.clone(), Status::of(told), sentence)));
    }
    let faults = asked.verdict.faults.iter();
    reasons.extend(faults.map(|fault| ("stellar".to_owned(), Status::Unknown, fault.clone())));
    (findings, reasons)
}

/// A ratio outside 0..1 is no per cent of anything.
fn impossible(
    columns: &[Column],
    values: &[BTreeMap<Key, Cell>],
    findings: &mut Findings,
    reasons: &mut Vec<(String, Status, String)>,
) {
    for (column, values) in columns.iter().zip(values).filter(|(column, _)| column.unit == Unit::Ratio) {
        for (key, cell) in values {
            let Cell::Value { value: Some(value), .. } = cell else { continue };
            if !is_share(*value) {
                let name = column.expression.text();
                let why = format!("{name} = {value}, expected 0..1: is the application sending per cent?");
                reasons.push((name_of(&key.0, &key.1), Status::Unknown, why));
                let known = findings.entry(key.clone()).or_insert(Status::Unknown);
                *known = Status::Unknown.max(*known);
            }
        }
    }
}

/// A value as people read it.
pub fn shown(value: f64, column: &Column) -> String {
    match column.unit {
        Unit::Ratio if !(0.0..=1.0).contains(&value) => format!("{} ?", words::number(value)),
        Unit::Ratio => words::per_cent_down(value, column.decimals),
        unit => words::value(value, unit),
    }
}

/// Every application: whether its values are current, and if not, why. [`Status::Ok`] is one whose lines tell.
fn judged(asked: &Asked) -> Vec<Judged> {
    let is_stored = |name: &str| asked.stored.iter().any(|one| one.name == name);
    let configured = asked.configured.unwrap_or_default();
    let missing = configured.iter().filter(|one| !is_stored(&one.name));
    let never = missing.map(|one| Judged {
        status: Status::NoData,
        reason: Some(format!("never collected; try: stellar collect-once --application {}", one.name)),
        application: LatestApplication::unknown(&one.name, one.environment.clone()),
    });
    let known = asked.stored.iter().cloned().map(|application| {
        let own = configured.iter().find(|one| one.name == application.name);
        let (status, reason) = standing(&application, own, asked.configured.is_some(), asked.now);
        Judged { application, status, reason }
    });
    known.chain(never).collect()
}

/// Whether the values of an application are current, and if not, why.
pub(super) fn standing(
    application: &LatestApplication,
    configured: Option<&Application>,
    is_configured: bool,
    now: Millis,
) -> (Status, Option<String>) {
    let ago = |at: Millis| words::age(lapse(now - at));
    let last = application
        .last_answer
        .map_or_else(|| "it never answered".to_owned(), |at| format!("last answer {} ago", ago(at)));
    if application.failures > 0 {
        let tries = match application.failures {
            1 => String::new(),
            many => format!(" ({many} failures in a row)"),
        };
        let error = application.last_error.as_deref().unwrap_or("it did not answer");
        return (Status::NoData, Some(format!("{last}{tries}: {error}")));
    }
    if application.ended_at.is_some() {
        let what = if application.last_answer.is_some() { "its run has ended" } else { "nothing runs there" };
        return (Status::NoData, Some(format!("{what}; {last}")));
    }
    let Some(collected_at) = application.collected_at else {
        return (Status::NoData, Some("no snapshot of it is left".to_owned()));
    };
    let interval = configured.map(|one| one.interval).unwrap_or_default();
    if lapse(now - collected_at) > patience(interval) {
        let why = match configured {
            None if is_configured => "it is no longer in the configuration",
            _ => "is the timer running? systemctl status stellar-collect.timer",
        };
        return (Status::NoData, Some(format!("last collected {} ago; {why}", ago(collected_at))));
    }
    (Status::Ok, None)
}
