//! The little of HTTP/1.1 that a frontend and a backend speak: one request in, one answer out.

use std::io::{BufRead, Read};
use std::sync::Arc;

/// A request as it arrived. Header names are lower case; the body is as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Number of the connection it came on, counted from 0 for each node.
    pub connection: u64,
    pub(super) keep_alive: bool,
}

impl Request {
    /// Reads one request; `None` when the client closed the connection or sent something that is no request.
    pub(super) fn read(stream: &mut impl BufRead, connection: u64) -> Option<Self> {
        let line = read_line(stream)?;
        let mut words = line.split_ascii_whitespace();
        let (method, target, version) = (words.next()?.to_owned(), words.next()?.to_owned(), words.next()?);
        let mut keep_alive = version == "HTTP/1.1";
        let mut headers = Vec::new();
        loop {
            let line = read_line(stream)?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':')?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut request = Self { method, target, headers, body: Vec::new(), connection, keep_alive: false };
        let length = request.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        request.body.resize(length, 0);
        stream.read_exact(&mut request.body).ok()?;
        keep_alive &= request.header("connection").is_none_or(|value| !value.eq_ignore_ascii_case("close"));
        request.keep_alive = keep_alive;
        Some(request)
    }

    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(self.target.as_str(), |(path, _)| path)
    }

    /// The decoded value of a query parameter.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(own, _)| *own == name).map(|(_, v)| decode(v))
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// User and password of a Basic login.
    pub fn login(&self) -> Option<(String, String)> {
        let encoded = self.header("authorization")?.strip_prefix("Basic ")?;
        let text = String::from_utf8(base64(encoded)?).ok()?;
        text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
    }

    pub(super) fn accepts_gzip(&self) -> bool {
        self.header("accept-encoding").is_some_and(|value| value.contains("gzip"))
    }
}

fn read_line(stream: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    let length = stream.take(64 * 1024).read_until(b'\n', &mut line).ok()?;
    let text = String::from_utf8(line).ok()?;
    (length > 0).then(|| text.trim_end_matches(['\r', '\n']).to_owned())
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits: String = rest.by_ref().take(2).map(char::from).collect();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap_or(b'?'));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn base64(text: &str) -> Option<Vec<u8>> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = LETTERS.iter().position(|own| *own == letter)?;
        bits = (bits << 6 | value as u32) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    Some(bytes)
}

/// What a node answers: status, headers in order, body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Without length, transfer coding and connection: those follow from the rest.
    pub headers: Vec<(String, String)>,
    pub body: Arc<[u8]>,
    /// Sent in chunks of 1,000 bytes instead of with a length.
    pub chunked: bool,
    /// Sent with gzip when the request takes it (a frontend does so for `/metrics` only).
    pub compressible: bool,
}

impl Answer {
    pub fn new(status: u16, content_type: &str, body: impl Into<Arc<[u8]>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { status, headers, body: body.into(), chunked: false, compressible: false }
    }

    /// 200 with the content type of a frontend's `/metrics`.
    pub fn page(body: impl Into<Arc<[u8]>>) -> Self {
        Self::new(200, "text/plain", body)
    }

    pub fn json(body: &str) -> Self {
        Self::new(200, "application/json", body.as_bytes())
    }

    pub fn html(status: u16, body: &str) -> Self {
        Self::new(status, "text/html", body.as_bytes())
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    #[must_use]
    pub fn compressible(mut self) -> Self {
        self.compressible = true;
        self
    }

    /// The same with a gzip body. The blocks are stored, not deflated: a reader cannot tell, and it needs no library.
    #[must_use]
    pub(super) fn gzip(mut self) -> Self {
        self.body = stored_gzip(&self.body).into();
        self.header("content-encoding", "gzip")
    }

    pub(super) fn head(&self, keep_alive: bool) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        if !self.chunked {
            text += &format!("content-length: {}\r\n", self.body.len());
        }
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        text += match (self.chunked, keep_alive) {
            (true, _) => "transfer-encoding: chunked\r\n\r\n",
            (false, true) => "connection: keep-alive\r\n\r\n",
            (false, false) => "connection: close\r\n\r\n",
        };
        text.into_bytes()
    }

    pub(super) fn coded_body(&self) -> Vec<u8> {
        if !self.chunked {
            return self.body.to_vec();
        }
        let mut bytes = Vec::new();
        for chunk in self.body.chunks(1000) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).bytes().chain(chunk.iter().copied()).chain(*b"\r\n"));
        }
        bytes.extend(b"0\r\n\r\n");
        bytes
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        307 => "Temporary Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}

fn stored_gzip(body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let blocks: Vec<&[u8]> = if body.is_empty() { vec![body] } else { body.chunks(0xffff).collect() };
    for (index, block) in blocks.iter().enumerate() {
        let length = block.len() as u16;
        bytes.push(u8::from(index + 1 == blocks.len()));
        bytes.extend(length.to_le_bytes().into_iter().chain((!length).to_le_bytes()));
        bytes.extend_from_slice(block);
    }
    bytes.extend(crc32(body).to_le_bytes().into_iter().chain((body.len() as u32).to_le_bytes()));
    bytes
}

fn crc32(body: &[u8]) -> u32 {
    !body.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}
