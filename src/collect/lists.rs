//! Asking frontends for a list, by the best way that works, from truth to guess: the leader's SQL endpoint, the leader
//! through another frontend, a frontend's own rows.

use std::collections::HashSet;

use super::fault::FetchError;
use super::nodes;
use super::pool::Pool;
use super::problems::Problem;
use super::show::{self, List, ListAnswer, Row, Table};
use super::starrocks::Target;
use super::{Attempt, page_source};
use crate::catalogue::collection::{Sample, Scrape};
use crate::sample::{Labels, Millis};
use crate::settings::Endpoint;

const SQL_PATH: &str = "/api/v1/catalogs/default_catalog/sql";
const SHOW_PROC_PATH: &str = "/api/show_proc";
/// In the names of samples.
const BLACKLIST: &str = "blacklist";

/// How a frontend is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    Sql,
    /// /api/show_proc, which the frontend forwards to the leader.
    Forwarded,
    /// /api/show_proc, its own rows.
    OwnRows,
}

/// One way to a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Way {
    /// Among the configured frontends.
    frontend: usize,
    means: Means,
    from_leader: bool,
}

/// What failed tries have taught.
#[derive(Default)]
struct GivenUp {
    /// The login is good enough for SQL only: show_proc wants far more rights.
    show_proc: bool,
    /// The leader hangs, so whoever forwards to it hangs too.
    forwarding: bool,
    frontends: HashSet<usize>,
}

impl GivenUp {
    fn skips(&self, way: Way) -> bool {
        self.frontends.contains(&way.frontend)
            || (self.show_proc && way.means != Means::Sql)
            || (self.forwarding && way.means == Means::Forwarded)
    }

    fn learn(&mut self, way: Way, error: &FetchError) {
        self.show_proc |= error.status == Some(401) && way.means != Means::Sql;
        if error.timed_out {
            match way.means {
                Means::Forwarded => self.forwarding = true,
                Means::Sql | Means::OwnRows => {
                    self.frontends.insert(way.frontend);
                    // Forwarding to a leader that hangs would take as long again.
                    self.forwarding |= way.from_leader;
                }
            }
        }
    }
}

