//! One node: a listener with a port of its own that answers, or misbehaves, as it is told.

use super::http::{Answer, Request};
use std::collections::HashMap;
use std::io::{self, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What a node does with a request instead of plainly answering it.
#[derive(Clone, Debug)]
pub enum Behaviour {
    /// Answers as its handler says: takes back an earlier behaviour of the same or a longer path.
    Answer,
    /// This answer, whatever was asked: a wrong status, HTML, another content type.
    Fixed(Answer),
    /// Takes the request and never answers.
    Hang,
    /// Answers after a pause.
    Delay(Duration),
    /// Sends the head at once, the body some bytes at a time.
    Drip { bytes: usize, pause: Duration },
    /// Announces the whole body, leaves out its last bytes and closes.
    Truncate { missing: usize },
    /// A body without a length that goes on until the client has enough.
    Endless,
    /// These bytes instead of an answer, then closes.
    Garbage(Vec<u8>),
    /// Closes without a byte.
    Close,
}

type Handler = Arc<dyn Fn(&Request) -> Answer + Send + Sync>;

struct Shared {
    handler: Mutex<Handler>,
    behaviours: Mutex<Vec<(String, Behaviour)>>,
    requests: Mutex<Vec<Request>>,
    open: Mutex<HashMap<u64, TcpStream>>,
    connections: AtomicU64,
    up: AtomicBool,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server on one address. It stops when dropped.
pub struct Node {
    address: SocketAddrV4,
    shared: Arc<Shared>,
    accepting: Mutex<Option<JoinHandle<()>>>,
}

impl Node {
    /// Listens on a free port of 127.0.0.1.
    pub fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let mut nodes = Self::start_on_one_port(&[Ipv4Addr::LOCALHOST]);
        let node = nodes.remove(0);
        node.handle(handler);
        node
    }

    /// A node on each address, all with the same port number, as the frontends of a cluster have it. They answer 404
    /// until they get a handler.
    pub fn start_on_one_port(addresses: &[Ipv4Addr]) -> Vec<Self> {
        for _ in 0..2000 {
            let port = next_port();
            let listeners: io::Result<Vec<_>> =
                addresses.iter().map(|ip| TcpListener::bind(SocketAddrV4::new(*ip, port))).collect();
            if let Ok(listeners) = listeners {
                let with_address = addresses.iter().zip(listeners);
                return with_address.map(|(ip, listener)| Self::on(SocketAddrV4::new(*ip, port), listener)).collect();
            }
        }
        panic!("no port is free on all of {addresses:?}");
    }

    fn on(address: SocketAddrV4, listener: TcpListener) -> Self {
        let shared = Shared {
            handler: Mutex::new(Arc::new(|_: &Request| Answer::html(404, "not found"))),
            behaviours: Mutex::new(Vec::new()),
            requests: Mutex::new(Vec::new()),
            open: Mutex::new(HashMap::new()),
            connections: AtomicU64::new(0),
            up: AtomicBool::new(false),
        };
        let node = Self { address, shared: Arc::new(shared), accepting: Mutex::new(None) };
        node.accept(listener);
        node
    }

    fn accept(&self, listener: TcpListener) {
        let shared = Arc::clone(&self.shared);
        shared.up.store(true, Ordering::SeqCst);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if !shared.up.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let connection = shared.connections.fetch_add(1, Ordering::SeqCst);
                if let Ok(copy) = stream.try_clone() {
                    lock(&shared.open).insert(connection, copy);
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    // A client that goes away in the middle is none of the server's business.
                    let _ = serve(&shared, &stream, connection);
                    let _ = stream.shutdown(Shutdown::Both);
                    lock(&shared.open).remove(&connection);
                });
            }
        });
        *lock(&self.accepting) = Some(thread);
    }

    pub fn address(&self) -> SocketAddrV4 {
        self.address
    }

    /// `127.0.0.1:18030`: what a collector calls the instance.
    pub fn instance(&self) -> String {
        self.address.to_string()
    }

    /// `http://127.0.0.1:18030` without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn handle(&self, handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) {
        *lock(&self.shared.handler) = Arc::new(handler);
    }

    /// How it treats every request from now on.
    pub fn behave(&self, behaviour: Behaviour) {
        self.behave_on("", behaviour);
    }

    /// How it treats requests whose path begins so from now on; of several the last given counts.
    pub fn behave_on(&self, path: &str, behaviour: Behaviour) {
        let mut behaviours = lock(&self.shared.behaviours);
        behaviours.retain(|(own, _)| !own.starts_with(path));
        behaviours.push((path.to_owned(), behaviour));
    }

    /// Connections are refused from now on and open ones are closed: what a dead process looks like.
    pub fn stop(&self) {
        let thread = lock(&self.accepting).take();
        let Some(thread) = thread else { return };
        self.shared.up.store(false, Ordering::SeqCst);
        // The accepting thread sleeps until somebody connects.
        let _ = TcpStream::connect(self.address);
        let _ = thread.join();
        for stream in lock(&self.shared.open).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Listens on the same port again.
    pub fn revive(&self) {
        if self.is_up() {
            return;
        }
        for _ in 0..200 {
            if let Ok(listener) = TcpListener::bind(self.address) {
                return self.accept(listener);
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("{} was taken by somebody else", self.address);
    }

    pub fn is_up(&self) -> bool {
        lock(&self.accepting).is_some()
    }

    /// All requests since the start or the last `forget`, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared.requests).clone()
    }

    /// Method and target of each request: `GET /metrics`.
    pub fn asked(&self) -> Vec<String> {
        lock(&self.shared.requests).iter().map(|request| format!("{} {}", request.method, request.target)).collect()
    }

    pub fn forget(&self) {
        lock(&self.shared.requests).clear();
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Ports below the range the kernel gives out, always of five digits (so that tables keep their width), and none twice
/// in a process: a node that is down does not lose its port to the next one.
fn next_port() -> u16 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let start = u64::from(std::process::id()) * 97;
    (10_240 + (start + NEXT.fetch_add(1, Ordering::SeqCst)) % 22_000) as u16
}

fn serve(shared: &Shared, stream: &TcpStream, connection: u64) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    // A real frontend that has compressed one answer compresses every later one on that connection.
    let mut compressing = false;
    while let Some(request) = Request::read(&mut reader, connection) {
        lock(&shared.requests).push(request.clone());
        let handler = Arc::clone(&lock(&shared.handler));
        let mut answer = handler(&request);
        compressing |= answer.compressible && request.accepts_gzip();
        if compressing && request.accepts_gzip() && (answer.compressible || !answer.chunked) {
            answer = answer.gzip();
        }
        let behaviours = lock(&shared.behaviours).clone();
        let behaviour = behaviours.iter().rev().find(|(path, _)| request.path().starts_with(path));
        let behaviour = behaviour.map_or(Behaviour::Answer, |(_, behaviour)| behaviour.clone());
        let goes_on = respond(&mut reader, stream, &request, answer, behaviour)?;
        if !goes_on || !request.keep_alive {
            break;
        }
    }
    Ok(())
}

/// Writes the answer as the behaviour wants it; whether the connection can take another request.
fn respond(
    reader: &mut impl Read,
    mut stream: &TcpStream,
    request: &Request,
    mut answer: Answer,
    behaviour: Behaviour,
) -> io::Result<bool> {
    let mut body_pause = None;
    let mut missing = 0;
    match behaviour {
        Behaviour::Answer => {}
        Behaviour::Fixed(fixed) => answer = fixed,
        Behaviour::Hang => {
            // Until the client hangs up or the node is stopped.
            let _ = reader.read(&mut [0]);
            return Ok(false);
        }
        Behaviour::Delay(pause) => thread::sleep(pause),
        Behaviour::Drip { bytes, pause } => body_pause = Some((bytes.max(1), pause)),
        Behaviour::Truncate { missing: bytes } => missing = bytes,
        Behaviour::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&b"endless_page 1\n".repeat(1000))?;
            }
        }
        Behaviour::Garbage(bytes) => {
            stream.write_all(&bytes)?;
            return Ok(false);
        }
        Behaviour::Close => return Ok(false),
    }
    let mut bytes = answer.head(request.keep_alive);
    if request.method == "HEAD" {
        stream.write_all(&bytes)?;
        return Ok(true);
    }
    let body = answer.coded_body();
    let Some((step, pause)) = body_pause else {
        bytes.extend(&body[..body.len().saturating_sub(missing)]);
        stream.write_all(&bytes)?;
        return Ok(missing == 0);
    };
    stream.write_all(&bytes)?;
    for part in body.chunks(step) {
        thread::sleep(pause);
        stream.write_all(part)?;
    }
    Ok(true)
}
