//! One StarRocks cluster: which requests follow which. Frontend pages and static nodes are asked at once; as soon as a
//! frontend's page says that it leads (or no page does) its lists of nodes are asked for; as those arrive, the nodes.
//!
//! The lists come from the leader's SQL endpoint where it exists, else from /api/show_proc forwarded to the leader by
//! any frontend, else (no leader) from a survivor's own rows.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rayon::ScopeFifo;

use super::http::{Answer, Client, FetchError, Question};
use super::show::{self, List, Row, Table};
use super::{Attempt, Harvest, Toolbox, nodes, page, page_source};
use crate::catalogue::collection::{Sample, Scrape};
use crate::sample::{Labels, Millis};
use crate::settings::{Cluster, Endpoint};

const SQL_PATH: &str = "/api/v1/catalogs/default_catalog/sql";
const SHOW_PROC_PATH: &str = "/api/show_proc";
const RUNTIME_INFO_PATH: &str = "/api/show_runtime_info";

pub struct Target<'a> {
    cluster: &'a Cluster,
    client: Client,
    tools: Toolbox<'a>,
    periodic: &'a [Scrape],
    started: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    frontends_pending: usize,
    /// Indexes of the frontends whose page could be read, in the order of their answers.
    answered: Vec<usize>,
    leader: Option<usize>,
    lists_asked: bool,
    lists: BTreeMap<List, ListAnswer>,
    nodes_asked: HashSet<String>,
    scrapes: Vec<Scrape>,
    attempts: Vec<Attempt>,
    problems: Vec<String>,
    last_answer: Option<Instant>,
}

pub(super) struct ListAnswer {
    pub rows: Vec<Row>,
    pub from_leader: bool,
    pub at: Millis,
}

/// What became of a page.
struct PageOutcome {
    readable: bool,
    /// The node answered, if only with a refusal.
    reached: bool,
    leads: bool,
}

/// How a frontend is asked for a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Sql,
    Forwarded,
    OwnRows,
}

impl<'a> Target<'a> {
    pub fn new(cluster: &'a Cluster, client: Client, periodic: &'a [Scrape], tools: Toolbox<'a>) -> Self {
        let state = State { frontends_pending: cluster.frontends.len(), ..State::default() };
        Self { cluster, client, tools, periodic, started: Instant::now(), state: Mutex::new(state) }
    }

