//! Collecting: every endpoint of every due target at once, through one pool of threads. The work is waiting, so the pool
//! is as wide as there can be requests under way (up to `max_concurrency`), never one thread a core.
//!
//! Collecting never formats and never evaluates: it ends with samples, attempts and nodes.

mod batchsql;
mod cells;
mod credentials;
pub mod due;
mod fault;
pub mod http;
mod lists;
pub mod nodes;
pub mod page;
mod pool;
mod problems;
mod proxy;
pub mod show;
pub mod starrocks;
mod tap;
mod tls;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::catalogue::Catalogue;
use crate::catalogue::collection::Scrape;
use crate::clock::Clock;
use crate::sample::{Millis, Text};
use crate::settings::{Cluster, Collection as Limits, Endpoint, Target};
pub use problems::Problem;

/// The record of one fetch.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub job: &'static str,
    pub instance: String,
    pub url: String,
    pub started_at: Millis,
    pub took: Duration,
    pub bytes: usize,
    /// Samples on the page, wanted or not.
    pub samples: u64,
    pub kept: u64,
    /// Bad lines, second readings, undeclared and suspect samples.
    pub rejected: u64,
    pub error: Option<String>,
    /// Failed, but another way gave what it was asked for.
    pub mended: bool,
}

impl Attempt {
    /// What is known of a fetch before anybody looked into its answer.
    fn new(job: &'static str, endpoint: &Endpoint, url: String, reply: &http::Reply) -> Self {
        Self {
            job,
            instance: endpoint.instance.clone(),
            url,
            started_at: reply.at,
            took: reply.took,
            bytes: reply.answer.as_ref().map_or(0, |answer| answer.body.len()),
            samples: 0,
            kept: 0,
            rejected: 0,
            error: reply.answer.as_ref().err().map(ToString::to_string),
            mended: false,
        }
    }
}

/// A node as the cluster lists it, or as the configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// `fe:NAME`, `be:ID`, `cn:ID`, else `JOB@INSTANCE`.
    pub key: String,
    pub job: &'static str,
    /// The `id` or `name` label of its rows.
    pub identity: Option<String>,
    pub instance: Option<String>,
    pub role: Option<String>,
    pub version: Option<String>,
}

impl Node {
    /// A node of an earlier snapshot, from the key under which it was stored; `None` for a key of no known form.
    pub fn remembered(key: String, instance: Option<String>) -> Option<Self> {
        let job = ["fe", "be", "cn"].into_iter().find(|job| key.starts_with(job))?;
        let rest = key.strip_prefix(job)?;
        let identity = match rest.strip_prefix(':') {
            Some(identity) => Some(identity.to_owned()),
            None if rest.starts_with('@') => None,
            None => return None,
        };
        Some(Self { key, job, identity, instance, role: None, version: None })
    }
}

/// What one target gave.
#[derive(Debug, Default)]
pub struct Harvest {
    pub scrapes: Vec<Scrape>,
    pub attempts: Vec<Attempt>,
    pub nodes: Vec<Node>,
    /// What an operator should know, in alphabetical order.
    pub problems: Vec<Problem>,
    /// Frontends whose page could be read; of an application its page.
    pub answered: usize,
    /// An application that lives for a run only, and that is not there.
    pub ended: bool,
    pub took: Duration,
}

impl Harvest {
    pub fn samples_seen(&self) -> u64 {
        self.attempts.iter().map(|attempt| attempt.samples).sum()
    }
}

/// What a target needs to know from earlier runs.
#[derive(Debug, Default)]
pub struct Remembered {
    /// Rows with a period of their own, as they were last read.
    pub periodic: Vec<Scrape>,
    /// The nodes of the last snapshot: asked when no list of nodes can be had, and known by the same names.
    pub nodes: Vec<Node>,
}

/// How far a run is, for whoever draws it.
#[derive(Debug, Default)]
pub struct Progress {
    pub asked: AtomicUsize,
    pub answered: AtomicUsize,
    /// Requests under way or queued, by target.
    open: Mutex<BTreeMap<String, usize>>,
}

