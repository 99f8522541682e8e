//! The catalogue: every metric there is, compiled and in evaluation order. Columns, reports, exports and the reference
//! page are loops over it; no metric has a function, a field or an SQL text of its own.

pub mod batch;
pub mod collection;
pub mod evaluate;
pub(crate) mod place;
pub mod recorded;
pub mod reference;
pub mod uses;

use std::collections::HashSet;
use std::sync::OnceLock;

use crate::promql::{self, Expression, Selector, Value, Window};
use crate::sample::{Millis, Text};
use crate::settings::document::Document;
use crate::settings::fault::Fault;
use crate::settings::metric_entry::{self, BatchMarks, MetricEntry, Subject};
use crate::settings::{Kind, Settings};
use batch::Batches;
use collection::{Collection, Scrape};
use evaluate::{EvaluationFault, Rows};
use uses::Uses;

/// The metrics of StarRocks clusters that ship with the program.
pub const STARROCKS: &str = include_str!("../../conf/metrics/starrocks.toml");
const STARROCKS_FILE: &str = "conf/metrics/starrocks.toml";

/// Those of BatchSQL applications.
pub const BATCHSQL: &str = include_str!("../../conf/metrics/batchsql.toml");
const BATCHSQL_FILE: &str = "conf/metrics/batchsql.toml";

/// The frontend whose page fulfils this is the leader; no login is needed to see it.
const LEADER: &str = "node_info{type=\"is_master\"} == 1";

/// The columns of snapshots that are no metrics; a test holds them against the tables.
pub const KEY_COLUMNS: [&str; 17] = [
    "cluster_id",
    "collected_at",
    "run_id",
    "interval_ms",
    "answered",
    "merged",
    "covered_ms",
    "node",
    "instance",
    "role",
    "version",
    "application_id",
    "database",
    "table",
    "test_name",
    "idle",
    "ended",
];

/// The columns that the views add.
const VIEW_COLUMNS: [&str; 4] = ["cluster", "time", "application", "environment"];

/// One entry, in its place among the others.
#[derive(Debug)]
pub struct Metric {
    pub entry: MetricEntry,
    /// False for an excluded metric that another one is computed from.
    pub stored: bool,
}

impl Metric {
    pub fn name(&self) -> &str {
        &self.entry.name
    }

    pub fn per(&self) -> Subject {
        self.entry.per
    }
}

/// What one collection of a target gave.
#[derive(Debug)]
pub enum Figures {
    Cluster(Rows),
    Application(Batches),
}

impl Figures {
    pub fn faults(&self) -> &[EvaluationFault] {
        match self {
            Self::Cluster(rows) => &rows.faults,
            Self::Application(batches) => &batches.faults,
        }
    }
}

/// All metrics, each after those it is computed from.
#[derive(Debug)]
pub struct Catalogue {
    metrics: Vec<Metric>,
    /// Asked for by those who collect.
    cluster_uses: OnceLock<Uses>,
    application_uses: OnceLock<Uses>,
    leader: Expression,
    batches: BatchMarks,
}

