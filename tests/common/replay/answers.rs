//! What a frontend says to each request, word for word as recorded.

use super::http::{Answer, Request};
use super::recorded;
use super::world::{Rights, Row, World, set};
use serde_json::{Value, json};

const SQL_PATH: &str = "/api/v1/catalogs/default_catalog/sql";
const NDJSON: &str = "application/x-ndjson; charset=utf-8";

/// The answer of frontend `own`, which listens on `port`.
pub(super) fn of_frontend(world: &World, own: usize, port: u16, request: &Request) -> Answer {
    if let Some((_, answer)) = world.instead.iter().find(|(path, _)| path == request.path()) {
        return answer.clone();
    }
    let Some(frontend) = world.frontends.get(own) else { return Answer::html(404, "") };
    let here = Here { world, own, port };
    match (request.method.as_str(), request.path().trim_end_matches('/')) {
        ("GET", "/metrics") => {
            if world.metrics_login
                && let Err(answer) = here.rights(request)
            {
                return answer;
            }
            let answer = Answer::page(frontend.page.clone());
            if world.gzip { answer.compressible() } else { answer }
        }
        ("GET", "/api/show_runtime_info") => Answer::new(200, "application/json", frontend.runtime.clone()),
        ("GET", "/api/health") => {
            let online = world.backends.iter().filter(|node| node.row["Alive"] == "true").count();
            let counts =
                json!({"online_backend_num": online, "total_backend_num": world.backends.len(), "status": "OK"});
            Answer::new(200, "application/json; charset=UTF-8", counts.to_string().into_bytes())
        }
        ("GET", "/api/show_meta_info") => {
            let leader = world.leader.and_then(|leader| world.frontends[leader].row["IP"].as_str());
            let answer = json!({"role": frontend.row["Role"], "master": leader.unwrap_or("unknown")});
            Answer::json(&answer.to_string())
        }
        ("GET", "/api/show_proc") => here.show_proc(request),
        ("POST", SQL_PATH) if world.sql => here.sql(request),
        _ => match here.rights(request) {
            Ok(_) => Answer::html(404, "<html><body>404 Not Found</body></html>"),
            Err(_) => refused("Authentication Failed. <br/> Need auth information."),
        },
    }
}

/// The answer of a backend: one page, no login, nothing else.
pub(super) fn of_backend(world: &World, own: usize, request: &Request) -> Answer {
    match (world.backends.get(own), request.method.as_str(), request.path()) {
        (Some(backend), "GET", "/metrics") => Answer::new(200, "text/plain; version=0.0.4", backend.page.clone()),
        _ => Answer::html(404, "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD></HTML>"),
    }
}

struct Here<'a> {
    world: &'a World,
    own: usize,
    port: u16,
}

