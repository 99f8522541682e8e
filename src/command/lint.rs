//! `stellar lint`: fetches or reads pages of metrics, looks at URLs twice, and tells what is wrong with them.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use anyhow::Result;
use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;
use jiff::tz::TimeZone;

use super::{World, print, print_json, progress, refuse_unknown};
use crate::cli::{Global, Lint};
use crate::clock::Clock;
use crate::collect::http::{Client, Login, Question};
use crate::failure::{Exit, Failure};
use crate::lint::rules::RULES;
use crate::lint::{self, Answer, Judgement, Look, Shape, tell};
use crate::report::{Style, harmless};
use crate::settings::words::{io_reason, quoted};
use crate::settings::{self, Access, Cluster, Endpoint, LoadError, Loaded};

/// A page larger than this is refused, counted after decoding, as one that is fetched.
const LARGEST: u64 = 64 << 20;
/// Below it nobody compresses, and headers weigh as much as the page.
const LEAST_COMPRESSED: usize = 1 << 10;
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

pub fn run(global: &Global, arguments: &Lint, world: &World) -> Result<Exit> {
    let style = Style { zone: TimeZone::UTC, colour: world.colour, width: world.width };
    if arguments.list_rules {
        match arguments.json {
            true => print_json(&tell::list_document())?,
            false => print(&tell::list(&style))?,
        }
        return Ok(Exit::Done);
    }
    let names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
    refuse_unknown(&arguments.ignore, &names, "rule")?;
    let sources = sources(arguments)?;

    // What cannot be read is a slip of whoever typed it: nothing is asked before all files are there.
    let files = sources.iter().map(|source| source.read()).collect::<Result<Vec<Option<Look>>>>()?;
    let clock = world.clock()?;
    let mut pages = pages(global, world, &sources)?;
    let mut first = ask(&mut pages, &clock);
    let looks_again = !arguments.wait.is_zero() && first.iter().any(is_good);
    let mut second = Vec::new();
    if looks_again {
        progress::shown(world, global.quiet, &Waiting, || std::thread::sleep(arguments.wait));
        second = ask(&mut pages, &clock);
    }
    first.reverse();
    second.reverse();

    let is_ignored = |rule: &lint::rules::Rule| arguments.ignore.iter().any(|name| name == rule.name);
    let judge = |name: &str, looks: Vec<Look>| lint::judge(harmless(name), looks, is_ignored);
    let mut judgements: Vec<Judgement> = Vec::new();
    if arguments.growth {
        let name = match arguments.pages.as_slice() {
            [first, .., last] => format!("{first} .. {last}"),
            _ => String::new(),
        };
        judgements.push(judge(&name, files.into_iter().flatten().collect()));
    } else {
        for (source, file) in sources.iter().zip(files) {
            let looks = match file {
                Some(look) => vec![look],
                None => first.pop().into_iter().chain(second.pop()).collect(),
            };
            judgements.push(judge(source.name(), looks));
        }
    }
    match arguments.json {
        true => print_json(&tell::document(&judgements))?,
        false => print(&tell::render(&judgements, arguments.all, &style))?,
    }
    let is_clean = judgements.iter().all(|judgement| judgement.findings.is_empty());
    Ok(if is_clean { Exit::Done } else { Exit::Partly })
}

/// The line while nothing happens.
struct Waiting;

impl progress::Line for Waiting {
    const TEMPLATE: &str = "waiting for the second look  {elapsed}";

    fn update(&self, _: &ProgressBar) {}
}

/// Where a page comes from.
enum Source {
    Url(Endpoint, String),
    File(String),
    StandardInput,
}

impl Source {
    fn name(&self) -> &str {
        match self {
            Self::Url(_, url) => url,
            Self::File(path) => path,
            Self::StandardInput => "standard input",
        }
    }