    /// A thread that panicked has not left a half-done change: every change is one push.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn start<'s>(&'s self, scope: &ScopeFifo<'s>) {
        for index in 0..self.cluster.frontends.len() {
            self.spawn(scope, move |scope| self.frontend_page(scope, index));
        }
        for (job, nodes) in [("be", &self.cluster.backends), ("cn", &self.cluster.compute_nodes)] {
            for endpoint in nodes {
                self.ask_node(scope, job, endpoint);
            }
        }
    }

    fn spawn<'s>(&'s self, scope: &ScopeFifo<'s>, work: impl FnOnce(&ScopeFifo<'s>) + Send + 's) {
        self.tools.progress.ask(&self.cluster.name);
        scope.spawn_fifo(move |scope| {
            work(scope);
            self.tools.progress.answer(&self.cluster.name);
            self.state().last_answer = Some(Instant::now());
        });
    }

    fn frontend_page<'s>(&'s self, scope: &ScopeFifo<'s>, index: usize) {
        let endpoint = &self.cluster.frontends[index];
        let pages = &self.cluster.pages;
        let mut parameters = Vec::new();
        if pages.table_metrics {
            parameters.push("with_table_metrics=minified");
        }
        if pages.materialized_views {
            parameters.push("with_materialized_view_metrics=minified");
        }
        let query = if parameters.is_empty() { String::new() } else { format!("?{}", parameters.join("&")) };
        let page = self.metrics_page("fe", endpoint, &query);
        let ask_lists = {
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
            ask
        };
        if ask_lists {
            for list in [List::Frontends, List::Backends, List::ComputeNodes] {
                self.spawn(scope, move |scope| self.list(scope, list));
            }
            for (list, period) in [(List::Statistic, pages.statistic), (List::Transactions, pages.transactions)] {
                if period.is_some_and(|period| !self.still_present(list, period)) {
                    self.spawn(scope, move |scope| self.list(scope, list));
                }
            }
        }
        // A frontend that cannot be reached is not asked a second time; one that only refuses its page is.
        if pages.runtime_info && page.reached {
            self.spawn(scope, move |_| self.runtime_info(endpoint));
        }
    }

    /// The page of one node. Its scrape is kept whether it could be read or not, with `up` on it.
    fn metrics_page(&self, job: &'static str, endpoint: &Endpoint, query: &str) -> PageOutcome {
        let url = format!("{}/metrics{query}", endpoint.base);
        let at = self.tools.clock.now();
        let started = Instant::now();
        let answer = self.client.ask(&Question { url: &url, body: None, login: job == "fe" });
        let took = started.elapsed();
        let bytes = answer.as_ref().map_or(0, |answer| answer.body.len());
        let source = page_source(job, &endpoint.instance, "");
        let result = page::read(
            answer.as_ref().map_err(Clone::clone),
            (job, &endpoint.instance),
            (source, at, took),
            self.tools,
        );
        let report = &result.report;
        let mut state = self.state();
        // Of something that is no page of metrics, its lines are not worth a word.
        let problems = match &result.error {
            Some(error) => vec![error.to_string()],
            None => page_problems(report),
        };
        state.problems.extend(problems.iter().map(|problem| format!("{url}: {problem}")));
        state.attempts.push(Attempt {
            job,
            instance: endpoint.instance.clone(),
            url,
            started_at: at,
            took,
            bytes,
            samples: report.samples,
            kept: result.scrape.samples.len() as u64,
            rejected: report.bad_lines + report.duplicates + report.undeclared + report.suspect_samples,
            error: result.error.as_ref().map(ToString::to_string),
        });
        let readable = result.error.is_none();
        let refused = answer.as_ref().err().is_some_and(|error| error.status.is_some());
        let leads = readable && job == "fe" && self.tools.catalogue.is_leader(&result.scrape);
        state.scrapes.push(result.scrape);
        PageOutcome { readable, reached: answer.is_ok() || refused, leads }
    }

    /// Four figures of the frontend's JVM, a JSON object of texts.
    fn runtime_info(&self, endpoint: &Endpoint) {
        let url = format!("{}{RUNTIME_INFO_PATH}", endpoint.base);
        let (at, took, answer) = self.ask(&url, None);
        let row = answer.and_then(|answer| {
            let bytes = answer.body.len();
            let row: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_slice(&answer.body);
            row.map(|row| (bytes, row)).map_err(|_| FetchError::new("the answer is no JSON object"))
        });
        let common = Labels::of([("job", "fe"), ("instance", &endpoint.instance)]);
        let mut samples = Vec::new();
        if let Ok((_, row)) = &row {
            for (key, value) in row {
                let number = value.as_str().map_or_else(|| value.as_f64(), |text| text.parse().ok());
                let name = format!("show_runtime_info_{key}");
                if let Some(value) = number.filter(|_| self.tools.catalogue.reads(&name, &common)) {
                    samples.push(Sample { name: name.into(), labels: common.clone(), value });
                }
            }
        }
        let source = page_source("fe", &endpoint.instance, "/runtime_info");
        let mut state = self.state();
        let bytes = row.as_ref().map_or(0, |(bytes, _)| *bytes);
        let count = row.as_ref().map_or(0, |(_, row)| row.len() as u64);
        self.attempt(&mut state, endpoint, url, (at, took), (bytes, count, samples.len() as u64), row.as_ref().err());
        state.scrapes.push(Scrape { source, common, at, samples, periodic: false });
    }

    /// One list, by the best way that works.
    fn list<'s>(&'s self, scope: &ScopeFifo<'s>, list: List) {
        let mut first_error = None;
        for (index, way, from_leader) in self.ways() {
            let endpoint = &self.cluster.frontends[index];
            match self.ask_list(endpoint, list, way) {
                Ok((at, table)) => return self.take_list(scope, list, table, from_leader, at),
                Err(error) => {
                    // A wrong password is wrong everywhere; asking on would lock the account.
                    let hopeless = error.status == Some(401);
                    first_error.get_or_insert((endpoint, error));
                    if hopeless {
                        break;
                    }
                }
            }
        }
        if let Some((endpoint, error)) = first_error {
            let grant =
                if error.reason.contains("privilege") { "; run: GRANT OPERATE ON SYSTEM TO USER <user>" } else { "" };
            let statement = list.statement().trim_end_matches(';');
            self.state().problems.push(format!("{} {statement}: {error}{grant}", endpoint.base));
        }
    }

    /// From truth to guess. Without a leader among our frontends, another one may still forward to it.
    fn ways(&self) -> Vec<(usize, Way, bool)> {
        let state = self.state();
        let leader =
            state.leader.into_iter().flat_map(|leader| [(leader, Way::Sql, true), (leader, Way::OwnRows, true)]);
        let others: Vec<usize> = state.answered.iter().copied().filter(|index| Some(*index) != state.leader).collect();
        let forwarded = others.iter().map(|index| (*index, Way::Forwarded, true));
        let own = others.iter().flat_map(|index| [(*index, Way::Sql, false), (*index, Way::OwnRows, false)]);
        leader.chain(forwarded).chain(own).collect()
    }

    fn ask_list(&self, endpoint: &Endpoint, list: List, way: Way) -> Result<(Millis, Table), FetchError> {
        let (at, mut table) = self.ask_rows(endpoint, list.statement(), list.path(), way)?;
        if list == List::Transactions {
            let databases: Vec<String> = table.iter().filter_map(|row| value(row, "DbId")).map(str::to_owned).collect();
            table.clear();
            for database in databases {
                let path = format!("{}/{database}", list.path());
                let (_, rows) = self.ask_rows(endpoint, &format!("SHOW PROC '{path}';"), &path, way)?;
                table.extend(rows.into_iter().map(|mut row| {
                    row.insert(0, ("DbId".to_owned(), database.clone()));
                    row
                }));
            }
        }
        Ok((at, table))
    }

    fn ask_rows(
        &self,
        endpoint: &Endpoint,
        statement: &str,
        path: &str,
        way: Way,
    ) -> Result<(Millis, Table), FetchError> {
        let (url, label, body) = match way {
            Way::Sql => {
                let url = format!("{}{SQL_PATH}", endpoint.base);
                let label = format!("{url}#{}", statement.trim_end_matches(';'));
                (url, label, Some(serde_json::json!({ "query": statement }).to_string()))
            }
            Way::Forwarded | Way::OwnRows => {
                let forward = if way == Way::Forwarded { "&forward=true" } else { "" };
                let url = format!("{}{SHOW_PROC_PATH}?path={path}{forward}", endpoint.base);
                (url.clone(), url, None)
            }
        };
        let (at, took, answer) = self.ask(&url, body.as_deref());
        let table = answer.and_then(|answer| {
            let bytes = answer.body.len();
            let text = String::from_utf8_lossy(&answer.body);
            let table = if way == Way::Sql { show::from_sql(&text) } else { show::from_show_proc(&text) };
            let table = table.map_err(FetchError::new)?;
            // An unknown path is answered with 200 and no rows; a cluster without frontends does not exist.
            if table.is_empty() && path == List::Frontends.path() {
                return Err(FetchError::new("the list of frontends is empty"));
            }
            Ok((bytes, table))
        });
        let mut state = self.state();
        let bytes = table.as_ref().map_or(0, |(bytes, _)| *bytes);
        let rows = table.as_ref().map_or(0, |(_, table)| table.len() as u64);
        self.attempt(&mut state, endpoint, label, (at, took), (bytes, rows, rows), table.as_ref().err());
        table.map(|(_, table)| (at, table))
    }

    fn take_list<'s>(&'s self, scope: &ScopeFifo<'s>, list: List, table: Table, from_leader: bool, at: Millis) {
        let (job, fixed) = match list {
            List::Frontends => ("fe", &self.cluster.frontends),
            List::Backends => ("be", &self.cluster.backends),
            List::ComputeNodes => ("cn", &self.cluster.compute_nodes),
            List::Statistic | List::Transactions => {
                let rows = table.into_iter().map(|columns| Row { columns, instance: None }).collect();
                self.state().lists.insert(list, ListAnswer { rows, from_leader, at });
                return;
            }
        };
        let rows: Vec<Row> = table.into_iter().map(|columns| nodes::with_instance(columns, fixed)).collect();
        // Addresses that a person configured stand above those that the cluster believes in.
        if job != "fe" && fixed.is_empty() {
            for endpoint in rows.iter().filter_map(|row| row.instance.as_deref()).map(nodes::endpoint_of) {
                self.ask_node(scope, job, &endpoint);
            }
        }
        self.state().lists.insert(list, ListAnswer { rows, from_leader, at });
    }

    fn ask_node<'s>(&'s self, scope: &ScopeFifo<'s>, job: &'static str, endpoint: &Endpoint) {
        if self.state().nodes_asked.insert(endpoint.base.clone()) {
            let endpoint = endpoint.clone();
            self.spawn(scope, move |_| {
                self.metrics_page(job, &endpoint, "");
            });
        }
    }

    fn ask(&self, url: &str, body: Option<&str>) -> (Millis, Duration, Result<Answer, FetchError>) {
        let at = self.tools.clock.now();
        let started = Instant::now();
        let answer = self.client.ask(&Question { url, body, login: true });
        (at, started.elapsed(), answer)
    }

    fn attempt(
        &self,
        state: &mut State,
        endpoint: &Endpoint,
        url: String,
        (started_at, took): (Millis, Duration),
        (bytes, samples, kept): (usize, u64, u64),
        error: Option<&FetchError>,
    ) {
        state.attempts.push(Attempt {
            job: "fe",
            instance: endpoint.instance.clone(),
            url,
            started_at,
            took,
            bytes,
            samples,
            kept,
            rejected: 0,
            error: error.map(ToString::to_string),
        });
    }

    fn still_present(&self, list: List, period: Duration) -> bool {
        let now = self.tools.clock.now();
        let period = Millis::try_from(period.as_millis()).unwrap_or(Millis::MAX);
        self.periodic
            .iter()
            .any(|scrape| *scrape.source == *list.source() && scrape.at <= now && now - scrape.at < period)
    }

    /// Everything that came in, the lists as samples.
    pub fn finish(self) -> Harvest {
        let now = self.tools.clock.now();
        let (periodic, pages) = (self.periodic, self.cluster.pages.clone());
        let reused: Vec<Scrape> = [(List::Statistic, pages.statistic), (List::Transactions, pages.transactions)]
            .into_iter()
            .filter(|(list, period)| period.is_some_and(|period| self.still_present(*list, period)))
            .flat_map(|(list, _)| periodic.iter().filter(move |scrape| *scrape.source == *list.source()).cloned())
            .collect();
        let started = self.started;
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        let offset = nodes::zone_offset(&state.lists, now);
        let leader = state.leader.map(|index| self.cluster.frontends[index].instance.as_str());
        let mut harvest = Harvest {
            nodes: nodes::known(&state.lists, &state.scrapes, leader),
            scrapes: state.scrapes,
            attempts: state.attempts,
            problems: state.problems,
            frontends_answered: state.answered.len(),
            took: state.last_answer.map_or(Duration::ZERO, |last| last - started),
        };
        if !state.lists.is_empty() {
            let from_leader = state.lists.values().all(|list| list.from_leader);
            harvest.scrapes.push(nodes::from_leader(from_leader, now));
        }
        for (list, answer) in &state.lists {
            let mut samples = show::samples(*list, &answer.rows, offset);
            samples.retain(|sample| self.tools.catalogue.reads(&sample.name, &sample.labels));
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

fn value<'r>(row: &'r [(String, String)], title: &str) -> Option<&'r str> {
    row.iter().find(|(own, _)| own == title).map(|(_, value)| value.as_str())
}

/// What of a page did not count, in words.
fn page_problems(report: &crate::exposition::PageReport) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(first) = report.first_bad.first() {
        let lines = match report.bad_lines {
            1 => "a bad line,".to_owned(),
            many => format!("{many} bad lines, the first is"),
        };
        problems.push(format!("{lines} line {}: {}", first.line, first.reason));
    }
    if !report.suspect.is_empty() {
        let names = report.suspect.iter().take(3).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        problems.push(format!(
            "announces {names} twice, so none of their samples count: somebody may have written into the page"
        ));
    }
    if report.undeclared > 0 {
        let samples = match report.undeclared {
            1 => "a sample of a family without a TYPE line does not count".to_owned(),
            many => format!("{many} samples of families without a TYPE line do not count"),
        };
        problems.push(samples);
    }
    problems
}