/// Everything a fetch needs besides its URL.
#[derive(Clone, Copy)]
pub struct Toolbox<'a> {
    pub catalogue: &'a Catalogue,
    pub clock: &'a Clock,
    pub progress: &'a Progress,
}

/// A target as its collection needs it.
enum Work<'a> {
    Cluster(starrocks::Target<'a>),
    Application(batchsql::Target<'a>),
}

/// Fetches all targets; the result has one harvest each, in their order.
///
/// # Errors
/// When no thread can be started or a target's certificates cannot be used. Endpoints never make it fail.
pub fn fetch(asked: &[(Target, Remembered)], limits: &Limits, tools: Toolbox) -> Result<Vec<Harvest>> {
    let deadline = Instant::now() + limits.deadline;
    let mut targets = Vec::with_capacity(asked.len());
    for (target, remembered) in asked {
        let uses_tls = match target {
            Target::Cluster(cluster) => endpoints(cluster).any(|endpoint| endpoint.https),
            Target::Application(application) => application.page.https,
        };
        let client = http::Client::new(target.access(), uses_tls, limits.retries, deadline)
            .with_context(|| format!("{} `{}`", target.kind().name(), target.name()))?;
        targets.push(match target {
            Target::Cluster(cluster) => Work::Cluster(starrocks::Target::new(cluster, client, remembered, tools)),
            Target::Application(application) => Work::Application(batchsql::Target::new(application, client, tools)),
        });
    }
    let pause = limits.stagger.checked_div(u32::try_from(targets.len()).unwrap_or(u32::MAX)).unwrap_or_default();
    let requests: usize = asked.iter().map(|(target, remembered)| most_at_once(*target, remembered)).sum();
    pool::run(requests.min(limits.max_concurrency), |pool| {
        for (index, target) in targets.iter().enumerate() {
            if index > 0 && !pause.is_zero() {
                std::thread::sleep(pause);
            }
            match target {
                Work::Cluster(target) => target.start(pool),
                Work::Application(target) => target.start(pool),
            }
        }
    })?;
    let finish = |target| match target {
        Work::Cluster(target) => starrocks::Target::finish(target),
        Work::Application(target) => batchsql::Target::finish(target),
    };
    Ok(targets.into_iter().map(finish).collect())
}

/// The configured endpoints of a cluster.
fn endpoints(cluster: &Cluster) -> impl Iterator<Item = &Endpoint> {
    cluster.frontends.iter().chain(&cluster.backends).chain(&cluster.compute_nodes)
}

/// How many requests of a target can be under way at once: of a cluster its nodes, its frontends' runtime figures, its lists.
fn most_at_once(target: Target, remembered: &Remembered) -> usize {
    /// A cluster that was never collected can be of any size.
    const UNKNOWN: usize = 64;
    let Target::Cluster(cluster) = target else { return 1 };
    let listed = match (&cluster.access.login, remembered.nodes.len()) {
        (None, _) => 0,
        (Some(_), 0) => UNKNOWN,
        (Some(_), known) => known,
    };
    let lists = if cluster.access.login.is_some() { 5 } else { 0 };
    let blacklists =
        if cluster.access.login.is_some() && cluster.pages.blacklist { cluster.frontends.len() } else { 0 };
    endpoints(cluster).count().max(listed) + cluster.frontends.len() + lists + blacklists
}

impl Progress {
    fn ask(&self, target: &str) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        *self.open().entry(target.to_owned()).or_default() += 1;
    }

    fn answer(&self, target: &str) {
        self.answered.fetch_add(1, Ordering::Relaxed);
        let mut open = self.open();
        if let Some(count) = open.get_mut(target) {
            *count -= 1;
            if *count == 0 {
                open.remove(target);
            }
        }
    }

    /// The targets that have not answered everything.
    pub fn waiting_for(&self) -> Vec<String> {
        self.open().keys().cloned().collect()
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name under which a page's readings are remembered.
pub fn page_source(job: &str, instance: &str, page: &str) -> Text {
    format!("{job}@{instance}{page}").into()
}
