//! Plays recorded pages as live clusters of StarRocks and as BatchSQL applications on loopback, so that tests, benches
//! and the demo talk to something that answers, dies, hangs and lies as the real ones were seen to do.
//!
//! `Node` is one server with one port; `Cluster` is frontends and backends over one shared `World`; `Timeline` steps a
//! cluster through recorded minutes; `Application` is one that is born, lives and ends. Uses the standard library,
//! `serde_json` and `flate2` only. Take it in by `mod common;` or
//! `#[path = "../tests/common/replay/mod.rs"] mod replay;`.
#![allow(dead_code, unused_imports, reason = "every target compiles its own copy and uses a part of it")]

mod answers;
mod application;
mod clock;
mod cluster;
mod frontend_pages;
mod http;
mod node;
mod page;
mod timeline;
mod world;

pub use application::{Application, Look, Page as LivePage, life};
pub use clock::printed;
pub use cluster::Cluster;
pub use http::{Answer, Request};
pub use node::{Behaviour, Node};
pub use page::{BackendPages, Page};
pub use timeline::{Moment, START, STEP, Timeline, demo_cluster, demo_cluster_at};
pub use world::{Backend, Frontend, Login, Rights, Row, World};

/// The bytes of a recorded page: `21_live_series/metrics_01.body`.
pub fn recorded(name: &str) -> Vec<u8> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pages/starrocks/").to_owned() + name;
    std::fs::read(&path).unwrap_or_else(|error| panic!("the recorded page {name} cannot be read: {error}"))
}