impl Catalogue {
    /// The shipped metrics and the settings' own, without those that `exclude` names.
    ///
    /// # Errors
    /// All faults at once, each pointing at its entry: an expression that does not parse, a name used twice, an entry
    /// that bears the name of a sample.
    pub fn load(settings: &Settings) -> Result<Self, Vec<Fault>> {
        let documents = [(STARROCKS_FILE, STARROCKS), (BATCHSQL_FILE, BATCHSQL)];
        let [clusters, applications] = documents.map(|(file, text)| Document::shipped(file, text));
        let (of_batches, batches, mut faults) = metric_entry::read_tested_batches(&applications);
        if settings.metric_entries.is_empty() && settings.metrics.exclude.is_empty() {
            // What ships is tested to have no faults, and a report evaluates none of it.
            let (entries, more) = metric_entry::read_tested_entries(&clusters);
            faults.extend(more);
            let entries = entries.into_iter().chain(of_batches);
            let catalogue = Self::new(entries.map(|entry| Metric { entry, stored: true }).collect(), batches);
            return if faults.is_empty() { Ok(catalogue) } else { Err(faults) };
        }
        let (mut entries, more) = metric_entry::read_metric_entries(&clusters);
        faults.extend(more);
        entries.extend(of_batches);
        let mut taken: HashSet<(Subject, String)> = entries.iter().map(key).collect();
        let reserved = settings.metric_entries.iter().filter(|entry| {
            let name = entry.name.as_str();
            KEY_COLUMNS.contains(&name) || VIEW_COLUMNS.contains(&name)
        });
        for entry in reserved {
            let message = format!("`{}` is a column of every snapshot already", entry.name);
            faults.push(Fault::new(entry.name_place.clone(), message, "choose another name"));
        }
        for entry in &settings.metric_entries {
            if taken.insert(key(entry)) {
                entries.push(entry.clone());
            } else {
                let message = format!("the metric `{}` exists already: it ships with stellar", entry.name);
                faults.push(Fault::new(entry.name_place.clone(), message, "choose another name"));
            }
        }

        let mut metrics: Vec<Metric> = Vec::with_capacity(entries.len());
        let mut defined: HashSet<(Subject, String)> = HashSet::new();
        for entry in entries {
            faults.extend(without_history(&entry, &defined));
            if reads_entries(entry.per) {
                defined.insert(key(&entry));
            }
            let stored = !settings.metrics.excludes(&entry.name);
            metrics.push(Metric { entry, stored });
        }
        let of_clusters = sample_reads(&metrics).into_iter().filter(|(per, _)| per.kind() == Kind::Cluster);
        let names: HashSet<Text> = of_clusters.filter_map(|(_, selector)| selector.name).collect();
        let misread = |metric: &&Metric| metric.per().kind() == Kind::Cluster && names.contains(metric.name());
        for metric in metrics.iter().filter(misread) {
            let message = format!("`{}` is also read as a sample, or before it is defined", metric.name());
            let hint = "put it above the entries that use it, or choose another name";
            faults.push(Fault::new(metric.entry.name_place.clone(), message, hint));
        }
        if !faults.is_empty() {
            // Entries are in the order of their files.
            let mut files: Vec<&str> = settings.metric_entries.iter().map(|entry| &*entry.name_place.file).collect();
            files.dedup();
            let file = |fault: &Fault| files.iter().position(|file| *file == &*fault.place.file);
            faults.sort_by_key(|fault| (file(fault), fault.place.line, fault.place.column));
            return Err(faults);
        }
        Ok(Self::new(without_unneeded(metrics), batches))
    }

    fn new(metrics: Vec<Metric>, batches: BatchMarks) -> Self {
        let (cluster_uses, application_uses) = Default::default();
        Self { metrics, cluster_uses, application_uses, leader: Expression::deferred(LEADER), batches }
    }

    /// Every metric to evaluate, in order; `stored` tells which are kept.
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// The metrics that are stored and shown for `subject`, in the order of the catalogue.
    pub fn stored(&self, subject: Subject) -> impl Iterator<Item = &Metric> {
        self.metrics.iter().filter(move |metric| metric.stored && metric.per() == subject)
    }

    /// The categories of a subject's metrics, in the order of the catalogue.
    pub fn categories(&self, subject: Subject) -> Vec<&str> {
        let mut categories: Vec<&str> = Vec::new();
        for metric in self.stored(subject) {
            if !categories.contains(&metric.entry.category.as_str()) {
                categories.push(&metric.entry.category);
            }
        }
        categories
    }

    pub fn find(&self, subject: Subject, name: &str) -> Option<&Metric> {
        self.stored(subject).find(|metric| metric.name() == name)
    }

    /// Who reads the samples of this kind of target.
    pub fn uses(&self, kind: Kind) -> &Uses {
        let uses = match kind {
            Kind::Cluster => &self.cluster_uses,
            Kind::Application => &self.application_uses,
        };
        uses.get_or_init(|| {
            let read = sample_reads(&self.metrics).into_iter().filter(|(reader, _)| reader.kind() == kind);
            let marks: Vec<&Expression> = match kind {
                Kind::Cluster => vec![&self.leader],
                Kind::Application => {
                    let generations = self.batches.generations.iter().map(|(_, seen)| seen);
                    generations.chain([&self.batches.idle, &self.batches.restarted]).collect()
                }
            };
            Uses::new(read.map(|(_, selector)| selector).chain(marks.into_iter().flat_map(Expression::selectors)))
        })
    }

    /// The longest fixed range in use, in milliseconds; 0 without one.
    pub fn longest_range(&self) -> Millis {
        // What has no range but that since the previous collection is not parsed for this: a run of applications alone
        // does without the expressions of clusters, and the other way round.
        let since_previous = |rest: &str| rest.starts_with("$__interval]");
        let is_fixed = |text: &str| text.split('[').skip(1).any(|rest| !since_previous(rest));
        let expressions = self.metrics.iter().map(|metric| &metric.entry.expr);
        let marks = self.batches.generations.iter().map(|(_, seen)| seen);
        let marks = marks.chain([&self.batches.idle, &self.batches.restarted, &self.leader]);
        let fixed = expressions.chain(marks).filter(|expression| is_fixed(expression.text()));
        let windows = fixed.flat_map(Expression::selectors).map(|selector| selector.window);
        windows.map(|window| if let Window::Range(range) = window { range } else { 0 }).max().unwrap_or(0)
    }

