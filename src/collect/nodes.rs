//! Which node is which: rows of `SHOW`, configured endpoints and pages name the same node in three ways.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use super::Node;
use super::cells::{self, ServerClock};
use super::http::Client;
use super::show::{List, ListAnswer, Row, Table};
use crate::catalogue::collection::{Sample, Scrape};
use crate::sample::{Labels, Millis};
use crate::settings::Endpoint;

/// The rows with the endpoint by which each node is fetched: a configured one on the same host, else `IP:HttpPort`. A
/// frontend prints its own HttpPort for all frontends, so among configured ones the host decides and the port only
/// breaks a tie; rows that would share one endpoint get none. A node that never reported has the port -1: no endpoint.
pub fn with_instances(table: Table, configured: &[Endpoint], client: &Client) -> Vec<Row> {
    let mut rows: Vec<Row> = table
        .into_iter()
        .map(|columns| {
            let row = Row { columns, instance: None };
            Row { instance: instance_of(&row, configured, client), ..row }
        })
        .collect();
    let mut times: HashMap<String, usize> = HashMap::new();
    for instance in rows.iter().filter_map(|row| row.instance.clone()) {
        *times.entry(instance).or_default() += 1;
    }
    for row in &mut rows {
        row.instance.take_if(|instance| times.get(instance).is_some_and(|times| *times > 1));
    }
    rows
}

fn instance_of(row: &Row, configured: &[Endpoint], client: &Client) -> Option<String> {
    let address = row.get("IP").filter(|address| is_host(address))?;
    let port: Option<u16> = row.get("HttpPort").and_then(|port| port.parse().ok()).filter(|port| *port != 0);
    let bracketed = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
    let printed = port.map(|port| format!("{bracketed}:{port}"));
    let on_host = |is_host: &dyn Fn(&str) -> bool| -> Vec<&Endpoint> {
        configured.iter().filter(|endpoint| is_host(host_of(&endpoint.instance))).collect()
    };
    let mut same_host = on_host(&|host| is_same_host(host, address));
    if let (true, Ok(address)) = (same_host.is_empty(), address.parse::<IpAddr>()) {
        // Only names that were looked up for a request: a look-up of its own would have no time limit.
        same_host = on_host(&|host| client.is_name_of(host, address));
    }
    match same_host.as_slice() {
        [one] => Some(one.instance.clone()),
        several => match several.iter().find(|endpoint| Some(&endpoint.instance) == printed.as_ref()) {
            Some(exact) => Some(exact.instance.clone()),
            None => printed,
        },
    }
}

/// An address or a name, and nothing that would make another URL of it.
fn is_host(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    text.parse::<IpAddr>().is_ok() || (text.len() <= 253 && text.bytes().all(letter))
}

/// The same address, the same name, or a name and its longer form: `fe-0.svc` and `fe-0.svc.ns.svc.cluster.local`.
fn is_same_host(configured: &str, printed: &str) -> bool {
    match (configured.parse::<IpAddr>(), printed.parse::<IpAddr>()) {
        (Ok(own), Ok(other)) => own == other,
        (Err(_), Err(_)) => {
            let (own, other) = (configured.to_ascii_lowercase(), printed.to_ascii_lowercase());
            let begins = |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with('.'));
            own == other || begins(&own, &other) || begins(&other, &own)
        }
        _ => false,
    }
}

