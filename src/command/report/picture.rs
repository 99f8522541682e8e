//! Pictures: the page of all targets, and one chart.

use anyhow::Result;

use super::super::written::written;
use super::past::{DAY, curves};
use super::{Reader, select};
use crate::alert::Verdict;
use crate::alert::rule::ALERTNAME;
use crate::catalogue::Metric;
use crate::failure::{Exit, Failure};
use crate::history::{Steps, evaluate_over_time};
use crate::report::draw::svg::{self, Options};
use crate::report::draw::{Chart, Dot, Kind, Line, Mark};
use crate::report::html::{self, Page, Section};
use crate::report::over_time::{self, View};
use crate::report::sheet::Range;
use crate::report::views::restarts_in;
use crate::report::{self, Assessed, batchsql, forms};
use crate::sample::{Labels, Millis, lapse, millis};
use crate::settings::metric_entry::Subject;
use crate::settings::{Kind as TargetKind, Target};
use crate::store::alerts::Fired;
use crate::store::{self, read};
use crate::words;

/// How many values a line of an application has at most.
const POINTS: Millis = 300;
/// More lines than this in one chart cannot be told apart.
const MOST_LINES: usize = 12;

impl Reader<'_> {
    /// `--html`: every target that was asked for on one page.
    pub(super) fn page(&self, path: &std::path::Path) -> Result<bool> {
        let range = self.range(DAY)?;
        let verdict = self.verdict()?;
        let assessed = self.assessed(&verdict)?;
        let made = self.overview(&assessed, &verdict)?;
        let fired = self.fired(range)?;
        let view = over_time::view().map_err(anyhow::Error::msg)?;
        let metrics = self.charted(&view)?;
        let mut sections = Vec::new();
        for one in &assessed {
            sections.push(self.of_cluster(one, &metrics, &view, range, &fired, &verdict)?);
        }
        if self.arguments.cluster.is_empty() {
            sections.extend(self.of_applications(range, &fired, &verdict)?);
        }
        let reasons = made.sheet.reasons.iter().filter(|(about, ..)| about == "stellar");
        let page = Page {
            title: "stellar".to_owned(),
            generated_at: self.now,
            header: [made.sheet.title.clone(), self.style.range(range)]
                .into_iter()
                .chain(made.sheet.facts.clone())
                .collect(),
            overview: forms::page_tables(&made.sheet, &["clusters", "applications"], true, self.style),
            sections,
            notes: reasons.map(|(_, _, reason)| reason.clone()).chain(forms::signs()).collect(),
        };
        written(path, &html::page(&page, &self.style.zone))?;
        Ok(assessed.is_empty())
    }

    /// `--svg`: one metric, a line a cluster.
    pub(super) fn chart(&self, path: &std::path::Path) -> Result<bool> {
        let range = self.range(DAY)?;
        let verdict = Verdict::default();
        let assessed = self.assessed(&verdict)?;
        let view = over_time::view().map_err(anyhow::Error::msg)?;
        let metrics = self.charted(&view)?;
        let [metric] = metrics.as_slice() else {
            let what = format!("--svg draws one metric, not {}", metrics.len());
            let hint = "name it: --metric NAME; --html draws several, `stellar query --svg` any expression";
            return Err(Failure::new(Exit::Usage, what).with_hint(hint).into());
        };
        let fired = self.fired(range)?;
        let mut chart: Option<Chart> = None;
        for one in &assessed {
            for mut own in self.charts(one, &[metric], &view, range, &fired)? {
                own.lines.iter_mut().for_each(|line| line.name.clone_from(&one.cluster.name));
                match &mut chart {
                    None => chart = Some(own),
                    Some(first) => {
                        first.lines.extend(own.lines);
                        first.marks.extend(own.marks);
                        first.step = first.step.max(own.step);
                    }
                }
            }
        }
        let Some(chart) = chart else {
            return Err(Failure::new(Exit::Usage, "there is no cluster to draw")
                .with_hint("stellar report lists them")
                .into());
        };
        written(path, &svg::svg(&chart, &self.style.zone, Options::default()))?;
        Ok(chart.lines.iter().all(|line| line.points.is_empty()))
    }

    /// The metrics to draw: the usual ones, or those that somebody named.
    fn charted(&self, view: &View) -> Result<Vec<&Metric>> {
        let arguments = self.arguments;
        if arguments.metric.is_empty() && arguments.category.is_empty() {
            let names = view.charts();
            return Ok(names.iter().filter_map(|name| self.catalogue.find(Subject::Cluster, name)).collect());
        }
        self.meant()
    }

    fn charts(
        &self,
        one: &Assessed,
        metrics: &[&Metric],
        view: &View,
        range: Range,
        fired: &[Fired],
    ) -> Result<Vec<Chart>> {
        // Restarts are read beside them, in one go.
        let restarts = self.catalogue.find(Subject::Cluster, &view.restarts);
        let all: Vec<&Metric> = metrics.iter().copied().chain(restarts).collect();
        let past = self.past(one, &all, range)?;
        let found = curves(&all, &past);
        let mut marks = match (restarts, found.last()) {
            (Some(_), Some(curve)) => restarts_in(curve),
            _ => Vec::new(),
        };
        marks.extend(alerts_of(fired, TargetKind::Cluster, &one.cluster.name));
        let usual = millis(self.loaded.settings.interval_of(&one.cluster.name));
        let step = past.moments.iter().map(|moment| moment.covered.unwrap_or(moment.interval)).max().unwrap_or(usual);
        let chart = |curve: &over_time::Curve| Chart {
            title: curve.metric.name().replace('_', " "),
            unit: curve.metric.entry.unit,
            help: curve.metric.entry.help.clone(),
            since: range.since,
            until: range.until,
            step,
            lines: vec![curve.line("")],
            marks: marks.clone(),
        };
        Ok(found.iter().take(metrics.len()).map(chart).collect())
    }

    fn of_cluster(
        &self,
        one: &Assessed,
        metrics: &[&Metric],
        view: &View,
        range: Range,
        fired: &[Fired],
        verdict: &Verdict,
    ) -> Result<Section> {
        let charts = self.charts(one, metrics, view, range, fired)?;
        let mut sheet = self.nodes(std::slice::from_ref(one), verdict)?.sheet;
        let own: Vec<Fired> = fired
            .iter()
            .filter(|alert| TargetKind::Cluster.is_named(&alert.labels, &one.cluster.name))
            .cloned()
            .collect();
        sheet.tables.extend(report::views::alerts::sheet(&own, range, self.now).tables);
        Ok(Section {
            id: one.cluster.name.clone(),
            title: one.cluster.name.clone(),
            status: Some(one.status),
            reasons: one.reasons.clone(),
            tables: forms::page_tables(&sheet, &["nodes", "alerts"], false, self.style),
            charts,
        })
    }

    fn of_applications(&self, range: Range, fired: &[Fired], verdict: &Verdict) -> Result<Vec<Section>> {
        let columns = batchsql::view::columns().map_err(anyhow::Error::msg)?;
        let drawn: Vec<&batchsql::view::Column> = columns.iter().filter(|column| column.drawn.is_some()).collect();
        let stored = read::applications::latest(self.connection, self.catalogue).map_err(|e| self.explain(e))?;
        let configured = self.loaded.path.is_some().then_some(self.loaded.settings.applications.as_slice());
        let standings = batchsql::standings(&stored, configured, verdict, self.now);
        if standings.is_empty() {
            return Ok(Vec::new());
        }
        let selectors: Vec<_> = drawn.iter().flat_map(|column| column.expression.selectors()).collect();
        let history = store::samples::history(self.connection, &selectors, range.since, range.until)
            .map_err(|e| self.explain(e))?;
        let mut sections = Vec::new();
        for one in &standings {
            let interval = self.loaded.settings.targets().find(|target| target.name() == one.name);
            let interval =
                millis(interval.map_or(self.loaded.settings.metrics.interval, |target: Target| target.interval()));
            let step = ((range.until - range.since) / POINTS).max(interval).max(1);
            let marks = alerts_of(fired, TargetKind::Application, &one.name);
            let mut charts = Vec::new();
            for column in &drawn {
                let steps = Steps { since: range.since, until: range.until, step };
                let found =
                    evaluate_over_time(&column.expression, &history, steps).map_err(|e| anyhow::anyhow!("{e}"))?;
                let own = found.iter().filter(|series| TargetKind::Application.is_named(&series.labels, &one.name));
                let mut lines: Vec<Line> = own.map(|series| line(&series.labels, &series.points)).collect();
                lines.retain(|line| !line.points.is_empty());
                let more = lines.len().saturating_sub(MOST_LINES);
                lines.truncate(MOST_LINES);
                let left_out =
                    if more > 0 { format!("; {} more not drawn", words::count(more, "line")) } else { String::new() };
                charts.push(Chart {
                    title: column.expression.text().to_owned(),
                    unit: column.unit,
                    help: format!("a line a database, table and test{left_out}"),
                    since: range.since,
                    until: range.until,
                    step,
                    lines,
                    marks: marks.clone(),
                });
            }
            sections.push(Section {
                id: one.name.clone(),
                title: one.name.clone(),
                status: Some(one.status),
                reasons: one.reasons.clone(),
                tables: Vec::new(),
                charts,
            });
        }
        Ok(sections)
    }
}