    /// Whether this page is the leader's.
    pub fn is_leader(&self, page: &Scrape) -> bool {
        is_true(&self.leader, &Collection::new(std::slice::from_ref(page), Vec::new()), page.at)
    }

    /// Whether another process of an application answers than the one whose readings are remembered.
    pub fn is_restarted(&self, collection: &Collection, at: Millis) -> bool {
        is_true(&self.batches.restarted, collection, at)
    }
}

fn is_true(expression: &Expression, collection: &Collection, at: Millis) -> bool {
    matches!(promql::evaluate(expression, collection, at), Ok(Value::Vector(found)) if !found.is_empty())
}

fn key(entry: &MetricEntry) -> (Subject, String) {
    (entry.per, entry.name.clone())
}

/// A collection has one time, an earlier entry has one value, and a page is read for the names that are asked for: what
/// asks for more would be NULL for ever.
fn without_history(entry: &MetricEntry, defined: &HashSet<(Subject, String)>) -> Option<Fault> {
    let selectors = entry.expr.selectors();
    let start = format!("`expr` of metric `{}`", entry.name);
    let hint = "rules and queries look at history";
    let (message, hint) = if let Some(nameless) = selectors.iter().find(|selector| selector.name.is_none()) {
        let message = format!("{start} selects {nameless}, but samples are read by their names");
        (message, "name the metric; several of them join with `or`")
    } else if selectors.iter().any(|selector| selector.offset != 0) {
        (format!("{start} uses `offset`, but one collection has no other time"), hint)
    } else if selectors.iter().any(|selector| selector.at.is_some()) {
        (format!("{start} uses `@`, but one collection has no other time"), hint)
    } else {
        let ranged = selectors.iter().filter(|selector| selector.window != Window::Instant);
        let mut names = ranged.filter_map(|selector| selector.name.as_deref());
        let name = names.find(|name| defined.contains(&(entry.per, (*name).to_owned())))?;
        (format!("{start} asks for a range of `{name}`, which is one value"), hint)
    };
    Some(Fault::new(entry.expr_place.clone(), message, hint))
}

/// Whether a name that an earlier entry defines is that entry's value. Entries for batches bear the names of samples, so
/// with them every name is a sample.
fn reads_entries(subject: Subject) -> bool {
    subject.kind() == Kind::Cluster
}

/// The selectors that no earlier entry of the same subject answers, with the subject of the entry that asks.
fn sample_reads(metrics: &[Metric]) -> Vec<(Subject, Selector)> {
    let mut reads = Vec::new();
    let mut defined: HashSet<(Subject, &str)> = HashSet::new();
    for metric in metrics {
        let selectors = metric.entry.expr.selectors().into_iter();
        let of_samples = selectors.filter(|selector| {
            let name = selector.name.as_deref();
            !name.is_some_and(|name| defined.contains(&(metric.per(), name)))
        });
        reads.extend(of_samples.map(|selector| (metric.per(), selector)));
        if reads_entries(metric.per()) {
            defined.insert((metric.per(), metric.name()));
        }
    }
    reads
}

