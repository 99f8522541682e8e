//! A fetched page becomes samples: only those that some expression reads, with `job` and `instance` on each.

use super::fault::FetchError;
use super::http::{Answer, Reply};
use crate::catalogue::collection::{Sample, Scrape};
use crate::catalogue::place::Place;
use crate::catalogue::uses::Uses;
use crate::exposition::{self, Format, PageReport, Wanted};
use crate::hash::Map;
use crate::sample::{Labels, Millis, Text};

/// What every scrape adds, as Prometheus does; in the terms of its documentation.
const UP: &str = "up";
const SCRAPE_DURATION: &str = "scrape_duration_seconds";
const SCRAPE_SAMPLES: &str = "scrape_samples_scraped";
/// And what only we add: 1 when the node took the connection and gave no whole answer; by how much its clock is ahead,
/// where it tells its clock.
const SCRAPE_SILENT: &str = "scrape_silent";
const SCRAPE_CLOCK: &str = "scrape_clock_ahead_seconds";

/// Whether a sample is what a scrape adds and not what a page says.
pub fn is_added(sample: &Sample) -> bool {
    [UP, SCRAPE_DURATION, SCRAPE_SAMPLES, SCRAPE_SILENT, SCRAPE_CLOCK].contains(&&*sample.name)
}

pub struct PageResult {
    pub scrape: Scrape,
    pub report: PageReport,
    pub error: Option<FetchError>,
}

/// Whose page it is, and what of it is wanted.
pub struct Asked<'a> {
    pub job: &'a str,
    pub instance: &'a str,
    pub source: Text,
    pub uses: &'a Uses,
    /// What may stand before the names, and all wanted names with and without it.
    pub prefix: Option<(&'a str, &'a Wanted)>,
}

/// Reads a page of metrics, or the lack of one.
pub fn read(reply: &Reply, asked: Asked) -> PageResult {
    let common = Labels::of([("job", asked.job), ("instance", asked.instance)]);
    let (mut samples, report, error) = match &reply.answer {
        Err(error) => (Vec::new(), PageReport::default(), Some(error.clone())),
        Ok(answer) => match parse(answer, &common, &asked) {
            (_, report) if report.samples == 0 => (Vec::new(), report, Some(no_metrics(answer))),
            // Of a page that was cut off nobody knows what is missing, and the sum of a part is a wrong sum.
            (_, report) if report.missing_eof || !answer.body.ends_with(b"\n") => (Vec::new(), report, Some(cut_off())),
            (samples, report) => (samples, report, None),
        },
    };
    let up = if error.is_none() { 1.0 } else { 0.0 };
    let scraped = if error.is_none() { report.samples as f64 } else { 0.0 };
    let silent = if error.as_ref().is_some_and(FetchError::is_silence) { 1.0 } else { 0.0 };
    let told = [
        (UP, Some(up)),
        (SCRAPE_DURATION, Some(reply.took.as_secs_f64())),
        (SCRAPE_SAMPLES, Some(scraped)),
        (SCRAPE_SILENT, Some(silent)),
        (SCRAPE_CLOCK, clock_ahead(reply)),
    ];
    for (name, value) in told {
        samples.extend(value.map(|value| Sample { name: name.into(), labels: common.clone(), value }));
    }
    let source = asked.source;
    PageResult { scrape: Scrape { source, common, at: reply.at, samples, periodic: false }, report, error }
}

/// Seconds that the node's clock is ahead of ours for certain: it told whole seconds, at some moment between the question
/// and the answer.
fn clock_ahead(reply: &Reply) -> Option<f64> {
    const WHOLE: Millis = 1000;
    let date = reply.answer.as_ref().ok()?.date?;
    let answered = reply.at + crate::sample::millis(reply.took);
    let ahead = (date - answered).max(0) + (date + WHOLE - reply.at).min(0);
    Some(ahead as f64 / 1000.0)
}

/// A frontend that is starting answers 200 with an empty body; a proxy answers 200 with a page for people.
fn no_metrics(answer: &Answer) -> FetchError {
    if answer.body.iter().all(u8::is_ascii_whitespace) {
        return FetchError::new("an empty page: the node is still starting");
    }
    let kind = if answer.content_type.is_empty() { "no content type" } else { &answer.content_type };
    FetchError::new(format!("not a page of metrics ({kind}); is this the address of the node itself?"))
}

/// An answer without a length ends where the connection does. The formats want a line break or `# EOF` at the end.
fn cut_off() -> FetchError {
    FetchError::curable("the page ends in the middle: it was cut off on its way")
}

fn parse(answer: &Answer, common: &Labels, asked: &Asked) -> (Vec<Sample>, PageReport) {
    let open_metrics = answer.content_type.starts_with("application/openmetrics-text");
    let format = if open_metrics { Format::OpenMetrics } else { Format::Prometheus };
    let common_value = |label: &str| common.get(label).map_or("", |value| value);
    let readers = asked.uses.readers();
    let (prefix, wanted) = asked.prefix.unwrap_or(("", asked.uses.wanted()));
    let page = exposition::parse_filtered(&answer.body, format, wanted, |name, labels| {
        let name = name.strip_prefix(prefix).unwrap_or(name);
        Place::of(name).is_none_or(|place| place.is_said_by(asked.job))
            && readers.read(name, |label| match common_value(label) {
                "" => {
                    let own = labels.iter().find(|(own, value)| renamed(own) == label && !value.is_empty());
                    own.map_or("", |(_, value)| value)
                }
                value => value,
            })
    });
    let mut texts = Texts::default();
    let mut samples = Vec::with_capacity(page.readings.len() + 3);
    for reading in &page.readings {
        let labels = if reading.labels.is_empty() {
            common.clone()
        } else {
            let own = reading.labels.iter().map(|(name, value)| (texts.shared(renamed(name)), texts.shared(value)));
            Labels::new(common.iter().map(|(name, value)| (name.clone(), value.clone())).chain(own))
        };
        samples.push(Sample {
            name: texts.shared(reading.name.strip_prefix(prefix).unwrap_or(reading.name)),
            labels,
            value: reading.value,
        });
    }
    (samples, page.report)
}

/// What we say about the endpoint stands above what a page says about itself.
fn renamed(label: &str) -> &str {
    match label {
        "job" => "exported_job",
        "instance" => "exported_instance",
        label => label,
    }
}

/// The same few names and values stand on a page hundreds of times.
#[derive(Default)]
struct Texts<'p>(Map<&'p str, Text>);

impl<'p> Texts<'p> {
    fn shared(&mut self, text: &'p str) -> Text {
        self.0.entry(text).or_insert_with(|| text.into()).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_is_ahead_or_behind_by_what_is_certain() {
        let asked_at = 1_795_314_538_000;
        for (told_after, took, certain) in [
            (72_000, 0, 72.0),
            (72_000, 300, 71.7),
            (-72_000, 300, -71.0),
            // Within the time the answer took, and the second whose fraction is not told.
            (200, 300, 0.0),
            (-1_000, 300, 0.0),
        ] {
            let answer = Answer {
                body: Vec::new(),
                content_type: String::new(),
                date: Some(asked_at + told_after),
                chunked: false,
            };
            let reply = Reply { at: asked_at, took: Duration::from_millis(took), answer: Ok(answer) };
            assert_eq!(clock_ahead(&reply), Some(certain), "{told_after} ms after {took} ms");
        }
    }
}
