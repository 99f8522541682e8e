//! Requests through an HTTP proxy: a tunnel for `https://`, and for `http://` the whole URL in the request's first line.
//!
//! The HTTP library makes tunnels for both, but proxies commonly refuse a tunnel to a port that is not 443.

use std::fmt;
use std::io;
use std::sync::Arc;

use ureq::http::Uri;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout, RustlsConnector, TcpConnector, Transport,
};

use super::fault::FetchError;
use crate::base64::base64;
use crate::settings::Proxy;

/// Connects to nodes, directly or through the proxy of the request.
pub fn connector() -> impl Connector<()> {
    WholeUrl.chain(ConnectProxyConnector::default()).chain(TcpConnector::default()).chain(Tls::default())
}

/// The same for the HTTP library, with the login.
///
/// # Errors
/// When it does not take the host or the login.
pub fn for_request(proxy: &Proxy) -> Result<ureq::Proxy, FetchError> {
    let mut builder = ureq::Proxy::builder(ureq::ProxyProtocol::Http).host(&proxy.host).port(proxy.port);
    if let Some((user, password)) = &proxy.login {
        builder = builder.username(user).password(password.expose());
    }
    builder.build().map_err(|_| FetchError::new(format!("{} cannot be used", name(proxy))))
}

/// `the proxy http://proxy:3128 (from $HTTPS_PROXY)`
pub fn name(proxy: &Proxy) -> String {
    format!("the proxy {} (from {})", proxy.url(), proxy.origin)
}

/// Opens connections to a proxy over which `http://` URLs are asked.
#[derive(Debug)]
struct WholeUrl;

impl Connector<()> for WholeUrl {
    type Out = Through;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Through>, ureq::Error> {
        let Some(proxy) = details.config.proxy().filter(|_| !details.needs_tls()) else { return Ok(None) };
        let to_proxy = ConnectionDetails {
            uri: proxy.uri(),
            addrs: details.resolver.resolve(proxy.uri(), details.config, details.timeout)?,
            ..copied(details)
        };
        let connection = Connector::<()>::connect(&TcpConnector::default(), &to_proxy, None)?;
        let login = proxy.username().map(|user| format!("{user}:{}", proxy.password().unwrap_or_default()));
        Ok(connection.map(|inner| Through {
            inner: Box::new(inner),
            origin: origin(details.uri),
            login: login.map(|login| base64(login.as_bytes())),
            is_at_head: true,
        }))
    }
}

/// `http://host:port` of a URL.
fn origin(uri: &Uri) -> String {
    format!("http://{}", uri.authority().map_or("", |authority| authority.as_str()))
}

/// A connection to a proxy that turns `GET /metrics` into `GET http://host:port/metrics`.
struct Through {
    inner: Box<dyn Transport>,
    origin: String,
    /// For the proxy, in base64.
    login: Option<String>,
    /// What is sent next begins a request.
    is_at_head: bool,
}

impl fmt::Debug for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Through").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Through {
    /// The beginning of a request as a proxy wants it; `None` when it is not one.
    fn rewritten(&self, request: &[u8]) -> Option<Vec<u8>> {
        let path = request.iter().position(|byte| *byte == b' ')? + 1;
        let headers = request.windows(2).position(|pair| pair == b"\r\n")? + 2;
        let login = self.login.as_ref().map(|login| format!("Proxy-Authorization: Basic {login}\r\n"));
        let parts = [
            request.get(..path)?,
            self.origin.as_bytes(),
            request.get(path..headers)?,
            login.as_deref().unwrap_or_default().as_bytes(),
            request.get(headers..)?,
        ];
        Some(parts.concat())
    }
}

impl Transport for Through {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        if !std::mem::take(&mut self.is_at_head) {
            return self.inner.transmit_output(amount, timeout);
        }
        let request = self.inner.buffers().output().get(..amount).map(<[u8]>::to_vec).unwrap_or_default();
        let too_long = || io::Error::other("the request is too long for a proxy");
        let request = self.rewritten(&request).ok_or_else(too_long)?;
        let buffer = self.inner.buffers().output().get_mut(..request.len()).ok_or_else(too_long)?;
        buffer.copy_from_slice(&request);
        self.inner.transmit_output(request.len(), timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.is_at_head = true;
        self.inner.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }
}

/// TLS that is set up once for all connections of a cluster. Asked with settings of a request, such as its timeout, the
/// HTTP library would read all root certificates anew for each connection.
#[derive(Debug, Default)]
struct Tls(RustlsConnector);

impl<In: Transport> Connector<In> for Tls {
    type Out = <RustlsConnector as Connector<In>>::Out;

    fn connect(&self, details: &ConnectionDetails, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        self.0.connect(&ConnectionDetails { request_level: false, ..copied(details) }, chained)
    }
}

/// The library's own type cannot be cloned.
fn copied<'d>(details: &ConnectionDetails<'d>) -> ConnectionDetails<'d> {
    ConnectionDetails {
        uri: details.uri,
        addrs: details.addrs.clone(),
        config: details.config,
        request_level: details.request_level,
        resolver: details.resolver,
        now: details.now,
        timeout: details.timeout,
        current_time: Arc::clone(&details.current_time),
        run_connector: Arc::clone(&details.run_connector),
        register_shutdown: Arc::clone(&details.register_shutdown),
    }
}

/// The fault of a request that went through a proxy, told so that nobody looks for it at the node alone.
pub fn explained(proxy: &Proxy, error: &ureq::Error, fault: FetchError) -> FetchError {
    use ureq::Error;
    let name = name(proxy);
    let status = match error {
        Error::ConnectProxyFailed(said) => {
            said.split(|letter: char| !letter.is_ascii_digit()).find_map(|word| word.parse::<u16>().ok())
        }
        _ => None,
    };
    // Nothing is known of the node before the proxy answers.
    let is_of_the_way = fault.reason == "connection refused"
        || fault.reason == "host not found"
        || matches!(error, Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve));
    let reason = match (error, status) {
        (Error::ConnectProxyFailed(_), Some(status)) => return refusal(proxy, status),
        (Error::ConnectProxyFailed(_), None) => format!("{name} failed: no answer to CONNECT"),
        _ if is_of_the_way => format!("{name} failed: {}", fault.reason),
        _ => format!("{}; asked through {name}", fault.reason),
    };
    FetchError { reason, ..fault }
}

/// What a proxy says by itself.
pub fn refusal(proxy: &Proxy, status: u16) -> FetchError {
    let name = name(proxy);
    let reason = match (status, &proxy.login) {
        (407, None) => format!("{name} failed: it wants a login (407): write http://user:password@host:port"),
        (407, Some(_)) => format!("{name} failed: it does not take the login (407)"),
        (403, _) => format!("{name} failed: it may not reach the node (403); `proxy = \"\"` asks directly"),
        (502..=504, _) => format!("{name} failed: it cannot reach the node ({status})"),
        _ => format!("{name} failed: status {status}"),
    };
    FetchError { status: Some(status), curable: matches!(status, 502..=504), ..FetchError::new(reason) }
}
