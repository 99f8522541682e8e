//! A fetched page becomes samples: only those that some expression reads, with `job` and `instance` on each.

use std::collections::HashMap;

use super::Toolbox;
use super::http::{Answer, FetchError, Reply};
use crate::catalogue::collection::{Sample, Scrape};
use crate::exposition::{self, Format, PageReport};
use crate::sample::{Labels, Text};

/// What every scrape adds, as Prometheus does; in the terms of its documentation.
const UP: &str = "up";
const SCRAPE_DURATION: &str = "scrape_duration_seconds";
const SCRAPE_SAMPLES: &str = "scrape_samples_scraped";

pub struct PageResult {
    pub scrape: Scrape,
    pub report: PageReport,
    pub error: Option<FetchError>,
}

/// Reads a page of metrics, or the lack of one.
pub fn read(reply: &Reply, (job, instance): (&str, &str), source: Text, tools: Toolbox) -> PageResult {
    let common = Labels::of([("job", job), ("instance", instance)]);
    let (mut samples, report, error) = match &reply.answer {
        Err(error) => (Vec::new(), PageReport::default(), Some(error.clone())),
        Ok(answer) => match parse(answer, &common, tools) {
            (_, report) if report.samples == 0 => (Vec::new(), report, Some(no_metrics(answer))),
            (samples, report) => (samples, report, None),
        },
    };
    let up = if error.is_none() { 1.0 } else { 0.0 };
    let scraped = if error.is_none() { report.samples as f64 } else { 0.0 };
    for (name, value) in [(UP, up), (SCRAPE_DURATION, reply.took.as_secs_f64()), (SCRAPE_SAMPLES, scraped)] {
        samples.push(Sample { name: name.into(), labels: common.clone(), value });
    }
    PageResult { scrape: Scrape { source, common, at: reply.at, samples, periodic: false }, report, error }
}

/// A frontend that is starting answers 200 with an empty body; a proxy answers 200 with a page for people.
fn no_metrics(answer: &Answer) -> FetchError {
    if answer.body.iter().all(u8::is_ascii_whitespace) {
        return FetchError::new("an empty page: the node is still starting");
    }
    let kind = if answer.content_type.is_empty() { "no content type" } else { &answer.content_type };
    FetchError::new(format!("not a page of metrics ({kind}); is this the address of the node itself?"))
}

fn parse(answer: &Answer, common: &Labels, tools: Toolbox) -> (Vec<Sample>, PageReport) {
    let open_metrics = answer.content_type.starts_with("application/openmetrics-text");
    let format = if open_metrics { Format::OpenMetrics } else { Format::Prometheus };
    let page = exposition::parse(&answer.body, format, tools.wanted);
    let mut texts = Texts::default();
    let mut samples = Vec::with_capacity(page.readings.len() + 3);
    for reading in &page.readings {
        let own = reading.labels.iter().map(|(name, value)| {
            // What we say about the endpoint stands above what a page says about itself.
            let name = match *name {
                "job" => "exported_job",
                "instance" => "exported_instance",
                name => name,
            };
            (texts.shared(name), texts.shared(value))
        });
        let own: Vec<(Text, Text)> = own.collect();
        let labels = Labels::new(common.iter().map(|(name, value)| (name.clone(), value.clone())).chain(own));
        if tools.catalogue.reads(reading.name, &labels) {
            samples.push(Sample { name: texts.shared(reading.name), labels, value: reading.value });
        }
    }
    (samples, page.report)
}

/// The same few names and values stand on a page hundreds of times.
#[derive(Default)]
struct Texts(HashMap<String, Text>);

impl Texts {
    fn shared(&mut self, text: &str) -> Text {
        match self.0.get(text) {
            Some(shared) => shared.clone(),
            None => {
                let shared: Text = text.into();
                self.0.insert(text.to_owned(), shared.clone());
                shared
            }
        }
    }
}