impl Here<'_> {
    /// What the login may do, or the answer that there is none.
    fn rights(&self, request: &Request) -> Result<(String, Rights), Answer> {
        let Some((user, password)) = request.login() else {
            return Err(refused(&failed("Need auth information.")));
        };
        let known = self.world.logins.iter().find(|login| login.user == user && login.password == password);
        match known {
            Some(login) => Ok((user, login.rights)),
            None => Err(refused(&failed(&format!("Access denied for {user}@127.0.0.1")))),
        }
    }

    fn show_proc(&self, request: &Request) -> Answer {
        match self.rights(request) {
            Err(answer) => return answer,
            Ok((_, Rights::Admin)) => {}
            Ok((user, _)) => {
                let text =
                    String::from_utf8_lossy(&recorded("60_privileges/m_none_show_proc_backends.body")).into_owned();
                return refused(&text.replace("m_none", &user));
            }
        }
        let path = request.query("path").unwrap_or_default();
        let forward = request.query("forward").is_some_and(|value| value == "true");
        let leads = self.world.leader == Some(self.own);
        if forward && !leads && self.world.leader.is_none_or(|leader| self.world.frontends[leader].down) {
            return Answer::html(200, &format!("Failed to forward stmt: show proc '{path}'"));
        }
        match self.rows(&path, leads || forward) {
            Some(rows) => Answer::json(&Value::from_iter(rows.into_iter().map(Value::Object)).to_string()),
            None => Answer::html(200, "[]"),
        }
    }

    fn sql(&self, request: &Request) -> Answer {
        let rights = match self.rights(request) {
            Err(answer) => return answer,
            Ok((_, rights)) => rights,
        };
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let Some(statement) = body["query"].as_str() else {
            return Answer::new(500, NDJSON, recorded("20_live_t0/sql_nobody.body"));
        };
        let words: Vec<&str> = statement.trim_end_matches([' ', ';']).split_ascii_whitespace().collect();
        let statement = words.join(" ").to_ascii_uppercase();
        if let Some((_, answer)) = self.world.instead.iter().find(|(own, _)| *own == statement) {
            return answer.clone();
        }
        if statement == "SELECT 1" {
            return sql_answer(recorded("20_live_t0/sql_select1.body"));
        }
        let proc_path = statement.strip_prefix("SHOW PROC '").and_then(|rest| rest.strip_suffix('\''));
        let path = match (statement.as_str(), proc_path) {
            ("SHOW FRONTENDS", _) => "/frontends".to_owned(),
            ("SHOW BACKENDS", _) => "/backends".to_owned(),
            ("SHOW COMPUTE NODES", _) => "/compute_nodes".to_owned(),
            (_, Some(path)) => path.to_ascii_lowercase(),
            _ => return Answer::new(500, NDJSON, recorded("20_live_t0/sql_syntax_error.body")),
        };
        if rights == Rights::Nothing {
            return Answer::new(500, NDJSON, recorded("60_privileges/m_none_sql_show_backends.body"));
        }
        let Some(rows) = self.rows(&path, self.world.leader == Some(self.own)) else {
            let reason = format!("Getting analyzing error. Detail message: Proc path '{path}' doesn't exist.");
            return Answer::new(500, NDJSON, failed(&reason).into_bytes());
        };
        sql_answer(self.table(&path, &rows).into_bytes())
    }

    /// The rows under a path; `None` for a path that nobody knows. Only the leader has the load figures of nodes.
    fn rows(&self, path: &str, as_leader: bool) -> Option<Vec<Row>> {
        let mut rows = match path {
            "/frontends" => {
                let mut rows: Vec<Row> = self.world.frontends.iter().map(|node| node.row.clone()).collect();
                for row in &mut rows {
                    set(row, "HttpPort", &self.port.to_string());
                }
                // The real order is that of a hash table: the leader is not first.
                rows.rotate_right(1);
                return Some(rows);
            }
            "/backends" => self.world.backends.iter().map(|node| node.row.clone()).collect(),
            "/compute_nodes" => self.world.compute_nodes.clone(),
            "/statistic" => return Some(self.world.statistic.clone()),
            "/brokers" => return Some(self.world.brokers.clone()),
            "/transactions" => return Some(self.world.transactions.clone()),
            _ => return None,
        };
        let unknown = [("NumRunningQueries", "0"), ("MemUsedPct", "0.00 %"), ("CpuUsedPct", "0.0 %")];
        for row in rows.iter_mut().filter(|_| !as_leader) {
            for (column, value) in unknown.into_iter().chain([("DataCacheMetrics", "N/A")]) {
                if row.contains_key(column) {
                    set(row, column, value);
                }
            }
        }
        Some(rows)
    }

    /// Rows as the SQL endpoint prints them.
    fn table(&self, path: &str, rows: &[Row]) -> String {
        let meta: Value = match rows.first() {
            Some(row) => row.keys().map(|name| json!({"name": name, "type": "varchar(30)"})).collect(),
            None => empty_meta(path),
        };
        let statistics = json!({"scanRows": 0, "scanBytes": 0, "returnRows": rows.len()});
        if !self.world.ndjson {
            return json!({"meta": meta, "data": rows, "statistics": statistics}).to_string();
        }
        let mut lines = vec![json!({"connectionId": 16_777_223}), json!({"meta": meta})];
        lines.extend(rows.iter().map(|row| json!({"data": row.values().collect::<Vec<_>>()})));
        lines.push(json!({"statistics": statistics}));
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// The columns of an answer without rows, where such an answer was recorded.
fn empty_meta(path: &str) -> Value {
    let name = match path {
        "/compute_nodes" => "20_live_t0/sql_show_compute_nodes.body",
        "/brokers" => "20_live_t0/sql_show_proc_brokers.body",
        "/backends" => "20_live_t0/sql_show_backends.body",
        "/frontends" => "32_3fe_leader/sql_show_frontends.body",
        "/statistic" => "20_live_t0/sql_show_proc_statistic.body",
        _ => return json!([]),
    };
    let answer: Value = serde_json::from_slice(&recorded(name)).unwrap_or_default();
    answer["meta"].clone()
}

fn sql_answer(body: Vec<u8>) -> Answer {
    Answer::new(200, NDJSON, body).header("X-StarRocks-Query-Id", "01a2011a-49ee-7f4f-8366-48a3217b2d71").chunked()
}

fn failed(reason: &str) -> String {
    json!({"status": "FAILED", "code": "1", "msg": reason, "message": reason}).to_string()
}

fn refused(body: &str) -> Answer {
    let mut answer = Answer::html(401, body);
    answer.headers.insert(0, ("www-authenticate".to_owned(), "Basic realm=\"\"".to_owned()));
    answer
}
