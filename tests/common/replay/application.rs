//! A BatchSQL application as a server: not there, then there for minutes, then not there again.

use super::http::{Answer, Request};
use super::node::{Node, lock};
use std::io::Read;
use std::sync::{Arc, Mutex};

/// The content type of generations B and C.
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8; escaping=values";

/// One look at an application, as it was recorded.
#[derive(Clone, Debug)]
pub struct Look {
    /// Since the application was started.
    pub seconds: i64,
    /// Unix milliseconds.
    pub at: i64,
    /// `None` where the connection was refused.
    pub page: Option<Page>,
}

/// What it answered.
#[derive(Clone, Debug)]
pub struct Page {
    pub content_type: String,
    pub body: Arc<[u8]>,
}

/// What an application answers while it lives; change it through `Application::edit`.
#[derive(Clone, Debug)]
pub struct Answering {
    pub page: Page,
    /// Whether the page wants a user and a password. BatchSQL knows no login; a proxy before it may.
    pub login: Option<(String, String)>,
}

/// A running application, which is not there at first; it listens on 127.0.0.1.
pub struct Application {
    /// Hangs, cuts its page short or answers 503 by `Node::behave`.
    pub node: Node,
    looks: Vec<Look>,
    answering: Arc<Mutex<Answering>>,
}

/// A recorded life, from before its start until after its end, about every five seconds: of generation `A` (b3c2fdd), `B`
/// (43ce6e2) or `C` (fa93222).
///
/// The file has a line `@ SECONDS UNIX_MILLISECONDS BYTES CONTENT_TYPE` for each look, and those bytes after it.
pub fn life(generation: &str) -> Vec<Look> {
    let path = format!("{}/tests/pages/batchsql/generation-{generation}.life.gz", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(file).read_to_end(&mut bytes).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut looks = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let head = std::str::from_utf8(&rest[..end]).unwrap_or_default();
        let words: Vec<&str> = head.splitn(5, ' ').collect();
        let ["@", seconds, at, length, content_type] = words[..] else { panic!("{path}: no head of a look: {head}") };
        let number = |word: &str| word.parse::<i64>().unwrap_or_else(|error| panic!("{path}: {word}: {error}"));
        let (body, after) = rest[end + 1..].split_at(number(length) as usize);
        let page = (!body.is_empty()).then(|| Page { content_type: content_type.to_owned(), body: body.into() });
        looks.push(Look { seconds: number(seconds), at: number(at), page });
        rest = after;
    }
    looks
}

impl Application {
    /// The recorded life of a generation, see `life`; it is not there until `step` says so.
    pub fn of_generation(generation: &str) -> Self {
        Self::of(life(generation))
    }

    /// It has one page, and is there at once.
    pub fn with_page(body: impl Into<Arc<[u8]>>) -> Self {
        let page = Page { content_type: PROMETHEUS_TEXT.to_owned(), body: body.into() };
        let one = Self::of(vec![Look { seconds: 0, at: 0, page: Some(page) }]);
        one.step(0);
        one
    }

    /// It has these pages at these unix seconds, and is not there yet.
    pub fn of_pages(pages: impl IntoIterator<Item = (i64, Vec<u8>)>) -> Self {
        let mut looks = vec![Look { seconds: 0, at: 0, page: None }];
        for (at, body) in pages {
            let begin = looks.get(1).map_or(at, |first| first.at / 1000);
            let page = Page { content_type: PROMETHEUS_TEXT.to_owned(), body: body.into() };
            looks.push(Look { seconds: at - begin, at: at * 1000, page: Some(page) });
        }
        Self::of(looks)
    }

    pub fn of(looks: Vec<Look>) -> Self {
        let none = Page { content_type: PROMETHEUS_TEXT.to_owned(), body: Arc::new([]) };
        let answering = Arc::new(Mutex::new(Answering { page: none, login: None }));
        let own = Arc::clone(&answering);
        let node = Node::start(move |request| answer(&lock(&own), request));
        node.stop();
        Self { node, looks, answering }
    }

    pub fn looks(&self) -> &[Look] {
        &self.looks
    }

    /// Is as it was at a look: answers its page, or refuses. The unix seconds of that look.
    pub fn step(&self, index: usize) -> i64 {
        let look = &self.looks[index];
        match &look.page {
            None => self.node.stop(),
            Some(page) => {
                lock(&self.answering).page = page.clone();
                self.node.revive();
            }
        }
        look.at / 1000
    }

    pub fn edit(&self, change: impl FnOnce(&mut Answering)) {
        change(&mut lock(&self.answering));
    }

    /// Has this page from now on.
    pub fn show(&self, body: impl Into<Arc<[u8]>>) {
        self.edit(|answering| answering.page.body = body.into());
    }

    /// The URL of its page.
    pub fn url(&self) -> String {
        format!("{}/metrics", self.node.url())
    }

    /// A text with its port replaced by 18080, which has five digits too.
    pub fn named(&self, text: &str) -> String {
        text.replace(&self.node.instance(), "127.0.0.1:18080")
    }
}

/// Its paths and methods, as they were found; the page comes in chunks, with gzip for those who take it.
fn answer(answering: &Answering, request: &Request) -> Answer {
    match (request.method.as_str(), request.path()) {
        ("GET", "/metrics") => {
            if answering.login.is_some() && request.login() != answering.login {
                return Answer::html(401, "").header("www-authenticate", "Basic realm=\"\"");
            }
            let Page { content_type, body } = &answering.page;
            Answer::new(200, content_type, Arc::clone(body)).chunked().compressible()
        }
        ("GET", "/metrics/") => Answer::html(301, "").header("location", "/metrics"),
        ("GET", "/health") => Answer::new(200, "text/plain; charset=utf-8", *b"OK"),
        _ => Answer::new(404, "text/plain", *b"404 page not found"),
    }
}
