//! One StarRocks cluster: which requests follow which. Frontend pages and static nodes are asked at once; as soon as a
//! frontend's page says that it leads (or no page does) its lists of nodes are asked for; as those arrive, the nodes.
//!
//! The lists come from the leader's SQL endpoint where it exists, else from /api/show_proc forwarded to the leader by
//! any frontend, else (no leader) from a survivor's own rows.

use std::collections::{BTreeMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::fault::{FetchError, Lack};
use super::http::{Client, Login, Question, Reply};
use super::pool::Pool;
use super::problems::Problem;
use super::show::{self, List, ListAnswer};
use super::{Attempt, Harvest, Remembered, Toolbox, nodes, page, page_source, problems};
use crate::catalogue::collection::{Sample, Scrape};
use crate::sample::{Labels, Text, millis};
use crate::settings::{Cluster, Endpoint, Kind};

const RUNTIME_INFO_PATH: &str = "/api/show_runtime_info";

pub struct Target<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) client: Client,
    pub(super) tools: Toolbox<'a>,
    remembered: &'a Remembered,
    /// Lists with a period of their own that are still present from an earlier run.
    reused: Vec<List>,
    started: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    frontends_pending: usize,
    /// Indexes of the frontends whose page could be read, in the order of their answers.
    pub(super) answered: Vec<usize>,
    pub(super) leader: Option<usize>,
    lists_asked: bool,
    pub(super) lists: BTreeMap<List, ListAnswer>,
    nodes_asked: HashSet<String>,
    pub(super) scrapes: Vec<Scrape>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) problems: Vec<Problem>,
    /// Lists that no way led to: the frontend, why, and which.
    pub(super) unlisted: Vec<(String, Problem, List)>,
    /// What the login may not see, by name, and the right it lacks.
    pub(super) denied: BTreeMap<&'static str, Lack>,
    last_answer: Option<Instant>,
}

/// What became of a page.
struct PageOutcome {
    readable: bool,
    /// The node answered, if only with a refusal.
    reached: bool,
    leads: bool,
}

impl<'a> Target<'a> {
    pub fn new(cluster: &'a Cluster, client: Client, remembered: &'a Remembered, tools: Toolbox<'a>) -> Self {
        let state = State { frontends_pending: cluster.frontends.len(), ..State::default() };
        let now = tools.clock.now();
        let reused = periodic_lists(cluster).filter(|(list, period)| {
            // Half an interval of slack: a timer that fires early must not find the page neither due nor present.
            let lasts = millis(*period) - millis(cluster.interval.min(*period)) / 2;
            let last = remembered.periodic.iter().find(|scrape| *scrape.source == *list.source());
            last.is_some_and(|scrape| scrape.at <= now && now - scrape.at < lasts)
        });
        Self {
            cluster,
            client,
            tools,
            remembered,
            reused: reused.map(|(list, _)| list).collect(),
            started: Instant::now(),
            state: Mutex::new(state),
        }
    }

