//! What is true in a replayed cluster at a moment: the rows of its nodes, their pages, who may see what.

use super::Answer;
use super::clock::printed;
use super::page::{BackendPages, Page};
use super::recorded;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A row of `SHOW`: column titles in printed order; all values are strings, as in the real answers.
pub type Row = Map<String, Value>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Everything, `/api/show_proc` too.
    Admin,
    /// `OPERATE ON SYSTEM`: the SQL endpoint, but not `/api/show_proc`.
    Operate,
    /// May log in and nothing else.
    Nothing,
}

#[derive(Clone, Debug)]
pub struct Login {
    pub user: String,
    pub password: String,
    pub rights: Rights,
}

#[derive(Clone, Debug)]
pub struct Frontend {
    /// `HttpPort` is filled in when it answers: each frontend prints its own for all.
    pub row: Row,
    pub page: Arc<[u8]>,
    /// The answer of `/api/show_runtime_info`.
    pub runtime: Arc<[u8]>,
    /// Whether its port refuses.
    pub down: bool,
}

#[derive(Clone, Debug)]
pub struct Backend {
    pub row: Row,
    pub page: Arc<[u8]>,
    /// Whether its port refuses.
    pub down: bool,
}

/// The whole state of a cluster; change it through `Cluster::edit`.
#[derive(Clone, Debug)]
pub struct World {
    /// Leader first, then followers; of three or more the last is an observer.
    pub frontends: Vec<Frontend>,
    pub backends: Vec<Backend>,
    pub compute_nodes: Vec<Row>,
    pub statistic: Vec<Row>,
    pub brokers: Vec<Row>,
    /// Rows of `/transactions`.
    pub transactions: Vec<Row>,
    /// Index of the leading frontend; `None` without a quorum.
    pub leader: Option<usize>,
    pub logins: Vec<Login>,
    /// Whether the SQL endpoint is there (3.2 and later).
    pub sql: bool,
    /// Whether `SHOW` over SQL comes as lines of JSON instead of one object.
    pub ndjson: bool,
    /// Whether `/metrics` is sent with gzip to those who take it.
    pub gzip: bool,
    /// Whether `/metrics` wants a login too (`enable_http_auth`).
    pub metrics_login: bool,
    /// Answers for single paths or statements, before all others: `("/api/health", …)`, `("SHOW BACKENDS", …)`.
    pub instead: Vec<(String, Answer)>,
    /// Seconds the server's zone is east of UTC.
    pub zone: i64,
}

impl World {
    pub(super) fn new(frontends: usize, backends: usize) -> Self {
        let pages = BackendPages::new(&recorded("be_metrics_1.txt"), &recorded("be_metrics_2.txt"));
        let mut world = Self {
            frontends: (0..frontends).map(|index| frontend(index, frontends)).collect(),
            backends: (0..backends).map(|index| backend(index, &pages)).collect(),
            compute_nodes: Vec::new(),
            statistic: rows("20_live_t0/sql_show_proc_statistic.body"),
            brokers: Vec::new(),
            transactions: Vec::new(),
            leader: Some(0),
            logins: vec![Login { user: "root".to_owned(), password: String::new(), rights: Rights::Admin }],
            sql: true,
            ndjson: false,
            gzip: false,
            metrics_login: false,
            instead: Vec::new(),
            zone: 0,
        };
        world.recount();
        world
    }

    /// Adds a user who may log in.
    pub fn allow(&mut self, user: &str, password: &str, rights: Rights) {
        self.logins.push(Login { user: user.to_owned(), password: password.to_owned(), rights });
    }

    /// Heartbeats of all nodes that are up reach the time: they come every five seconds.
    pub fn tick(&mut self, unix: i64) {
        let beat = printed(unix - unix.rem_euclid(5), self.zone);
        let rows = self.frontends.iter_mut().map(|node| (&mut node.row, node.down));
        let rows = rows.chain(self.backends.iter_mut().map(|node| (&mut node.row, node.down)));
        for (row, _) in rows.filter(|(_, down)| !down) {
            set(row, "LastHeartbeat", &beat);
            if row.contains_key("Status") {
                set(row, "Status", &format!("{{\"lastSuccessReportTabletsTime\":\"{beat}\"}}"));
            }
        }
    }

    /// The leader has missed three heartbeats of a backend. Its last figures stay.
    pub fn declare_dead(&mut self, backend: usize) {
        let row = &mut self.backends[backend].row;
        let reason = format!("backend {} shutdown", row["BackendId"].as_str().unwrap_or_default());
        set(row, "Alive", "false");
        set(row, "ErrMsg", &reason);
        set(row, "StatusCode", "DISCONNECTED");
        self.recount();
    }

