//! One BatchSQL application: its one page, which is not there before and after a run, and which may grow without end.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::http::{Client, Login, Question};
use super::pool::Pool;
use super::problems::Problem;
use super::{Attempt, Harvest, Toolbox, page, page_source, problems};
use crate::catalogue::collection::Sample;
use crate::settings::{Application, Kind};
use crate::words;

/// Its `job` label.
pub const JOB: &str = "app";

pub struct Target<'a> {
    application: &'a Application,
    client: Client,
    tools: Toolbox<'a>,
    harvest: Mutex<Harvest>,
}

impl<'a> Target<'a> {
    pub fn new(application: &'a Application, client: Client, tools: Toolbox<'a>) -> Self {
        Self { application, client, tools, harvest: Mutex::default() }
    }

    pub fn start<'s>(&'s self, pool: &Pool<'s>) {
        self.tools.progress.ask(&self.application.name);
        pool.spawn_fifo(move |_| {
            let started = Instant::now();
            // A fault of our own costs one application, not the run of all targets.
            let mut harvest = catch_unwind(AssertUnwindSafe(|| self.fetch())).unwrap_or_else(|_| {
                let text = "an internal fault lost the page; please report it".to_owned();
                Harvest { problems: vec![text.into()], ..Harvest::default() }
            });
            harvest.took = started.elapsed();
            *self.harvest.lock().unwrap_or_else(PoisonError::into_inner) = harvest;
            self.tools.progress.answer(&self.application.name);
        });
    }

    pub fn finish(self) -> Harvest {
        self.harvest.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn fetch(&self) -> Harvest {
        let Application { page: endpoint, metrics_prefix, ephemeral, max_series, .. } = self.application;
        let url = endpoint.base.clone();
        let question = Question { url: &url, body: None, login: Login::IfKnown };
        let reply = self.client.ask(&question, self.tools.clock);
        let uses = self.tools.catalogue.uses(Kind::Application);
        let names = (!metrics_prefix.is_empty()).then(|| uses.wanted_after(metrics_prefix));
        let mut result = page::read(
            &reply,
            page::Asked {
                job: JOB,
                instance: &endpoint.instance,
                source: page_source(JOB, &endpoint.instance, ""),
                uses,
                prefix: names.as_ref().map(|names| (metrics_prefix.as_str(), names)),
            },
        );
        let ended = *ephemeral && result.error.as_ref().is_some_and(|error| error.is_refusal());
        let report = &result.report;
        if report.duplicates > 0 {
            log::info!("{url}: {} second readings of a series do not count", report.duplicates);
        }
        let mut texts = match &result.error {
            Some(_) if ended => Vec::new(),
            Some(error) => vec![error.to_string()],
            None => problems::of_page(report),
        };
        texts.extend(cap(&mut result.scrape.samples, *max_series));
        let grave = result.error.as_ref().is_some_and(|error| error.login_refused);
        let problems = texts.iter().map(|text| Problem { text: format!("{url}: {text}"), grave });
        Harvest {
            problems: problems.collect(),
            answered: usize::from(result.error.is_none()),
            ended,
            attempts: vec![Attempt {
                samples: report.samples,
                kept: result.scrape.samples.len() as u64,
                rejected: report.bad_lines + report.duplicates + report.undeclared + report.suspect_samples,
                error: result.error.as_ref().map(ToString::to_string),
                // Nobody waits for what has ended.
                mended: ended,
                ..Attempt::new(JOB, endpoint, url, &reply)
            }],
            scrapes: vec![result.scrape],
            ..Harvest::default()
        }
    }
}

/// Leaves out the largest families until no more than `most` series are left, and says which. A part of a family would be
/// a wrong sum.
fn cap(samples: &mut Vec<Sample>, most: usize) -> Option<String> {
    if samples.len() <= most {
        return None;
    }
    let mut families: BTreeMap<&str, usize> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| !page::is_added(sample)) {
        *families.entry(family(&sample.name)).or_default() += 1;
    }
    let all: usize = families.values().sum();
    if all <= most {
        return None;
    }
    let mut largest: Vec<(&str, usize)> = families.into_iter().collect();
    largest.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut left = all;
    let mut gone: Vec<(String, usize)> = Vec::new();
    for (name, count) in largest {
        if left <= most {
            break;
        }
        left -= count;
        gone.push((name.to_owned(), count));
    }
    let told: Vec<String> = gone.iter().map(|(name, count)| told(samples, name, *count)).collect();
    samples.retain(|sample| !gone.iter().any(|(name, _)| name == family(&sample.name)));
    Some(format!(
        "{} series are more than `max_series` ({}); left out: {}",
        words::grouped(all as u64),
        words::grouped(most as u64),
        told.join("; ")
    ))
}

/// The name without what a histogram or a summary adds to it.
fn family(name: &str) -> &str {
    ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name)
}

/// `` `batchsql_x` (5,796 series; the label `batch_size` has 322 values) ``.
fn told(samples: &[Sample], name: &str, count: usize) -> String {
    let mut values: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| family(&sample.name) == name) {
        for (label, value) in sample.labels.iter() {
            values.entry(label).or_default().insert(value);
        }
    }
    let most = values.iter().max_by_key(|(_, values)| values.len());
    let label = most.map_or_else(String::new, |(label, values)| {
        format!("; the label `{label}` has {}", words::count(values.len(), "value"))
    });
    format!("`{name}` ({} series{label})", words::grouped(count as u64))
}
