//! Clusters over a time: the snapshots, the metrics that were asked for, and what happened beside them.

use std::collections::HashMap;

use anyhow::Result;

use super::super::{database, gaps};
use super::{Made, Reader, select};
use crate::alert::Verdict;
use crate::catalogue::Metric;
use crate::failure::{Exit, Failure};
use crate::report::over_time::{self, Curve, LETTERS};
use crate::report::sheet::{Range, Table};
use crate::report::views::{alerts, is_meant, step};
use crate::report::{self, Assessed};
use crate::sample::{Millis, millis};
use crate::settings::Kind;
use crate::settings::metric_entry::Subject;
use crate::settings::words::closest;
use crate::store::read::past::{Owner, Past, past, sampled};
use crate::store::{self, read};

pub(super) const DAY: Millis = 86_400_000;

impl Reader<'_> {
    /// The snapshots of a cluster in a range.
    pub(super) fn past(&self, one: &Assessed, metrics: &[&Metric], range: Range) -> Result<Past> {
        let names: Vec<&str> = metrics.iter().map(|metric| metric.name()).collect();
        let interval = millis(self.loaded.settings.interval_of(&one.cluster.name));
        // The snapshot of the end itself belongs to it.
        let span = (range.since, range.until.saturating_add(1));
        let found = self.owner(one)?.map(|owner| past(self.connection, &owner, &names, span, interval)).transpose();
        let nothing = || Past { columns: metrics.iter().map(|_| Vec::new()).collect(), ..Past::default() };
        Ok(found.map_err(|e| self.explain(e))?.unwrap_or_else(nothing))
    }

    /// A line of letters of a metric for each cluster, by its name: a few snapshots for each letter.
    pub(super) fn trends(
        &self,
        assessed: &[Assessed],
        metric: &Metric,
        range: Range,
    ) -> Result<HashMap<String, Vec<Option<f64>>>> {
        const A_LETTER: Millis = 2;
        let mut ids = Vec::new();
        let mut names = Vec::new();
        for one in assessed {
            if let Some(owner) = self.owner(one)? {
                ids.push(owner.id);
                names.push(one.cluster.name.clone());
            }
        }
        let span = (range.since, range.until.saturating_add(1));
        let parts = LETTERS as Millis * A_LETTER;
        let found = sampled(self.connection, &ids, metric.name(), span, parts).map_err(|e| self.explain(e))?;
        let mut trends: HashMap<String, Vec<Option<f64>>> =
            assessed.iter().map(|one| (one.cluster.name.clone(), vec![None; LETTERS])).collect();
        trends.extend(names.into_iter().zip(&found).map(|(name, past)| {
            let values = past.columns.first().map(Vec::as_slice).unwrap_or_default();
            (name, Curve { metric, past, values }.slots(range, LETTERS))
        }));
        Ok(trends)
    }

    fn owner(&self, one: &Assessed) -> Result<Option<Owner>> {
        let id = read::runs::id_of(self.connection, &one.cluster.name).map_err(|e| self.explain(e))?;
        Ok(id.map(|id| Owner { subject: Subject::Cluster, id, key: Vec::new() }))
    }

    pub(super) fn over_time(&self, assessed: &[Assessed], verdict: &Verdict) -> Result<Made> {
        let range = self.range(DAY)?;
        let arguments = self.arguments;
        let named = !(arguments.metric.is_empty() && arguments.category.is_empty());
        let meant = self.meant()?;
        let view = over_time::view().map_err(anyhow::Error::msg)?;
        let mut whole: Option<report::sheet::Sheet> = None;
        for one in assessed {
            let sheet = match select::step(arguments, range)? {
                Some(length) => {
                    let usual = view.charts();
                    let shown: Vec<&Metric> = meant
                        .iter()
                        .copied()
                        .filter(|metric| named || usual.iter().any(|own| own == metric.name()))
                        .collect();
                    let past = self.past(one, &shown, range)?;
                    step::sheet(one, &curves(&shown, &past), range, length)
                }
                None => {
                    // Restarts are read beside them, in one go.
                    let restarts = self.catalogue.find(Subject::Cluster, &view.restarts);
                    let all: Vec<&Metric> = meant.iter().copied().chain(restarts).collect();
                    let past = self.past(one, &all, range)?;
                    let found = curves(&all, &past);
                    let (shown, restarts) = found.split_at(meant.len());
                    let mut sheet = over_time::sheet(one, shown, range, named);
                    sheet.facts.push(over_time::coverage(&past));
                    sheet.tables.extend(restarts.first().and_then(over_time::restarts));
                    self.add_what_happened(&mut sheet, one, range, verdict)?;
                    sheet
                }
            };
            match &mut whole {
                None => whole = Some(sheet),
                Some(first) => first.append(sheet),
            }
        }
        let sheet = whole.unwrap_or_else(|| report::sheet::Sheet::new("cluster", "no clusters".to_owned()));
        Ok(sheet.into())
    }

    /// Its nodes now, and the gaps and alerts of the range.
    fn add_what_happened(
        &self,
        sheet: &mut report::sheet::Sheet,
        one: &Assessed,
        range: Range,
        verdict: &Verdict,
    ) -> Result<()> {
        let mut add = |heading: &str, more: report::sheet::Sheet| {
            let tables = more.tables.into_iter().filter(|table| !table.rows.is_empty());
            sheet.tables.extend(tables.map(|table| Table { heading: Some(heading.to_owned()), ..table }));
        };
        add("nodes", self.nodes(std::slice::from_ref(one), verdict)?.sheet);
        if store::refuse_old(self.connection, database(self.loaded)).is_err() {
            return Ok(());
        }
        let mut targets = store::tables::targets(self.connection).map_err(|e| self.explain(e))?;
        targets.retain(|target| target.kind == Kind::Cluster && target.name == one.cluster.name);
        let span = (range.since, range.until);
        let found = gaps::find(self.connection, self.loaded, &targets, span, self.now).map_err(|e| self.explain(e))?;
        add("gaps", report::gaps::sheet(&found));
        let mut fired = self.fired(range)?;
        fired.retain(|alert| Kind::Cluster.is_named(&alert.labels, &one.cluster.name));
        add("alerts", alerts::sheet(&fired, range, self.now));
        Ok(())
    }

    /// The metrics that --metric and --category name; all without them.
    pub(super) fn meant(&self) -> Result<Vec<&Metric>> {
        let (metric, category) = (&self.arguments.metric, &self.arguments.category);
        let meant: Vec<&Metric> = self
            .catalogue
            .stored(Subject::Cluster)
            .filter(|own| is_meant(own.name(), metric) && is_meant(&own.entry.category, category))
            .collect();
        self.refuse_unmeant(&meant)?;
        Ok(meant)
    }

    fn refuse_unmeant(&self, meant: &[&Metric]) -> Result<()> {
        if !meant.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = self.catalogue.stored(Subject::Cluster).map(Metric::name).collect();
        let categories = self.catalogue.categories(Subject::Cluster);
        let none = |flag: &str, wanted: &[String], known: &[&str]| {
            let wanted = wanted.first()?;
            let what = format!("no metric of a cluster is meant by {flag} {wanted}");
            let hint = match closest(wanted, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`stellar config metrics` prints what is recorded; `*` and `?` stand for letters".to_owned(),
            };
            Some(Failure::new(Exit::Usage, what).with_hint(hint))
        };
        let refused = none("--metric", &self.arguments.metric, &names)
            .or_else(|| none("--category", &self.arguments.category, &categories));
        refused.map_or(Ok(()), |failure| Err(failure.into()))
    }
}

pub(super) fn curves<'a>(metrics: &[&'a Metric], past: &'a Past) -> Vec<Curve<'a>> {
    let columns = past.columns.iter().map(Vec::as_slice);
    metrics.iter().zip(columns).map(|(metric, values)| Curve { metric, past, values }).collect()
}
