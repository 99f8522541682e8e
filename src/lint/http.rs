//! What the answer says before the page is read.

use std::time::Duration;

use super::rules::{CONTENT_TYPE, NO_ANSWER, NOT_COMPRESSED, SLOW_PAGE};
use super::{Findings, Look};
use crate::words;

pub const OPEN_METRICS: &str = "application/openmetrics-text";
const PROMETHEUS: &str = "text/plain";
/// Half of what Prometheus waits for.
const SLOW: Duration = Duration::from_secs(5);
/// Below it compressing is hardly worth the work.
const LARGE: usize = 100 << 10;

/// `text/plain` of `text/plain; version=0.0.4`.
pub fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

/// `is_again` when it is not the first look.
pub fn check(look: &Look, is_again: bool, findings: &mut Findings) {
    let Some(answer) = &look.answer else { return };
    let shape = match &answer.outcome {
        Ok(shape) => shape,
        Err(reason) => {
            let when = if is_again { "at another look: " } else { "" };
            return findings.about_page(NO_ANSWER, format!("{when}{reason}"));
        }
    };
    let once = |findings: &mut Findings, rule, what: String| {
        if !findings.0.iter().any(|finding| finding.rule == rule) {
            findings.about_page(rule, what);
        }
    };
    match media_type(&shape.content_type) {
        OPEN_METRICS | PROMETHEUS => {}
        "" => once(findings, CONTENT_TYPE, "there is no Content-Type".to_owned()),
        other => once(findings, CONTENT_TYPE, format!("it is `{other}`")),
    }
    if answer.took > SLOW {
        once(findings, SLOW_PAGE, format!("it took {}", words::took(answer.took)));
    }
    if shape.compressed == Some(false) && look.text.len() > LARGE {
        once(findings, NOT_COMPRESSED, format!("{} a scrape", words::bytes(look.text.len() as f64)));
    }
}
