//! What each view asks the database.

use std::collections::HashMap;

use anyhow::Result;
use jiff::Timestamp;

use super::super::{gaps, refuse_unknown};
use super::past::{DAY, curves};
use super::{Made, Reader, select};
use crate::alert::Verdict;
use crate::catalogue::Metric;
use crate::days::Day;
use crate::report::over_time::{self, LETTERS};
use crate::report::sheet::Range;
use crate::report::views::{alerts, daily, nodes, overview, runs};
use crate::report::{self, Assessed, batchsql, metrics};
use crate::sample::Millis;
use crate::settings::metric_entry::{Statistic, Subject};
use crate::settings::{Application, Kind};
use crate::store::{self, read};

const WEEK: Millis = 7 * DAY;

impl Reader<'_> {
    pub(super) fn overview(&self, assessed: &[Assessed], verdict: &Verdict) -> Result<Made> {
        let view = over_time::view().map_err(anyhow::Error::msg)?;
        let range = Range { since: self.now - DAY, until: self.now };
        let stored = read::applications::latest(self.connection, self.catalogue).map_err(|e| self.explain(e))?;
        let configured = self.loaded.path.is_some().then_some(self.loaded.settings.applications.as_slice());
        let applications = batchsql::standings(&stored, configured, verdict, self.now);
        let last_run = read::last_run(self.connection).map_err(|e| self.explain(e))?;
        let mut trends = overview::Trends::default();
        if let Some(metric) = self.catalogue.find(Subject::Cluster, &view.trend) {
            trends.title.clone_from(&view.trend_title);
            trends.of = self.trends(assessed, metric, range)?;
        }
        let asked = overview::Asked {
            assessed,
            applications: &applications,
            verdict,
            trends: &trends,
            last_run,
            now: self.now,
        };
        let sheet = overview::sheet(&asked, self.catalogue, self.style).map_err(anyhow::Error::msg)?;
        let document = match self.arguments.json {
            true => Some(self.document(assessed, &applications, verdict, last_run, range, &view)?),
            false => None,
        };
        Ok(Made { sheet, document, text: None })
    }

    /// What an overview endpoint would give.
    fn document(
        &self,
        assessed: &[Assessed],
        applications: &[batchsql::Standing],
        verdict: &Verdict,
        last_run: Option<Millis>,
        range: Range,
        view: &over_time::View,
    ) -> Result<serde_json::Value> {
        let mut over_day = HashMap::new();
        for one in assessed {
            let of = |names: &[String]| -> Vec<&Metric> {
                names.iter().filter_map(|name| self.catalogue.find(Subject::Cluster, name)).collect()
            };
            let (performance, resources) = (of(&view.performance), of(&view.resources));
            let all: Vec<&Metric> = performance.iter().chain(&resources).copied().collect();
            let past = self.past(one, &all, range)?;
            let curves = curves(&all, &past);
            over_day.insert(one.cluster.name.clone(), report::json::over_time(&curves, performance.len(), range));
        }
        Ok(report::json::document(
            &report::json::Overview {
                assessed,
                applications,
                over_day: &over_day,
                faults: &verdict.faults,
                last_run,
                range,
                now: self.now,
            },
            self.catalogue,
            self.style,
        ))
    }

    pub(super) fn nodes(&self, assessed: &[Assessed], verdict: &Verdict) -> Result<Made> {
        let view = nodes::view().map_err(anyhow::Error::msg)?;
        let place = self.catalogue.stored(Subject::Node).position(|metric| metric.name() == view.seen);
        let collected: HashMap<&str, Option<Millis>> =
            assessed.iter().map(|one| (one.cluster.name.as_str(), one.cluster.collected_at)).collect();
        let last_seen = |cluster: &str, node: &read::LatestNode| {
            let now = place.and_then(|place| node.values.get(place).copied().flatten());
            match now {
                Some(value) if value > 0.0 => collected.get(cluster).copied().flatten(),
                _ => read::runs::last_seen(self.connection, cluster, &node.node, &view.seen).ok().flatten(),
            }
        };
        let mut sheet = nodes::sheet(&view, assessed, verdict, self.catalogue, &last_seen, self.now);
        sheet.facts.push(self.style.moment(self.now));
        Ok(sheet.into())
    }

    pub(super) fn metrics(&self, mut assessed: Vec<Assessed>) -> Result<Made> {
        let arguments = self.arguments;
        let mut applications =
            read::applications::latest(self.connection, self.catalogue).map_err(|e| self.explain(e))?;
        let known: Vec<&str> = applications.iter().map(|one| one.name.as_str()).collect();
        refuse_unknown(&arguments.application, &known, "application")?;
        // Who names targets of one kind means these alone.
        let named = !arguments.application.is_empty() || !arguments.cluster.is_empty();
        applications.retain(|one| !named || arguments.application.contains(&one.name));
        assessed.retain(|one| !named || arguments.cluster.contains(&one.cluster.name));
        let clusters = assessed.iter().map(|one| metrics::Target::cluster(one, self.catalogue));
        let applications = applications.iter().map(|one| metrics::Target::application(one, self.catalogue));
        let targets: Vec<metrics::Target> = clusters.chain(applications).collect();
        Ok(Made {
            document: Some(metrics::document(&targets, self.catalogue, self.now, self.style)),
            text: Some(metrics::render(&targets, self.catalogue, self.style)),
            sheet: metrics::sheet(&targets, self.catalogue),
        })
    }

    pub(super) fn alerts(&self) -> Result<Made> {
        let range = self.range(WEEK)?;
        let mut fired = self.fired(range)?;
        let wanted = [(Kind::Cluster, &self.arguments.cluster), (Kind::Application, &self.arguments.application)];
        if wanted.iter().any(|(_, names)| !names.is_empty()) {
            fired.retain(|alert| {
                wanted.iter().any(|(kind, names)| names.iter().any(|name| kind.is_named(&alert.labels, name)))
            });
        }
        Ok(alerts::sheet(&fired, range, self.now).into())
    }

    pub(super) fn runs(&self) -> Result<Made> {
        let range = self.range(DAY)?;
        let step =
            select::step(self.arguments, range)?.unwrap_or((range.until - range.since) / LETTERS as Millis).max(1);
        let until = range.until.saturating_add(1);
        let found = read::runs::runs(self.connection, range.since, until).map_err(|e| self.explain(e))?;
        let targets = read::runs::asked(self.connection).map_err(|e| self.explain(e))?;
        Ok(runs::sheet(&found, &targets, range, step).into())
    }

    pub(super) fn daily(&self) -> Result<Made> {
        let range = self.range(WEEK)?;
        let arguments = self.arguments;
        let figures =
            daily::figures(self.catalogue, &arguments.metric, &arguments.category).map_err(anyhow::Error::msg)?;
        let columns: Vec<String> =
            figures.iter().map(|figure| store::daily::daily_column(figure.metric.name(), figure.statistic)).collect();
        let verdict = Verdict::default();
        let assessed = self.assessed(&verdict)?;
        let date_of = |at: Millis| {
            Timestamp::from_millisecond(at).ok().map(|stamp| stamp.to_zoned(self.style.zone.clone()).date())
        };
        let (first, last) = (date_of(range.since), date_of(range.until));
        let mut days = Vec::new();
        let (Some(first), Some(last)) = (first, last) else {
            return Ok(daily::sheet(&days, &figures, 0, range).into());
        };
        let (from, to) = (first.to_string(), last.to_string());
        for one in &assessed {
            let Some(id) = read::runs::id_of(self.connection, &one.cluster.name).map_err(|e| self.explain(e))? else {
                continue;
            };
            let stored = read::days::days(self.connection, id, &columns, (&from, &to)).map_err(|e| self.explain(e))?;
            let oldest = read::runs::oldest(self.connection, id).map_err(|e| self.explain(e))?.and_then(date_of);
            for date in first.series(jiff::Span::new().days(1)).take_while(|date| *date <= last) {
                let name = date.to_string();
                let own = stored.iter().find(|day| day.day == name);
                let day = daily::Day {
                    cluster: one.cluster.name.clone(),
                    date,
                    samples: own.map_or(0, |day| day.samples),
                    expected: own.map_or(0, |day| day.expected),
                    figures: own.map_or_else(|| vec![None; columns.len()], |day| day.figures.clone()),
                    running: false,
                };
                // The running day, and a day that nobody has aggregated yet.
                let is_left = oldest.is_some_and(|oldest| date >= oldest);
                days.push(if own.is_none() && is_left { self.day_so_far(one, day, &figures)? } else { day });
            }
        }
        // Days before the first and after the last of all are no gaps.
        let begin = days.iter().filter(|day| day.samples > 0).map(|day| day.date).min();
        days.retain(|day| begin.is_some_and(|begin| day.date >= begin));
        Ok(daily::sheet(&days, &figures, assessed.len(), range).into())
    }

    /// A day from its snapshots.
    fn day_so_far(&self, one: &Assessed, day: daily::Day, figures: &[daily::Figure]) -> Result<daily::Day> {
        let Some(whole) = Day::on(day.date, &self.style.zone) else { return Ok(day) };
        let until = whole.ends_at.min(self.now + 1);
        let metrics: Vec<&Metric> = figures.iter().map(|figure| figure.metric).collect();
        let range = Range { since: whole.begins_at, until: until - 1 };
        let past = self.past(one, &metrics, range)?;
        let statistics: Vec<[Statistic; 1]> = figures.iter().map(|figure| [figure.statistic]).collect();
        let found = curves(&metrics, &past);
        let figures = found.iter().zip(&statistics).map(|(curve, one)| curve.figures(one).first().copied().flatten());
        let (samples, expected) = (past.answered as i64, past.expected);
        let running = whole.ends_at > self.now;
        Ok(daily::Day { samples, expected, figures: figures.collect(), running, ..day })
    }

    pub(super) fn batches(&self) -> Result<Made> {
        let columns = batchsql::view::columns().map_err(anyhow::Error::msg)?;
        let mut stored = read::applications::latest(self.connection, self.catalogue).map_err(|e| self.explain(e))?;
        let settings = &self.loaded.settings;
        let mut configured: Vec<Application> = settings.applications.clone();
        let known: Vec<&str> =
            stored.iter().map(|one| one.name.as_str()).chain(configured.iter().map(|one| one.name.as_str())).collect();
        let wanted = &self.arguments.application;
        refuse_unknown(wanted, &known, "application")?;
        if !wanted.is_empty() {
            stored.retain(|one| wanted.contains(&one.name));
            configured.retain(|one| wanted.contains(&one.name));
        }
        let (drawn, plain): (Vec<_>, Vec<_>) = columns.iter().partition(|column| column.drawn.is_some());
        let of_columns = |columns: &[&batchsql::view::Column]| {
            columns.iter().flat_map(|column| column.expression.selectors()).collect::<Vec<_>>()
        };
        let read_history = |columns: &[&batchsql::view::Column], since: Millis| {
            store::samples::history(self.connection, &of_columns(columns), since, self.now).map_err(|e| self.explain(e))
        };
        let history = read_history(&plain, self.now)?;
        let longest = drawn.iter().filter_map(|column| column.drawn).map(|slots| slots.over).max().unwrap_or(0);
        let before = read_history(&drawn, self.now - longest)?;
        let made = batchsql::assess(batchsql::Asked {
            columns: &columns,
            verdict: &self.verdict()?,
            history: &history,
            before: &before,
            stored,
            configured: self.loaded.path.is_some().then_some(configured.as_slice()),
            stages: &settings.stages,
            now: self.now,
        })
        .map_err(|error| anyhow::anyhow!("{error}"))?;
        let last_run = read::last_run(self.connection).map_err(|e| self.explain(e))?;
        let document = batchsql::json::document(&made, &columns, self.catalogue, self.now, last_run, self.style);
        let sheet = batchsql::sheet(&made, &columns, self.now, last_run, self.style);
        Ok(Made { sheet, document: Some(document), text: None })
    }

    pub(super) fn gaps(&self) -> Result<Made> {
        let range = self.range(WEEK)?;
        let mut targets = store::tables::targets(self.connection).map_err(|e| self.explain(e))?;
        let wanted = [(Kind::Cluster, &self.arguments.cluster), (Kind::Application, &self.arguments.application)];
        for (kind, names) in wanted {
            let known: Vec<&str> =
                targets.iter().filter(|target| target.kind == kind).map(|target| target.name.as_str()).collect();
            refuse_unknown(names, &known, kind.name())?;
        }
        if wanted.iter().any(|(_, names)| !names.is_empty()) {
            targets.retain(|target| {
                wanted.iter().any(|(kind, names)| *kind == target.kind && names.contains(&target.name))
            });
        }
        let found = gaps::find(self.connection, self.loaded, &targets, (range.since, range.until), self.now)
            .map_err(|e| self.explain(e))?;
        Ok(Made {
            document: Some(report::gaps::document(&found, self.style)),
            text: Some(report::gaps::render(&found, self.style)),
            sheet: report::gaps::sheet(&found),
        })
    }
}