impl Target<'_> {
    /// One list, by the best way that works; without any, the nodes that the last run knew.
    pub(super) fn list<'s>(&'s self, pool: &Pool<'s>, list: List) {
        let mut told: Option<(&Endpoint, FetchError)> = None;
        let mut given_up = GivenUp::default();
        let mut failed_urls = Vec::new();
        let (mut tried, mut timed_out) = (Vec::new(), false);
        // Asked anew each time: while one frontend hangs others answer.
        while let Some(way) = self.ways(list).into_iter().find(|way| !tried.contains(way) && !given_up.skips(*way)) {
            tried.push(way);
            let endpoint = &self.cluster.frontends[way.frontend];
            match self.ask_list(endpoint, list, way.means, &mut failed_urls) {
                Ok((at, table)) => {
                    self.mend(&failed_urls);
                    let claims = (way.from_leader && way.means != Means::Forwarded).then(|| endpoint.instance.clone());
                    let answer = ListAnswer { rows: Vec::new(), claims, from_leader: way.from_leader, at };
                    return self.take_list(pool, list, table, answer);
                }
                Err(error) => {
                    given_up.learn(way, &error);
                    timed_out |= error.timed_out;
                    // A wrong password is wrong everywhere; asking on could lock the account. A walk over all tablets
                    // that takes too long is not begun once more.
                    let hopeless = (error.status == Some(401) && way.means == Means::Sql)
                        || (error.timed_out && list.job().is_none())
                        || self.client.lacks_password().is_some();
                    // The first refusal says most, but for that of a version that does not have the endpoint yet.
                    if told.as_ref().is_none_or(|(_, known)| known.status == Some(404)) {
                        told = Some((endpoint, error));
                    }
                    if hopeless {
                        break;
                    }
                }
            }
        }
        if let Some((endpoint, error)) = told {
            let advice = self.client.advice(&error);
            if let Some(lack) = error.lack() {
                self.state().denied.insert(list.name(), lack);
            }
            let reason = Problem { text: format!("{error}{advice}"), grave: error.login_refused };
            self.state().unlisted.push((endpoint.base.clone(), reason, list));
        }
        match list.job() {
            Some("fe") => {}
            Some(job) => self.ask_remembered(pool, job),
            None if timed_out => self.remember_failure(list),
            None => {}
        }
    }

    /// Without a leader among our frontends, another one may still forward to it. What only the leader knows is asked of
    /// nobody else.
    fn ways(&self, list: List) -> Vec<Way> {
        let state = self.state();
        let way = |frontend, means, from_leader| Way { frontend, means, from_leader };
        let leader = state
            .leader
            .into_iter()
            .flat_map(|leader| [way(leader, Means::Sql, true), way(leader, Means::OwnRows, true)]);
        let others: Vec<usize> = state.answered.iter().copied().filter(|index| Some(*index) != state.leader).collect();
        let forwarded = others.iter().map(|other| way(*other, Means::Forwarded, true));
        let own = others.iter().flat_map(|other| [way(*other, Means::Sql, false), way(*other, Means::OwnRows, false)]);
        leader.chain(forwarded).chain(own).filter(|way| way.from_leader || list.job().is_some()).collect()
    }

    fn ask_list(
        &self,
        endpoint: &Endpoint,
        list: List,
        means: Means,
        failed_urls: &mut Vec<String>,
    ) -> Result<(Millis, Table), FetchError> {
        let (at, table) = self.ask_rows(endpoint, list.statement(), list.path(), means, failed_urls)?;
        if list != List::Transactions {
            return Ok((at, table));
        }
        let mut states = Table::new();
        for database in table.iter().filter_map(|row| show::cell(row, "DbId")) {
            // It becomes part of a path and of a statement.
            if !database.bytes().all(|byte| byte.is_ascii_digit()) {
                continue;
            }
            let path = format!("{}/{database}", list.path());
            // A database that was dropped since the list was made costs its own rows only.
            match self.ask_rows(endpoint, &format!("SHOW PROC '{path}';"), &path, means, failed_urls) {
                Err(error) if error.timed_out || error.status == Some(401) => return Err(error),
                Err(_) => {}
                Ok((_, rows)) => states.extend(rows.into_iter().map(|mut row| {
                    row.insert(0, ("DbId".to_owned(), database.to_owned()));
                    row
                })),
            }
        }
        Ok((at, states))
    }

    fn ask_rows(
        &self,
        endpoint: &Endpoint,
        statement: &str,
        path: &str,
        means: Means,
        failed_urls: &mut Vec<String>,
    ) -> Result<(Millis, Table), FetchError> {
        let (url, label, body) = match means {
            Means::Sql => {
                let url = format!("{}{SQL_PATH}", endpoint.base);
                let label = format!("{url}#{}", statement.trim_end_matches(';'));
                (url, label, Some(serde_json::json!({ "query": statement }).to_string()))
            }
            Means::Forwarded | Means::OwnRows => {
                let forward = if means == Means::Forwarded { "&forward=true" } else { "" };
                let url = format!("{}{SHOW_PROC_PATH}?path={path}{forward}", endpoint.base);
                (url.clone(), url, None)
            }
        };
        let reply = self.ask(&url, body.as_deref());
        let table = match &reply.answer {
            Err(error) => Err(error.clone()),
            Ok(answer) => {
                let text = String::from_utf8_lossy(&answer.body);
                let table = if means == Means::Sql { show::from_sql(&text) } else { show::from_show_proc(&text) };
                table.map_err(FetchError::new).and_then(|table| {
                    // An unknown path is answered with 200 and no rows; a cluster without frontends does not exist.
                    match table.is_empty() && path == List::Frontends.path() {
                        true => Err(FetchError::new("the list of frontends is empty")),
                        false => Ok(table),
                    }
                })
            }
        };
        let rows = table.as_ref().map_or(0, |table| table.len() as u64);
        let error = table.as_ref().err().map(ToString::to_string);
        if error.is_some() {
            failed_urls.push(label.clone());
        }
        let attempt = Attempt { samples: rows, kept: rows, error, ..Attempt::new("fe", endpoint, label, &reply) };
        self.state().attempts.push(attempt);
        table.map(|table| (reply.at, table))
    }

    /// What a later way made good is no fault: an old version has no SQL endpoint, and needs none.
    fn mend(&self, urls: &[String]) {
        for attempt in self.state().attempts.iter_mut().filter(|attempt| urls.contains(&attempt.url)) {
            attempt.mended = true;
        }
    }

    fn take_list<'s>(&'s self, pool: &Pool<'s>, list: List, table: Table, answer: ListAnswer) {
        let fixed = match list {
            List::Frontends => &self.cluster.frontends,
            List::Backends => &self.cluster.backends,
            List::ComputeNodes => &self.cluster.compute_nodes,
            List::Statistic | List::Transactions => {
                let rows = table.into_iter().map(|columns| Row { columns, instance: None }).collect();
                self.state().lists.insert(list, ListAnswer { rows, ..answer });
                return;
            }
        };
        let rows = nodes::with_instances(table, fixed, &self.client);
        // Addresses that a person configured stand above those that the cluster believes in.
        if let Some(job) = list.job().filter(|job| *job != "fe" && fixed.is_empty()) {
            for endpoint in rows.iter().filter_map(|row| row.instance.as_deref()).map(nodes::endpoint_of) {
                self.ask_node(pool, job, &endpoint);
            }
        }
        self.state().lists.insert(list, ListAnswer { rows, ..answer });
    }

    /// The backends that one frontend sends no queries to. Each frontend keeps a list of its own, and only SQL tells it.
    pub(super) fn blacklist(&self, endpoint: &Endpoint) {
        const STATEMENT: &str = "SHOW BACKEND BLACKLIST;";
        let frontend = endpoint.instance.as_str();
        let (at, table) = match self.ask_rows(endpoint, STATEMENT, "", Means::Sql, &mut Vec::new()) {
            Ok(answer) => answer,
            Err(error) => {
                let (base, advice) = (&endpoint.base, self.client.advice(&error));
                let text = format!("{base} {}: {error}{advice}", STATEMENT.trim_end_matches(';'));
                let problem = Problem { text, grave: error.login_refused };
                let mut state = self.state();
                state.denied.extend(error.lack().map(|lack| (BLACKLIST, lack)));
                state.problems.push(problem);
                return;
            }
        };
        let rows = Labels::of([("frontend", frontend)]);
        let mut samples =
            vec![Sample { name: format!("show_{BLACKLIST}_rows").into(), labels: rows, value: table.len() as f64 }];
        for id in table.iter().filter_map(|row| show::cell(row, "BackendId")) {
            let labels = Labels::of([("job", "be"), ("id", id), ("frontend", frontend)]);
            samples.push(Sample { name: format!("show_{BLACKLIST}_info").into(), labels, value: 1.0 });
        }
        let source = page_source("fe", frontend, "/blacklist");
        self.state().scrapes.push(Scrape { source, common: Labels::empty(), at, samples, periodic: false });
    }

    /// An expensive list that took too long counts as asked: its period runs from the try, or every run would begin it.
    fn remember_failure(&self, list: List) {
        let marker =
            Sample { name: format!("show_{}_failed", list.name()).into(), labels: Labels::empty(), value: 1.0 };
        let at = self.tools.clock.now();
        let scrape =
            Scrape { source: list.source(), common: Labels::empty(), at, samples: vec![marker], periodic: true };
        self.state().scrapes.push(scrape);
    }
}