    /// The page of a file; `None` for a URL.
    fn read(&self) -> Result<Option<Look>> {
        let input: Result<Box<dyn Read>, io::Error> = match self {
            Self::Url(..) => return Ok(None),
            Self::File(path) => std::fs::File::open(path).map(|file| Box::new(file) as Box<dyn Read>),
            Self::StandardInput => Ok(Box::new(io::stdin().lock())),
        };
        let fail = |why: String| Failure::new(Exit::Usage, format!("{}: {why}", harmless(self.name())));
        let bytes = input.and_then(|mut input| whole(&mut input)).map_err(|error| fail(io_reason(&error)))?;
        let text = match bytes.starts_with(b"\x1f\x8b") {
            true => whole(&mut MultiGzDecoder::new(bytes.as_slice()))
                .map_err(|_| fail("the gzip stream is damaged or cut off".to_owned()))?,
            false => bytes,
        };
        if text.len() as u64 > LARGEST {
            return Err(fail(format!("larger than {} MiB", LARGEST >> 20)).into());
        }
        let text = text.strip_prefix(BYTE_ORDER_MARK).map(<[u8]>::to_vec).unwrap_or(text);
        Ok(Some(Look { text, answer: None }))
    }
}

/// At most one byte more than is allowed.
fn whole(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn sources(arguments: &Lint) -> Result<Vec<Source>> {
    let is_url = |text: &str| {
        let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        scheme.is_some_and(|scheme| scheme == "http" || scheme == "https")
    };
    let usage = |what: String, hint: &str| Failure::new(Exit::Usage, what).with_hint(hint);
    let mut sources = Vec::new();
    for text in &arguments.pages {
        sources.push(match text.as_str() {
            "-" => Source::StandardInput,
            url if is_url(url) => {
                let (endpoint, url) = settings::page_url(url).map_err(|(message, hint)| {
                    let login = message.contains("a login in it");
                    let hint = if login { "name the target with its login in the configuration" } else { &hint };
                    usage(format!("that is {}", message.trim_start_matches("has ")), hint)
                })?;
                Source::Url(endpoint, url)
            }
            path => Source::File(path.to_owned()),
        });
    }
    if sources.iter().filter(|source| matches!(source, Source::StandardInput)).count() > 1 {
        return Err(usage("standard input can be read once only".to_owned(), "give `-` once").into());
    }
    if arguments.growth {
        let hint = "give two or more looks at one page, the oldest first: stellar lint --growth OLD NEW";
        if sources.iter().any(|source| matches!(source, Source::Url(..))) {
            return Err(usage("--growth is for files; a URL is looked at twice anyway".to_owned(), hint).into());
        }
        if sources.len() < 2 {
            return Err(usage("--growth with a single file: there is nothing to compare".to_owned(), hint).into());
        }
    }
    Ok(sources)
}

/// A URL with whoever can ask it.
struct Remote {
    client: Result<Client, String>,
    url: String,
    login: Login,
}

/// Those of the sources that have to be asked, in their order.
fn pages(global: &Global, world: &World, sources: &[Source]) -> Result<Vec<Remote>> {
    if !sources.iter().any(|source| matches!(source, Source::Url(..))) {
        return Ok(Vec::new());
    }
    let loaded = configuration(global, world)?;
    let mut pages = Vec::new();
    for source in sources {
        let Source::Url(endpoint, url) = source else { continue };
        let (access, login) = asked_as(&loaded, endpoint, url);
        // Each request has its own limit; there is no run with a deadline around them.
        let deadline = Instant::now() + Duration::from_secs(10 * 86_400);
        let client = Client::new(&access, endpoint.https, 0, deadline)
            .map(Client::offering_gzip)
            .map_err(|error| format!("{error:#}"));
        if let (Ok(client), Login::IfKnown) = (&client, login)
            && let Some(reason) = client.lacks_password()
        {
            log::warn!("{}: {reason}; asked without the login", harmless(url));
        }
        pages.push(Remote { client, url: url.clone(), login });
    }
    Ok(pages)
}

/// The configuration, for logins, certificates and proxies; one that nobody named may be missing or faulty.
fn configuration(global: &Global, world: &World) -> Result<Loaded> {
    let defaults =
        || Loaded::without_file(&*world.environment).map_err(|error| Failure::new(Exit::Usage, error.render()).into());
    let is_named =
        global.config.is_some() || (world.environment)("STELLAR_CONFIG").is_some_and(|name| !name.is_empty());
    match settings::load(global.config.as_deref(), &*world.environment) {
        Ok(loaded) => Ok(loaded),
        Err(LoadError::NotFound(_)) => defaults(),
        Err(error) if is_named => Err(Failure::new(Exit::Usage, error.render()).into()),
        Err(error) => {
            log::warn!("{error}; asked without the configuration's logins, certificates and proxies");
            defaults()
        }
    }
}

/// How the configured target is asked whose page it is, else how anyone is; and whether the login goes with the question.
fn asked_as(loaded: &Loaded, endpoint: &Endpoint, url: &str) -> (Access, Login) {
    let settings = &loaded.settings;
    if let Some(application) = settings.applications.iter().find(|application| application.page.base == url) {
        log::info!("{}: asked as application {}", harmless(url), quoted(&application.name));
        return (application.access.clone(), Login::IfKnown);
    }
    let is_under = |base: &str| url.strip_prefix(base).is_some_and(|rest| rest.starts_with(['/', '?']));
    let mut best: Option<(usize, &Cluster, Login)> = None;
    for cluster in &settings.clusters {
        let backends = cluster.backends.iter().chain(&cluster.compute_nodes).map(|node| (node, Login::Never));
        for (node, login) in cluster.frontends.iter().map(|node| (node, Login::IfKnown)).chain(backends) {
            let same_port = node.https == endpoint.https && endpoint.instance == host_and_port(node);
            if same_port && is_under(&format!("{}{}", endpoint.base, node.path())) {
                let length = node.path().len();
                best = best.filter(|(longest, _, _)| *longest >= length).or(Some((length, cluster, login)));
            }
        }
    }
    match best {
        Some((_, cluster, login)) => {
            log::info!("{}: asked as a node of cluster {}", harmless(url), quoted(&cluster.name));
            (cluster.access.clone(), login)
        }
        None => (Access::to_anyone(&settings.collection), Login::Never),
    }
}

/// Nodes behind one gate bear their path, too.
fn host_and_port(node: &Endpoint) -> &str {
    node.instance.split('/').next().unwrap_or_default()
}

/// One look at each page.
fn ask(pages: &mut [Remote], clock: &Clock) -> Vec<Look> {
    pages.iter().map(|page| page.look(clock)).collect()
}

fn is_good(look: &Look) -> bool {
    look.answer.as_ref().is_some_and(|answer| answer.outcome.is_ok())
}

impl Remote {
    fn look(&self, clock: &Clock) -> Look {
        let failed = |at, took, reason: String| {
            let outcome = Err(reason);
            Look { text: Vec::new(), answer: Some(Answer { at, took, outcome }) }
        };
        let client = match &self.client {
            Ok(client) => client,
            Err(reason) => return failed(clock.now(), Duration::ZERO, reason.clone()),
        };
        let before = client.received();
        let reply = client.ask(&Question { url: &self.url, body: None, login: self.login }, clock);
        let wire_bytes = client.received() - before;
        match reply.answer {
            Err(error) => failed(reply.at, reply.took, error.to_string()),
            Ok(answer) => {
                let size = answer.body.len();
                let is_small = size < LEAST_COMPRESSED;
                let compressed = (wire_bytes < size as u64).then_some(true).or((!is_small).then_some(false));
                let (content_type, chunked) = (answer.content_type, answer.chunked);
                let shape = Shape { status: 200, content_type, chunked, wire_bytes, compressed };
                Look { text: answer.body, answer: Some(Answer { at: reply.at, took: reply.took, outcome: Ok(shape) }) }
            }
        }
    }
}