/// `10.0.0.1` of `10.0.0.1:8030`, `::1` of `[::1]:8030`.
fn host_of(instance: &str) -> &str {
    let address = instance.split('/').next().unwrap_or(instance);
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// The address of a node that only the cluster told us; StarRocks has no https of its own.
pub fn endpoint_of(instance: &str) -> Endpoint {
    Endpoint { base: format!("http://{instance}"), instance: instance.to_owned(), https: false }
}

/// Every node that the lists or the pages show.
pub(super) fn known(
    lists: &BTreeMap<List, ListAnswer>,
    scrapes: &[Scrape],
    leader: Option<&str>,
    remembered: &[Node],
) -> Vec<Node> {
    let mut nodes = Vec::new();
    for (list, answer) in lists {
        let Some(job) = list.job() else { continue };
        for row in &answer.rows {
            let Some(identity) = row.identity(*list) else { continue };
            nodes.push(Node {
                key: format!("{job}:{identity}"),
                job,
                identity: Some(identity.to_owned()),
                instance: row.instance.clone(),
                role: Some(row.get("Role").map_or_else(|| role_of(job), str::to_owned)),
                version: row.get("Version").map(str::to_owned),
            });
        }
    }
    for scrape in scrapes {
        let (Some(job), Some(instance)) = (scrape.common.get("job"), scrape.common.get("instance")) else { continue };
        let Some(job) = ["fe", "be", "cn"].into_iter().find(|known| **known == **job) else { continue };
        if nodes.iter().any(|node| node.job == job && node.instance.as_deref() == Some(&**instance)) {
            continue;
        }
        // A node keeps its name while the lists cannot be had.
        let before = remembered.iter().find(|node| node.job == job && node.instance.as_deref() == Some(&**instance));
        let taken = |key: &str| nodes.iter().any(|node: &Node| node.key == key);
        let before = before.filter(|node| !lists.contains_key(&list_of(job)) && !taken(&node.key));
        nodes.push(Node {
            key: before.map_or_else(|| format!("{job}@{instance}"), |node| node.key.clone()),
            job,
            identity: before.and_then(|node| node.identity.clone()),
            instance: Some(instance.to_string()),
            role: match job {
                "fe" => (leader == Some(&**instance)).then(|| "LEADER".to_owned()),
                _ => Some(role_of(job)),
            },
            version: None,
        });
    }
    nodes
}

fn list_of(job: &str) -> List {
    match job {
        "be" => List::Backends,
        "cn" => List::ComputeNodes,
        _ => List::Frontends,
    }
}

fn role_of(job: &str) -> String {
    match job {
        "be" => "BACKEND".to_owned(),
        "cn" => "COMPUTE NODE".to_owned(),
        other => other.to_uppercase(),
    }
}

/// Which node the labels of a node metric mean.
pub fn name(nodes: &[Node], labels: &Labels) -> Option<String> {
    let job = labels.get("job");
    let stray = labels.iter().any(|(name, _)| !matches!(&**name, "job" | "instance" | "id" | "name"));
    if stray {
        return None;
    }
    let of_job = |node: &&Node| job.is_none_or(|job| **job == *node.job);
    if let Some(identity) = labels.get("id").or_else(|| labels.get("name")) {
        let listed = nodes.iter().filter(of_job).find(|node| node.identity.as_deref() == Some(&**identity));
        return listed.map(|node| node.key.clone());
    }
    let instance = labels.get("instance")?;
    let mut same = nodes.iter().filter(of_job).filter(|node| node.instance.as_deref() == Some(&**instance));
    match (same.next(), same.next()) {
        (Some(one), None) => Some(one.key.clone()),
        _ => None,
    }
}

/// The server's clock by the newest heartbeat, each list's held against the moment it was asked for. Only the leader's
/// heartbeats move.
pub(super) fn server_clock(lists: &BTreeMap<List, ListAnswer>) -> Option<ServerClock> {
    let fresh = lists.values().filter(|answer| answer.from_leader);
    let distances = fresh.flat_map(|answer| {
        let heartbeats = answer.rows.iter().filter_map(|row| cells::local_time(row.get("LastHeartbeat")?));
        heartbeats.map(|heartbeat| heartbeat - answer.at)
    });
    distances.max().map(cells::server_clock)
}

/// What is known of the lists as a whole: whether the leader answered (0: the rows are those of a survivor), and how far
/// its clock is ahead of ours.
pub(super) fn about_lists(is_leader: bool, clock: Option<ServerClock>, at: Millis) -> Scrape {
    let leader = Some(if is_leader { 1.0 } else { 0.0 });
    let ahead = clock.map(|clock| clock.ahead as f64 / 1000.0);
    let told = [("show_from_leader", leader), ("show_clock_ahead_seconds", ahead)];
    let sample = |name: &str, value| Sample { name: name.into(), labels: Labels::empty(), value };
    let samples = told.into_iter().filter_map(|(name, value)| Some(sample(name, value?))).collect();
    Scrape { source: "show_from_leader".into(), common: Labels::empty(), at, samples, periodic: false }
}