    /// A task that panicked has not left a half-done change: every change is one push.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn start<'s>(&'s self, pool: &Pool<'s>) {
        for index in 0..self.cluster.frontends.len() {
            self.spawn(pool, move |pool| self.frontend_page(pool, index));
        }
        for (job, nodes) in [("be", &self.cluster.backends), ("cn", &self.cluster.compute_nodes)] {
            for endpoint in nodes {
                self.ask_node(pool, job, endpoint);
            }
        }
    }

    pub(super) fn spawn<'s>(&'s self, pool: &Pool<'s>, work: impl FnOnce(&Pool<'s>) + Send + 's) {
        self.tools.progress.ask(&self.cluster.name);
        pool.spawn_fifo(move |pool| {
            // A fault of our own costs one request, not the run of all clusters.
            if catch_unwind(AssertUnwindSafe(|| work(pool))).is_err() {
                let text = "an internal fault lost one request; please report it".to_owned();
                self.state().problems.push(text.into());
            }
            self.tools.progress.answer(&self.cluster.name);
            self.state().last_answer = Some(Instant::now());
        });
    }

    fn frontend_page<'s>(&'s self, pool: &Pool<'s>, index: usize) {
        let endpoint = &self.cluster.frontends[index];
        let pages = &self.cluster.pages;
        let mut parameters = Vec::new();
        // Without a login the whole page would be refused.
        let may_ask = |wanted: bool| wanted && self.client.lacks_password().is_none();
        if may_ask(pages.table_metrics) {
            parameters.push("with_table_metrics=minified");
        }
        if may_ask(pages.materialized_views) {
            parameters.push("with_materialized_view_metrics=minified");
        }
        let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
        let page = self.metrics_page("fe", endpoint, &query);
        if pages.blacklist && page.readable && self.client.has_login() {
            self.spawn(pool, move |_| self.blacklist(endpoint));
        }
        let (ask_lists, nobody_answered) = {
            let mut state = self.state();
            state.frontends_pending -= 1;
            if page.readable {
                state.answered.push(index);
            }
            if page.leads && state.leader.is_none() {
                state.leader = Some(index);
            }
            let known = state.leader.is_some() || (state.frontends_pending == 0 && !state.answered.is_empty());
            let ask = known && !state.lists_asked && self.client.has_login();
            state.lists_asked |= ask;
            (ask, state.frontends_pending == 0 && state.answered.is_empty())
        };
        if ask_lists {
            for list in [List::Frontends, List::Backends, List::ComputeNodes] {
                self.spawn(pool, move |pool| self.list(pool, list));
            }
            for (list, _) in periodic_lists(self.cluster).filter(|(list, _)| !self.reused.contains(list)) {
                self.spawn(pool, move |pool| self.list(pool, list));
            }
        }
        if nobody_answered {
            self.ask_remembered(pool, "be");
            self.ask_remembered(pool, "cn");
        }
        // A frontend that cannot be reached is not asked a second time; one that only refuses its page is.
        if pages.runtime_info && page.reached {
            self.spawn(pool, move |_| self.runtime_info(endpoint, page.readable));
        }
    }

    /// The page of one node. Its scrape is kept whether it could be read or not, with `up` on it.
    fn metrics_page(&self, job: &'static str, endpoint: &Endpoint, query: &str) -> PageOutcome {
        let url = format!("{}/metrics{query}", endpoint.base);
        let login = if job == "fe" { Login::IfKnown } else { Login::Never };
        let reply = self.client.ask(&Question { url: &url, body: None, login }, self.tools.clock);
        let source = page_source(job, &endpoint.instance, "");
        let uses = self.tools.catalogue.uses(Kind::Cluster);
        let instance = &endpoint.instance;
        let mut result = page::read(&reply, page::Asked { job, instance, source, uses, prefix: None });
        let report = &result.report;
        // Some versions print a series twice on every page: worth knowing, not worth a warning each time.
        if report.duplicates > 0 {
            log::info!("{url}: {} second readings of a series do not count", report.duplicates);
        }
        let readable = result.error.is_none();
        let leads = readable && job == "fe" && self.tools.catalogue.is_leader(&result.scrape);
        if readable && job == "fe" {
            let asked_for_tables = self.cluster.pages.table_metrics && self.client.has_login();
            let told = [(true, "scrape_leads", leads), (asked_for_tables, "scrape_asked_for_tables", true)];
            for (_, name, value) in told.into_iter().filter(|(known, ..)| *known) {
                let labels = result.scrape.common.clone();
                result.scrape.samples.push(Sample { name: name.into(), labels, value: f64::from(u8::from(value)) });
            }
        }
        let mut state = self.state();
        // Of something that is no page of metrics, its lines are not worth a word.
        let problems = match &result.error {
            Some(error) => vec![error.to_string()],
            None => problems::of_page(report),
        };
        let grave = result.error.as_ref().is_some_and(|error| error.login_refused);
        state.problems.extend(problems.iter().map(|problem| Problem { text: format!("{url}: {problem}"), grave }));
        state.attempts.push(Attempt {
            samples: report.samples,
            kept: result.scrape.samples.len() as u64,
            rejected: report.bad_lines + report.duplicates + report.undeclared + report.suspect_samples,
            error: result.error.as_ref().map(ToString::to_string),
            ..Attempt::new(job, endpoint, url, &reply)
        });
        let reached = reply.answer.as_ref().map_or_else(|error| error.status.is_some(), |_| true);
        state.scrapes.push(result.scrape);
        PageOutcome { readable, reached, leads }
    }

    /// Four figures of the frontend's JVM, a JSON object of texts.
    fn runtime_info(&self, endpoint: &Endpoint, page_was_read: bool) {
        let url = format!("{}{RUNTIME_INFO_PATH}", endpoint.base);
        let reply = self.ask(&url, None);
        let row: Result<serde_json::Map<String, serde_json::Value>, FetchError> = match &reply.answer {
            Ok(answer) => {
                serde_json::from_slice(&answer.body).map_err(|_| FetchError::new("the answer is no JSON object"))
            }
            Err(error) => Err(error.clone()),
        };
        let common = Labels::of([("job", "fe"), ("instance", &endpoint.instance)]);
        let mut samples = Vec::new();
        if let Ok(row) = &row {
            for (key, value) in row {
                let number = value.as_str().map_or_else(|| value.as_f64(), |text| text.parse().ok());
                let name = format!("show_runtime_info_{key}");
                if let Some(value) = number.filter(|_| self.tools.catalogue.uses(Kind::Cluster).reads(&name, &common)) {
                    samples.push(Sample { name: name.into(), labels: common.clone(), value });
                }
            }
        }
        let source = page_source("fe", &endpoint.instance, "/runtime_info");
        let mut state = self.state();
        state.attempts.push(Attempt {
            samples: row.as_ref().map_or(0, |row| row.len() as u64),
            kept: samples.len() as u64,
            error: row.as_ref().err().map(ToString::to_string),
            // The page gives the same figures and more.
            mended: row.is_err() && page_was_read,
            ..Attempt::new("fe", endpoint, url, &reply)
        });
        let at = reply.at;
        state.scrapes.push(Scrape { source, common, at, samples, periodic: false });
    }

    pub(super) fn ask_node<'s>(&'s self, pool: &Pool<'s>, job: &'static str, endpoint: &Endpoint) {
        if self.state().nodes_asked.insert(endpoint.base.clone()) {
            let endpoint = endpoint.clone();
            self.spawn(pool, move |_| {
                self.metrics_page(job, &endpoint, "");
            });
        }
    }

    /// Without a list of nodes, those that it had last time are asked.
    pub(super) fn ask_remembered<'s>(&'s self, pool: &Pool<'s>, job: &'static str) {
        let fixed = if job == "be" { &self.cluster.backends } else { &self.cluster.compute_nodes };
        if fixed.is_empty() {
            let known = self.remembered.nodes.iter().filter(|node| node.job == job);
            for endpoint in known.filter_map(|node| node.instance.as_deref()).map(nodes::endpoint_of) {
                self.ask_node(pool, job, &endpoint);
            }
        }
    }

    pub(super) fn ask(&self, url: &str, body: Option<&str>) -> Reply {
        self.client.ask(&Question { url, body, login: Login::Needed }, self.tools.clock)
    }

    /// Everything that came in, the lists as samples.
    pub fn finish(self) -> Harvest {
        let now = self.tools.clock.now();
        let sources: Vec<Text> = self.reused.iter().map(|list| list.source()).collect();
        let reused = self.remembered.periodic.iter().filter(|scrape| sources.contains(&scrape.source)).cloned();
        let started = self.started;
        let mut state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let pretender = problems::unmask(&mut state.lists, &self.cluster.frontends);
        state.problems.extend(problems::unlisted(std::mem::take(&mut state.unlisted)));
        state.problems.extend(pretender.map(Problem::from));
        let clock = nodes::server_clock(&state.lists);
        let offset = clock.and_then(|clock| clock.zone_offset);
        let leader = state.leader.map(|index| self.cluster.frontends[index].instance.as_str());
        let mut harvest = Harvest {
            nodes: nodes::known(&state.lists, &state.scrapes, leader, &self.remembered.nodes),
            scrapes: state.scrapes,
            attempts: state.attempts,
            problems: state.problems,
            answered: state.answered.len(),
            ended: false,
            took: state.last_answer.map_or(Duration::ZERO, |last| last - started),
        };
        if !state.lists.is_empty() {
            let from_leader = state.lists.values().all(|list| list.from_leader);
            harvest.scrapes.push(nodes::about_lists(from_leader, clock, now));
        }
        harvest.scrapes.extend(problems::denied(&state.lists, &state.denied, now));
        for (list, answer) in &state.lists {
            let mut samples = show::samples(*list, &answer.rows, offset);
            samples.retain(|sample| self.tools.catalogue.uses(Kind::Cluster).reads(&sample.name, &sample.labels));
            let periodic = list.job().is_none();
            harvest.scrapes.push(Scrape {
                source: list.source(),
                common: Labels::empty(),
                at: answer.at,
                samples,
                periodic,
            });
        }
        harvest.scrapes.extend(reused);
        harvest.problems.sort();
        harvest
    }
}

/// The lists that have a period of their own, with it.
fn periodic_lists(cluster: &Cluster) -> impl Iterator<Item = (List, Duration)> {
    let pages = &cluster.pages;
    let lists = [(List::Statistic, pages.statistic), (List::Transactions, pages.transactions)];
    lists.into_iter().filter_map(|(list, period)| Some((list, period?)))
}
