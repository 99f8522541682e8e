//! One request: sent, bounded in time and size, retried when retrying can cure it, and explained when it failed.

use std::collections::HashMap;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Connector, NextTimeout};
use ureq::{Agent, AsSendBody, http};

use super::credentials::Credentials;
use super::fault::{FetchError, Lack, after_colon, explain, message_in, shortened, wants_tls};
use super::tap::{Count, Tap};
use super::{proxy, tls};
use crate::clock::Clock;
use crate::sample::Millis;
use crate::settings::{Access, Proxies, Proxy};
use crate::words::sql_user;

/// A page larger than this is refused, counted after decoding: 100,000 lines of table metrics are about 10 MiB.
const LARGEST_BODY: u64 = 64 << 20;
/// A node that does not even take the connection by then is not there; its thread serves others.
pub const LONGEST_CONNECT: Duration = Duration::from_secs(5);
const PAUSE_BEFORE_RETRY: Duration = Duration::from_millis(200);

/// Each connection has its own two buffers, and 128 KiB each would be more than the pages of a hundred nodes. A request
/// must fit into the second one.
const READ_AT_ONCE: usize = 32 << 10;
const LARGEST_REQUEST: usize = 16 << 10;
/// What is believed of an announced length before the bytes are there.
const MOST_RESERVED: u64 = 4 << 20;

/// Talks to the nodes of one target.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    names: KnownNames,
    credentials: Option<Credentials>,
    proxies: Proxies,
    timeout: Duration,
    deadline: Instant,
    retries: u32,
    received: Count,
    offers_gzip: bool,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    pub url: &'a str,
    /// A body makes it a POST of JSON.
    pub body: Option<&'a str>,
    pub login: Login,
}

/// Whether the login goes with a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// Backends know none, and their addresses are what somebody else told us.
    Never,
    /// The page can be had without it, too.
    IfKnown,
    Needed,
}

/// What came of asking: the answer or the fault of the last try, when that try began and how long it took.
#[derive(Debug)]
pub struct Reply {
    pub at: Millis,
    pub took: Duration,
    pub answer: Result<Answer, FetchError>,
}

/// A whole answer with status 200.
#[derive(Debug)]
pub struct Answer {
    pub body: Vec<u8>,
    pub content_type: String,
    /// The node's own clock; frontends do not tell it.
    pub date: Option<Millis>,
    /// It came in pieces, without its length.
    pub chunked: bool,
}