/// Drops excluded metrics that nothing kept is computed from.
fn without_unneeded(mut metrics: Vec<Metric>) -> Vec<Metric> {
    let mut needed: HashSet<(Subject, String)> = HashSet::new();
    for metric in metrics.iter().rev() {
        if metric.stored || needed.contains(&key(&metric.entry)) {
            let names = metric.entry.expr.selectors().into_iter().filter_map(|selector| selector.name);
            let names = names.filter(|_| reads_entries(metric.per()));
            needed.extend(names.map(|name| (metric.per(), name.to_string())));
        }
    }
    metrics.retain(|metric| metric.stored || needed.contains(&key(&metric.entry)));
    metrics
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::fault::render;

    fn faults(text: &str) -> String {
        let entries = metric_entry::read_metric_entries(&Document::parse("m.toml", text));
        let settings = Settings { metric_entries: entries.0, ..Settings::default() };
        Catalogue::load(&settings).err().map_or_else(String::new, |faults| render(&faults))
    }

    #[test]
    fn an_entry_that_could_never_have_a_value_or_a_column_is_a_fault() {
        let entry = |name: &str, expr: &str| format!("[[metric]]\nname = '{name}'\nexpr = '{expr}'\nunit = 'count'\n");
        let text = entry("node", "sum(a)")
            + &entry("queries", "sum(a)")
            + &entry("late", "sum(a offset 5m)")
            + &entry("pinned", "sum(a @ end())")
            + &entry("nameless", "sum({job=\"fe\"})")
            + &entry("long", "max_over_time(connections[5m])")
            + &entry("up", "sum(a)");
        assert_eq!(
            faults(&text),
            "error: m.toml:2:8: `node` is a column of every snapshot already
    2 | name = 'node'
      |        ^^^^^^ choose another name
error: m.toml:6:8: the metric `queries` exists already: it ships with stellar
    6 | name = 'queries'
      |        ^^^^^^^^^ choose another name
error: m.toml:11:8: `expr` of metric `late` uses `offset`, but one collection has no other time
   11 | expr = 'sum(a offset 5m)'
      |        ^^^^^^^^^^^^^^^^^^ rules and queries look at history
error: m.toml:15:8: `expr` of metric `pinned` uses `@`, but one collection has no other time
   15 | expr = 'sum(a @ end())'
      |        ^^^^^^^^^^^^^^^^ rules and queries look at history
error: m.toml:19:8: `expr` of metric `nameless` selects {job=\"fe\"}, but samples are read by their names
   19 | expr = 'sum({job=\"fe\"})'
      |        ^^^^^^^^^^^^^^^^^ name the metric; several of them join with `or`
error: m.toml:23:8: `expr` of metric `long` asks for a range of `connections`, which is one value
   23 | expr = 'max_over_time(connections[5m])'
      |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ rules and queries look at history
error: m.toml:26:8: `up` is also read as a sample, or before it is defined
   26 | name = 'up'
      |        ^^^^ put it above the entries that use it, or choose another name
"
        );
    }

    #[test]
    fn an_excluded_metric_is_evaluated_only_for_those_computed_from_it() {
        let mut settings = Settings::default();
        settings.metrics.exclude = vec!["*".to_owned()];
        assert!(Catalogue::load(&settings).unwrap().metrics().is_empty());
        settings.metrics.exclude = vec!["queries".to_owned(), "queries_failed".to_owned()];
        let catalogue = Catalogue::load(&settings).unwrap();
        let stored = |name: &str| catalogue.metrics().iter().find(|metric| metric.name() == name).unwrap().stored;
        assert_eq!((stored("queries"), stored("query_error_ratio")), (false, true));
        assert!(catalogue.find(Subject::Cluster, "queries").is_none());
    }

    #[test]
    fn what_ships_has_no_faults_although_nobody_looks_at_every_start() {
        let mut settings = Settings::default();
        settings.metrics.exclude = vec!["of_no_such_name".to_owned()];
        let faults = Catalogue::load(&settings).err().unwrap_or_default();
        assert_eq!(render(&faults), "");
        assert_eq!(Expression::parse(LEADER).map(|leader| leader.text().to_owned()), Ok(LEADER.to_owned()));
    }

    #[test]
    fn the_longest_range_is_that_of_any_expression() {
        let longest = |expr: &str| {
            let text = format!("[[metric]]\nname = 'mine'\nper = 'batch'\nexpr = '{expr}'\nunit = 'count'\n");
            let entries = metric_entry::read_metric_entries(&Document::parse("m.toml", &text));
            let settings = Settings { metric_entries: entries.0, ..Settings::default() };
            Catalogue::load(&settings).unwrap().longest_range()
        };
        assert_eq!(longest("sum(increase(a[$__interval]))"), 0);
        assert_eq!(longest("sum(increase(a{b=\"[5m]\"}[$__interval]))"), 0);
        assert_eq!(longest("sum(increase(a[$__interval])) + sum(rate(a[ 1h ])) + sum(rate(b[5m]))"), 3_600_000);
    }

    #[test]
    fn what_is_read_when_it_is_needed_is_what_is_read_at_once() {
        let mut settings = Settings::default();
        let deferred = Catalogue::load(&settings).unwrap();
        settings.metrics.exclude = vec!["of_no_such_name".to_owned()];
        let at_once = Catalogue::load(&settings).unwrap();
        for kind in [Kind::Cluster, Kind::Application] {
            assert_eq!(deferred.uses(kind).selectors(), at_once.uses(kind).selectors());
        }
        let longest = [Kind::Cluster, Kind::Application].map(|kind| at_once.uses(kind).longest_range());
        assert_eq!(Some(deferred.longest_range()), longest.into_iter().max());
        assert_eq!(format!("{:?}", deferred.metrics), format!("{:?}", at_once.metrics));
    }
}