    /// A backend answers heartbeats again, with a process that began at `started` (unix seconds).
    pub fn declare_alive(&mut self, backend: usize, started: i64) {
        let started = printed(started, self.zone);
        let row = &mut self.backends[backend].row;
        set(row, "Alive", "true");
        set(row, "ErrMsg", "");
        set(row, "StatusCode", "OK");
        set(row, "LastStartTime", &started);
        self.recount();
    }

    /// The leader is gone and the rest have no quorum. They go on saying that all are alive; what gives it away is
    /// that nobody leads, nobody has joined and no heartbeat moves.
    pub fn lose_quorum(&mut self) {
        if let Some(leader) = self.leader.take() {
            self.frontends[leader].down = true;
            set(&mut self.frontends[leader].row, "Role", "FOLLOWER");
        }
        for frontend in &mut self.frontends {
            set(&mut frontend.row, "Join", "false");
        }
    }

    /// Makes the node counts on the frontends' pages agree with the rows.
    pub fn recount(&mut self) {
        let alive = |row: &Row| row["Alive"] == "true";
        let counts = [
            ("fe_node_num", "total", self.frontends.len()),
            ("fe_node_num", "alive", self.frontends.iter().filter(|node| alive(&node.row)).count()),
            ("be_node_num", "total", self.backends.len()),
            ("be_node_num", "alive", self.backends.iter().filter(|node| alive(&node.row)).count()),
        ];
        for frontend in &mut self.frontends {
            let mut page = Page::parse(&frontend.page);
            for (kind, state, count) in counts {
                page.set(&format!("node_info{{type=\"{kind}\", state=\"{state}\"}}"), count);
            }
            frontend.page = page.render().into();
        }
    }
}

/// Sets a column that is there or adds it at the end.
pub(super) fn set(row: &mut Row, column: &str, value: &str) {
    row.insert(column.to_owned(), Value::from(value));
}

/// The rows of a recorded answer: of `SHOW` over SQL, or of `/api/show_proc`.
pub(super) fn rows(name: &str) -> Vec<Row> {
    let value: Value = serde_json::from_slice(&recorded(name)).unwrap_or_default();
    let rows = value.get("data").unwrap_or(&value).as_array().cloned().unwrap_or_default();
    rows.into_iter().filter_map(|row| if let Value::Object(row) = row { Some(row) } else { None }).collect()
}

fn frontend(index: usize, count: usize) -> Frontend {
    // Recorded in this order: observer, leader, follower.
    let recorded_rows = rows("32_3fe_leader/sql_show_frontends.body");
    let (recorded_row, page, runtime) = match index {
        0 => (1, "21_live_series/metrics_01.body", "20_live_t0/show_runtime_info.body"),
        _ if index + 1 == count && count >= 3 => {
            (0, "32_3fe_observer/metrics.body", "32_3fe_observer/show_runtime_info.body")
        }
        _ => (2, "32_3fe_follower/metrics.body", "32_3fe_follower/show_runtime_info.body"),
    };
    let mut row = recorded_rows[recorded_row].clone();
    let ip = format!("127.0.0.{}", index + 1);
    let name = row["Name"].as_str().unwrap_or_default().split_once('_').map(|(_, rest)| format!("{ip}_{rest}"));
    set(&mut row, "Name", &name.unwrap_or_default());
    set(&mut row, "IP", &ip);
    if index > 2 {
        set(&mut row, "Id", &(index + 1).to_string());
    }
    set(&mut row, "StartTime", &format!("2026-11-22 02:28:{}", (26 + index).min(55)));
    Frontend { row, page: recorded(page).into(), runtime: recorded(runtime).into(), down: false }
}

fn backend(index: usize, pages: &BackendPages) -> Backend {
    let recorded_rows = rows("20_live_t0/sql_show_backends.body");
    let mut row = recorded_rows[index % recorded_rows.len()].clone();
    set(&mut row, "BackendId", &(100_001 + index).to_string());
    set(&mut row, "IP", &format!("127.0.0.{}", 10 + index));
    for (offset, column) in ["BrpcPort", "HeartbeatPort", "BePort"].into_iter().enumerate() {
        set(&mut row, column, &(12_100 + 4 * index + offset).to_string());
    }
    let page = pages.at(0.0, scale_of(index), None).render();
    Backend { row, page: page.into(), down: false }
}

/// How much of the recorded work a backend does, so that no two have the same figures.
pub(super) fn scale_of(backend: usize) -> f64 {
    1.0 + 0.25 * (backend % 5) as f64
}
