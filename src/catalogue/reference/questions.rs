//! What people ask of a cluster, answered by names of metrics, or by why nothing can answer.

use std::fmt::Write;

use serde::Deserialize;

use crate::catalogue::Catalogue;
use crate::settings::metric_entry::Subject;

const QUESTIONS: &str = include_str!("../../../conf/metrics/questions.toml");

/// Before the name of a metric of the nodes.
const NODE: &str = "node/";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    group: Vec<Group>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    title: String,
    question: Vec<Question>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    item: String,
    #[serde(default)]
    metrics: Vec<String>,
    #[serde(default)]
    remark: String,
}

/// One table a group; nothing of a file that cannot be read, which a test rules out.
pub fn markdown(catalogue: &Catalogue) -> String {
    let groups = toml::from_str::<File>(QUESTIONS).map_or_else(|_| Vec::new(), |file| file.group);
    let mut page = String::new();
    for group in &groups {
        let _ = write!(page, "\n## {}\n\n| asked for | metrics | |\n|---|---|---|\n", group.title);
        for question in &group.question {
            let answers = match question.metrics.as_slice() {
                [] => "no honest answer".to_owned(),
                names => names.iter().map(|name| answer(name, catalogue)).collect::<Vec<_>>().join(", "),
            };
            let _ = writeln!(page, "| {} | {answers} | {} |", question.item, question.remark);
        }
    }
    page
}

fn answer(name: &str, catalogue: &Catalogue) -> String {
    let (subject, bare, of) = subject_of(name);
    let excluded = if catalogue.find(subject, bare).is_none() { " (excluded)" } else { "" };
    format!("`{bare}`{of}{excluded}")
}

/// Whose metric it is, its name, and what to add in words.
fn subject_of(name: &str) -> (Subject, &str, &'static str) {
    match name.strip_prefix(NODE) {
        Some(bare) => (Subject::Node, bare, " of each node"),
        None => (Subject::Cluster, name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    #[test]
    fn every_question_is_answered_by_metrics_that_exist_or_by_a_reason() {
        let catalogue = Catalogue::load(&Settings::default()).unwrap();
        let file: File = toml::from_str(QUESTIONS).unwrap();
        let mut wrong = Vec::new();
        for question in file.group.iter().flat_map(|group| &group.question) {
            if question.metrics.is_empty() && question.remark.is_empty() {
                wrong.push(question.item.clone());
            }
            let unknown = question.metrics.iter().filter(|name| {
                let (subject, bare, _) = subject_of(name);
                catalogue.find(subject, bare).is_none()
            });
            wrong.extend(unknown.cloned());
        }
        assert_eq!(wrong, [""; 0]);
    }
}
