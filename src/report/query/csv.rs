//! CSV by RFC 4180: a column a label, then the time and the value, a line a point.

use std::collections::BTreeSet;

use super::super::Style;
use super::number::value;
use super::{Answer, Row};
use crate::promql::Value;
use crate::sample::{Millis, Point, Text};
use crate::settings::words::printable;

/// `on_terminal`: letters that a terminal would act upon are replaced.
pub fn render(answer: &Answer, style: &Style, on_terminal: bool) -> String {
    let rows = answer.rows();
    let named = rows.iter().any(|row| row.name.is_some());
    let labels: BTreeSet<&Text> = rows.iter().flat_map(|row| row.labels.iter().map(|(label, _)| label)).collect();
    let mut csv = Csv { text: String::new(), on_terminal };
    let name = named.then_some("__name__").into_iter();
    csv.line(name.chain(labels.iter().map(|label| column(label))).chain(OWN));
    for Row { name, labels: own, points } in &rows {
        let name = named.then(|| name.map_or("", |name| name)).into_iter();
        let cells: Vec<&str> =
            name.chain(labels.iter().map(|label| own.get(label).map_or("", |value| value))).collect();
        for Point { at, value: number } in points.iter() {
            csv.line(cells.iter().copied().chain([style.iso(*at).as_str(), &value(*number)]));
        }
    }
    let mut bare = |at: Millis, own: &str| csv.line([style.iso(at).as_str(), own].into_iter());
    match answer {
        Answer::At(at, Value::Scalar(number)) => bare(*at, &value(*number)),
        Answer::At(at, Value::String(own)) => bare(*at, own),
        Answer::At(_, Value::Vector(_)) | Answer::Over(..) | Answer::Samples(..) => {}
    }
    csv.text
}

/// The columns that are no labels.
const OWN: [&str; 2] = ["time", "value"];

/// The title of a label's column: never that of another, for no label has a point in its name.
fn column(label: &str) -> &str {
    match label {
        "time" => "label.time",
        "value" => "label.value",
        other => other,
    }
}

struct Csv {
    text: String,
    on_terminal: bool,
}

impl Csv {
    fn line<'c>(&mut self, cells: impl Iterator<Item = &'c str>) {
        for (index, cell) in cells.enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            let cell = if self.on_terminal { cell.chars().map(printable).collect() } else { cell.to_owned() };
            if cell.contains([',', '"', '\r', '\n']) {
                self.text.push_str(&format!("\"{}\"", cell.replace('"', "\"\"")));
            } else {
                self.text.push_str(&cell);
            }
        }
        self.text.push_str("\r\n");
    }
}