fn line(labels: &Labels, points: &[crate::sample::Point]) -> Line {
    let name = report::views::alerts::about(labels);
    let name = name.split_once('/').map_or(String::new(), |(_, batch)| batch.to_owned());
    let dot = |point: &crate::sample::Point| Dot { at: point.at, value: point.value, over_gap: false };
    Line { name, points: points.iter().map(dot).collect() }
}

fn alerts_of(fired: &[Fired], kind: TargetKind, name: &str) -> Vec<Mark> {
    let own = fired.iter().filter(|alert| kind.is_named(&alert.labels, name));
    own.map(|alert| {
        let title = alert.labels.get(ALERTNAME).map_or("", |name| name);
        let length = alert.resolved_at.map(|end| words::age(lapse(end - alert.fired_at)));
        let length = length.map_or_else(|| "still firing".to_owned(), |length| format!("for {length}"));
        Mark { at: alert.fired_at, kind: Kind::Alert, text: format!("{title}, {length}") }
    })
    .collect()
}

/// Refuses what a page or a picture has no use for.
pub(super) fn refuse(arguments: &crate::cli::Report) -> Result<(), Failure> {
    let others = [
        (arguments.limit.is_some(), "--limit"),
        (arguments.sort.is_some(), "--sort"),
        (arguments.step.is_some(), "--step"),
        (!arguments.application.is_empty(), "--application"),
    ];
    match others.into_iter().find(|(given, _)| *given) {
        Some((_, flag)) => {
            Err(Failure::new(Exit::Usage, format!("{flag} does not go with --html or --svg")).with_hint("leave it out"))
        }
        None => select::refuse_view(arguments),
    }
}
