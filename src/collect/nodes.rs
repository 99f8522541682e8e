//! Which node is which: rows of `SHOW`, configured endpoints and pages name the same node in three ways.

use std::collections::BTreeMap;
use std::net::{IpAddr, ToSocketAddrs};

use super::Node;
use super::show::{self, List, Row};
use super::starrocks::ListAnswer;
use crate::catalogue::collection::{Sample, Scrape};
use crate::sample::{Labels, Millis};
use crate::settings::Endpoint;

/// The row with the endpoint by which its node is fetched: a configured one on the same host, else `IP:HttpPort`.
/// A frontend prints its own HttpPort for all frontends, so among configured ones the host decides and the port only
/// breaks a tie. A node that never reported has the port -1: no endpoint.
pub fn with_instance(columns: Vec<(String, String)>, configured: &[Endpoint]) -> Row {
    let mut row = Row { columns, instance: None };
    let Some(address) = row.get("IP").map(str::to_owned) else { return row };
    let port: Option<u16> = row.get("HttpPort").and_then(|port| port.parse().ok()).filter(|port| *port != 0);
    let bracketed = if address.contains(':') { format!("[{address}]") } else { address.clone() };
    let printed = port.map(|port| format!("{bracketed}:{port}"));
    let same_host: Vec<&Endpoint> = configured.iter().filter(|endpoint| is_host(endpoint, &address)).collect();
    row.instance = match same_host.as_slice() {
        [one] => Some(one.instance.clone()),
        several => match several.iter().find(|endpoint| Some(&endpoint.instance) == printed.as_ref()) {
            Some(exact) => Some(exact.instance.clone()),
            None => printed,
        },
    };
    row
}

/// Whether the configured endpoint is on that host; a name is looked up when it is not the same text.
fn is_host(endpoint: &Endpoint, address: &str) -> bool {
    let host = host_of(&endpoint.instance);
    if host.eq_ignore_ascii_case(address) {
        return true;
    }
    let resolved =
        |name: &str| (name, 0).to_socket_addrs().map(|found| found.map(|socket| socket.ip()).collect::<Vec<_>>());
    match (host.parse::<IpAddr>(), address.parse::<IpAddr>()) {
        (Ok(own), Ok(other)) => own == other,
        (Err(_), Ok(other)) => resolved(host).is_ok_and(|found| found.contains(&other)),
        (Ok(own), Err(_)) => resolved(address).is_ok_and(|found| found.contains(&own)),
        // Two names: short and fully qualified.
        (Err(_), Err(_)) => {
            host.split('.').next() == address.split('.').next() && host.contains('.') != address.contains('.')
        }
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
pub(super) fn known(lists: &BTreeMap<List, ListAnswer>, scrapes: &[Scrape], leader: Option<&str>) -> Vec<Node> {
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
        nodes.push(Node {
            key: format!("{job}@{instance}"),
            job,
            identity: None,
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

/// What the server's clock texts are ahead of UTC. Only the leader's heartbeats move.
pub(super) fn zone_offset(lists: &BTreeMap<List, ListAnswer>, now: Millis) -> Option<Millis> {
    let fresh = lists.values().filter(|answer| answer.from_leader);
    let heartbeats = fresh.flat_map(|answer| &answer.rows).filter_map(|row| row.get("LastHeartbeat"));
    show::zone_offset(heartbeats, now)
}

/// 1 when the leader answered, 0 when the rows are those of a survivor.
pub fn from_leader(is_leader: bool, at: Millis) -> Scrape {
    let value = if is_leader { 1.0 } else { 0.0 };
    let sample = Sample { name: "show_from_leader".into(), labels: Labels::empty(), value };
    Scrape { source: "show_from_leader".into(), common: Labels::empty(), at, samples: vec![sample], periodic: false }
}