impl Client {
    /// # Errors
    /// When a file with certificates or a key cannot be used.
    pub fn new(access: &Access, uses_tls: bool, retries: u32, deadline: Instant) -> Result<Self> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("stellar/", env!("CARGO_PKG_VERSION")))
            // Which proxy a node needs is known when it is asked.
            .proxy(None)
            .max_idle_connections(64)
            .input_buffer_size(READ_AT_ONCE)
            .output_buffer_size(LARGEST_REQUEST);
        if uses_tls {
            config = config.tls_config(tls::config(access)?);
        }
        let names = KnownNames::default();
        let received = Count::default();
        Ok(Self {
            agent: Agent::with_parts(
                config.build(),
                proxy::connector().chain(Tap(Arc::clone(&received))),
                Names { known: Arc::clone(&names), ..Names::default() },
            ),
            names,
            credentials: access.login.as_ref().map(|login| Credentials::new(login, access.timeout)),
            proxies: access.proxies.clone(),
            timeout: access.timeout,
            deadline,
            retries,
            received,
            offers_gzip: false,
        })
    }

    /// Lets every node compress, also those on this machine, where it costs more than it saves.
    pub fn offering_gzip(self) -> Self {
        Self { offers_gzip: true, ..self }
    }

    /// Bytes that came over the wire so far, headers included.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Whether a name that this client asked is that of the address.
    pub fn is_name_of(&self, name: &str, address: IpAddr) -> bool {
        let known = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&name.to_ascii_lowercase()).is_some_and(|addresses| addresses.contains(&address))
    }

    pub fn has_login(&self) -> bool {
        self.credentials.is_some()
    }

    /// Why there is no password although there is a login; finding out may take a while.
    pub fn lacks_password(&self) -> Option<&str> {
        self.credentials.as_ref()?.header(self.deadline).err()
    }

    /// What mends a refusal that is about rights, to be put after it.
    pub fn advice(&self, error: &FetchError) -> String {
        let (Some(user), Some(lack)) = (self.user(), error.lack()) else { return String::new() };
        let grant = format!("GRANT {} TO USER {}", lack.grant(), sql_user(user));
        match lack {
            Lack::Operate | Lack::Blacklist => format!("; run: {grant}"),
            Lack::Roles => format!("; before 3.2 the lists need the roles db_admin and user_admin: {grant}"),
        }
    }

    fn user(&self) -> Option<&str> {
        self.credentials.as_ref().map(|credentials| credentials.user.as_str())
    }

    /// Asks once, and again while retrying can cure the fault and the run's time allows it.
    pub fn ask(&self, question: &Question, clock: &Clock) -> Reply {
        let mut pause = PAUSE_BEFORE_RETRY;
        let mut left = self.retries;
        loop {
            let (at, started) = (clock.now(), Instant::now());
            let answer = self.ask_once(question);
            let took = started.elapsed();
            match &answer {
                Ok(answer) => log::debug!("{}: {} bytes in {} ms", question.url, answer.body.len(), took.as_millis()),
                Err(error) => log::debug!("{}: {error}, after {} ms", question.url, took.as_millis()),
            }
            match &answer {
                Err(error) if error.curable && left > 0 && Instant::now() + pause < self.deadline => {
                    log::debug!("{}: {error}; trying again in {} ms", question.url, pause.as_millis());
                    std::thread::sleep(pause);
                    pause *= 2;
                    left -= 1;
                }
                _ => return Reply { at, took, answer },
            }
        }
    }

    fn ask_once(&self, question: &Question) -> Result<Answer, FetchError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(FetchError::timed_out("not asked: the run's deadline was over"));
        }
        let limit = self.timeout.min(left);
        let cut_short = limit < self.timeout;
        let through = self.proxy_of(question.url);
        let explain = |error: &ureq::Error| {
            let fault = explain(error, limit, cut_short);
            match through {
                Some(through) => proxy::explained(through, error, fault),
                None => fault,
            }
        };
        let proxy = through.map(proxy::for_request).transpose()?;

        let mut headers = http::HeaderMap::new();
        if is_loopback(question.url) && !self.offers_gzip {
            headers.insert("accept-encoding", http::HeaderValue::from_static("identity"));
        }
        if let Some(credentials) = self.credentials.as_ref().filter(|_| question.login != Login::Never) {
            match credentials.header(self.deadline) {
                Ok(authorization) => drop(headers.insert("authorization", authorization.clone())),
                Err(reason) if question.login == Login::Needed => return Err(FetchError::login(reason)),
                Err(_) => {}
            }
        }
        if question.body.is_some() {
            headers.insert("content-type", http::HeaderValue::from_static("application/json"));
        }
        let method = if question.body.is_some() { http::Method::POST } else { http::Method::GET };
        let mut request = http::Request::builder().method(method).uri(question.url);
        if let Some(own) = request.headers_mut() {
            own.extend(headers);
        }
        let response = match question.body {
            Some(body) => self.send(request.body(body), proxy, limit),
            None => self.send(request.body(()), proxy, limit),
        };
        let https = question.url.starts_with("https:");
        let response = response.map_err(|error| explain(&error).asking_for_scheme(&error, https))?;
        let status = response.status().as_u16();
        let content_type = response.headers().get("content-type").and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        if let Some(coding) = response.headers().get("content-encoding").filter(|coding| *coding != "identity") {
            // The library has taken away that of an answer that it can decode.
            let coding = shortened(&String::from_utf8_lossy(coding.as_bytes()));
            return Err(FetchError::new(format!("the answer is compressed with `{coding}`, which nobody asked for")));
        }
        let chunked = response
            .headers()
            .get("transfer-encoding")
            .is_some_and(|coding| coding.to_str().is_ok_and(|coding| coding.to_ascii_lowercase().contains("chunked")));
        let date = response.headers().get("date").and_then(|value| moment_of(value.to_str().ok()?));
        let length = response.body().content_length().unwrap_or(0).min(MOST_RESERVED);
        let mut body = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        let reader = response.into_body().into_reader();
        reader.take(LARGEST_BODY + 1).read_to_end(&mut body).map_err(|error| explain(&ureq::Error::from(error)))?;
        if body.len() as u64 > LARGEST_BODY {
            return Err(FetchError::new(format!("the answer is larger than {} MiB", LARGEST_BODY >> 20)));
        }
        match status {
            200 => Ok(Answer { body, content_type, date, chunked }),
            _ => Err(self.refusal(status, &body, question, through)),
        }
    }

    fn proxy_of(&self, url: &str) -> Option<&Proxy> {
        let uri: Uri = url.parse().ok()?;
        let https = uri.scheme_str() == Some("https");
        self.proxies.of(https, uri.host()?, uri.port_u16().unwrap_or(if https { 443 } else { 80 }))
    }

    fn send(
        &self,
        request: Result<http::Request<impl AsSendBody>, http::Error>,
        proxy: Option<ureq::Proxy>,
        limit: Duration,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let request = self.agent.configure_request(request?).proxy(proxy);
        self.agent.run(request.timeout_global(Some(limit)).timeout_connect(Some(limit.min(LONGEST_CONNECT))).build())
    }

    fn refusal(&self, status: u16, body: &[u8], question: &Question, through: Option<&Proxy>) -> FetchError {
        // Over http:// a proxy answers in the node's place; a node never sends this status.
        if let (407, Some(through)) = (status, through) {
            return proxy::refusal(through, status);
        }
        let said = message_in(body);
        let reason = match (status, &self.credentials) {
            (401, _) if question.login == Login::Never => {
                "401 Unauthorized, though a backend asks nobody for a login; is this its address?".to_owned()
            }
            (401, Some(Credentials { user, password_origin: origin, .. })) => {
                let password = match origin.as_str() {
                    "" => "no password is set".to_owned(),
                    origin => format!("password from {origin}"),
                };
                format!("401 Unauthorized for user `{user}` ({password}){}", after_colon(&said))
            }
            (401, None) => "401 Unauthorized: set `user` and a password for this target".to_owned(),
            (300..=399, _) => format!("{status}: redirected elsewhere; give the address of the node itself"),
            (400, _) if wants_tls(status, body) => "HTTP status 400: it wants TLS there; write https://".to_owned(),
            (404, _) => "404 Not Found".to_owned(),
            _ => format!("HTTP status {status}{}", after_colon(&said)),
        };
        let reason = match through {
            Some(through) => format!("{reason}; asked through {}", proxy::name(through)),
            None => reason,
        };
        // What a busy gateway or a starting node says; a 500 of StarRocks is an SQL error, the same again next time.
        let curable = matches!(status, 408 | 429 | 502 | 503 | 504);
        let refused = FetchError { status: Some(status), curable, ..FetchError::new(reason) };
        // One that lacks a right is a good login.
        let login_refused = status == 401 && question.login != Login::Never && refused.lack().is_none();
        FetchError { login_refused, ..refused }
    }
}

/// The addresses of the names that were looked up for a request.
pub type KnownNames = Arc<Mutex<HashMap<String, Vec<IpAddr>>>>;

/// Looks up names and remembers what came; an address is none, and needs no thread that could be given up.
#[derive(Debug, Default)]
struct Names {
    resolver: DefaultResolver,
    known: KnownNames,
}

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let default_port = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        match host.parse() {
            Ok(address) => {
                let mut found = self.empty();
                found.push(SocketAddr::new(address, uri.port_u16().unwrap_or(default_port)));
                Ok(found)
            }
            Err(_) => {
                let found = self.resolver.resolve(uri, config, timeout)?;
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert(host.to_ascii_lowercase(), found.iter().map(SocketAddr::ip).collect());
                Ok(found)
            }
        }
    }
}

/// `Sun, 22 Nov 2026 02:28:58 GMT`, of a Date header.
fn moment_of(date: &str) -> Option<Millis> {
    let stamp = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(stamp.as_millisecond())
}

fn is_loopback(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or_default();
    host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]")
}
