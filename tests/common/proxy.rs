//! An HTTP proxy on loopback for names that only it knows: tunnels for `https://`, whole URLs for `http://`.
#![allow(dead_code, reason = "every target compiles its own copy and uses a part of it")]

use std::io::{self, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::exchange::Message;

pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    /// `host:port` of a URL, and where it is.
    nodes: Vec<(String, SocketAddr)>,
    /// The value of Proxy-Authorization that is let through; none is asked for without it.
    login: Option<&'static str>,
    /// Refuses everything with this status.
    refusal: Option<u16>,
    seen: Mutex<Vec<String>>,
}

impl Proxy {
    pub fn start(nodes: &[(&str, SocketAddr)], login: Option<&'static str>, refusal: Option<u16>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port for the proxy");
        let address = listener.local_addr().expect("its address");
        let nodes = nodes.iter().map(|(name, address)| ((*name).to_owned(), *address)).collect();
        let shared = Arc::new(Shared { nodes, login, refusal, seen: Mutex::default() });
        let own = Arc::clone(&shared);
        // It ends with the process: tests start few.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&own);
                thread::spawn(move || shared.serve(stream));
            }
        });
        Self { address, shared }
    }

    /// `127.0.0.1:port`
    pub fn instance(&self) -> String {
        self.address.to_string()
    }

    /// The first lines of all requests, each once, in alphabetical order.
    pub fn seen(&self) -> Vec<String> {
        let mut seen = self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        seen.sort();
        seen.dedup();
        seen
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let mut stream = stream;
        // A client that keeps the connection asks on.
        while let Some(message) = Message::read(&mut reader) {
            let first = message.first.clone();
            self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(first.clone());
            let status = match (self.refusal, self.login) {
                (Some(status), _) => Some(status),
                (None, Some(login)) if message.header("proxy-authorization") != Some(login) => Some(407),
                _ => None,
            };
            if let Some(status) = status {
                let text = format!("HTTP/1.1 {status} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                stream.write_all(text.as_bytes()).ok()?;
                return None;
            }
            let mut words = first.split(' ');
            let (method, target) = (words.next()?, words.next()?);
            if method == "CONNECT" {
                let node = TcpStream::connect(self.node(target)?).ok()?;
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
                return tunnel(stream, node);
            }
            let (host, path) = target.strip_prefix("http://")?.split_once('/')?;
            let answer = message.answer_of(self.node(host)?, &format!("/{path}")).ok()?;
            stream.write_all(&answer).ok()?;
            let head = String::from_utf8_lossy(&answer).to_ascii_lowercase();
            if head.split("\r\n\r\n").next()?.contains("connection: close") {
                return None;
            }
        }
        None
    }

    fn node(&self, name: &str) -> Option<SocketAddr> {
        self.nodes.iter().find(|(own, _)| own == name).map(|(_, address)| *address)
    }
}

fn tunnel(client: TcpStream, node: TcpStream) -> Option<()> {
    let (mut from_client, mut to_node) = (client.try_clone().ok()?, node.try_clone().ok()?);
    let (mut from_node, mut to_client) = (node, client);
    thread::spawn(move || {
        let _ = io::copy(&mut from_client, &mut to_node);
        let _ = to_node.shutdown(Shutdown::Write);
    });
    let _ = io::copy(&mut from_node, &mut to_client);
    let _ = to_client.shutdown(Shutdown::Write);
    Some(())
}
