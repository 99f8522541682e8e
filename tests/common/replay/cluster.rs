//! Frontends and backends as servers over one world.

use super::answers;
use super::node::{Node, lock};
use super::world::{World, set};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

/// A running cluster. Frontends are 127.0.0.1, 127.0.0.2, … and backends 127.0.0.10, 127.0.0.11, …, each kind on one port, as in
/// a real cluster; `root` without a password may do everything.
pub struct Cluster {
    pub frontends: Vec<Node>,
    pub backends: Vec<Node>,
    world: Arc<Mutex<World>>,
}

impl Cluster {
    /// At least one frontend and at most nine.
    pub fn start(frontends: usize, backends: usize) -> Self {
        assert!((1..10).contains(&frontends) && backends < 240, "no addresses for so many nodes");
        let mut world = World::new(frontends, backends);
        let addresses = |first: u8, count: usize| -> Vec<Ipv4Addr> {
            (first..).take(count).map(|last| Ipv4Addr::new(127, 0, 0, last)).collect()
        };
        let frontends = Node::start_on_one_port(&addresses(1, frontends));
        let backends = Node::start_on_one_port(&addresses(10, backends));
        for (backend, node) in world.backends.iter_mut().zip(&backends) {
            set(&mut backend.row, "HttpPort", &node.address().port().to_string());
        }
        let world = Arc::new(Mutex::new(world));
        for (own, node) in frontends.iter().enumerate() {
            let (world, port) = (Arc::clone(&world), node.address().port());
            node.handle(move |request| answers::of_frontend(&lock(&world), own, port, request));
        }
        for (own, node) in backends.iter().enumerate() {
            let world = Arc::clone(&world);
            node.handle(move |request| answers::of_backend(&lock(&world), own, request));
        }
        Self { frontends, backends, world }
    }

    /// Changes the state; afterwards the ports of nodes that are down refuse and those of the others answer.
    pub fn edit(&self, change: impl FnOnce(&mut World)) {
        let mut world = lock(&self.world);
        change(&mut world);
        let down: Vec<bool> = world.frontends.iter().map(|node| node.down).collect();
        let down = down.into_iter().chain(world.backends.iter().map(|node| node.down)).collect::<Vec<_>>();
        // The servers ask the world while they answer: let it go before waiting for them.
        drop(world);
        for (node, down) in self.nodes().zip(down) {
            if down {
                node.stop();
            } else {
                node.revive();
            }
        }
    }

    pub fn world(&self) -> World {
        lock(&self.world).clone()
    }

    /// Frontends, then backends.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.frontends.iter().chain(&self.backends)
    }

    /// Base URLs of the frontends, leader first.
    pub fn urls(&self) -> Vec<String> {
        self.frontends.iter().map(Node::url).collect()
    }

    /// A text with this cluster's ports replaced by 18030 for frontends and 18040 for backends, so that whole outputs
    /// can be compared. The ports have five digits: tables keep their width.
    pub fn named(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (nodes, port) in [(&self.frontends, 18_030), (&self.backends, 18_040)] {
            for node in nodes {
                let ip = *node.address().ip();
                text = text.replace(&node.instance(), &format!("{ip}:{port}"));
            }
        }
        text
    }

    /// Forgets the requests of all nodes.
    pub fn forget(&self) {
        self.nodes().for_each(Node::forget);
    }
}
