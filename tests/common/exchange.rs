//! One HTTP request as bytes, handed on to a node of a replayed cluster: what a proxy and a TLS server of a test share.

use std::io::{BufRead, Read, Write};
use std::net::{SocketAddr, TcpStream};

/// The first line and the headers of a request, without the empty line, and its body.
pub struct Message {
    pub first: String,
    pub headers: Vec<String>,
    pub body: Vec<u8>,
}

impl Message {
    /// `None` when the connection ended before there was a whole one.
    pub fn read(stream: &mut impl BufRead) -> Option<Self> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let first = (!lines.is_empty()).then(|| lines.remove(0))?;
        let mut message = Self { first, headers: lines, body: Vec::new() };
        let length = message.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        message.body.resize(length, 0);
        stream.read_exact(&mut message.body).ok()?;
        Some(message)
    }

    /// The value of a header, its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let pairs = self.headers.iter().filter_map(|line| line.split_once(':'));
        pairs.into_iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// Asks the node with this path, once, and gives its whole answer.
    pub fn answer_of(&self, node: SocketAddr, path: &str) -> std::io::Result<Vec<u8>> {
        let method = self.first.split(' ').next().unwrap_or_default();
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        for line in &self.headers {
            let name = line.split(':').next().unwrap_or_default().to_ascii_lowercase();
            if !["connection", "proxy-authorization"].contains(&name.as_str()) {
                head += &format!("{line}\r\n");
            }
        }
        let mut stream = TcpStream::connect(node)?;
        stream.write_all(&[head.as_bytes(), b"\r\n", &self.body].concat())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(answer)
    }
}
