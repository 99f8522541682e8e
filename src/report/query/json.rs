//! The `data` object of the answers of Prometheus's HTTP API, in one line.

use super::number::{seconds, value};
use super::{Answer, Row};
use crate::history::with_name;
use crate::promql::Value;
use crate::sample::Point;
use crate::settings::words::printable;

pub fn render(answer: &Answer) -> String {
    let (kind, result) = match answer {
        Answer::At(at, Value::Scalar(number)) => ("scalar", point(&Point { at: *at, value: *number })),
        Answer::At(at, Value::String(own)) => ("string", format!("[{},{}]", seconds(*at), text(own))),
        Answer::At(_, Value::Vector(_)) => ("vector", list(answer.rows().iter().map(|row| series(row, false)))),
        Answer::Over(..) | Answer::Samples(..) => ("matrix", list(answer.rows().iter().map(|row| series(row, true)))),
    };
    format!("{{\"resultType\":\"{kind}\",\"result\":{result}}}\n")
}

fn series(row: &Row<'_>, all_points: bool) -> String {
    let labels = with_name(row.name, row.labels);
    let labels: Vec<String> = labels.iter().map(|(label, own)| format!("{}:{}", text(label), text(own))).collect();
    let points = match all_points {
        true => format!("\"values\":{}", list(row.points.iter().map(point))),
        false => format!("\"value\":{}", row.points.first().map(point).unwrap_or_default()),
    };
    format!("{{\"metric\":{{{}}},{points}}}", labels.join(","))
}

fn point(point: &Point) -> String {
    format!("[{},\"{}\"]", seconds(point.at), value(point.value))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

/// A JSON text. Letters that a terminal would act upon are escaped, which means the same to every reader.
fn text(own: &str) -> String {
    let mut text = String::with_capacity(own.len() + 2);
    text.push('"');
    for letter in own.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            // All of these are below 0x10000.
            letter if printable(letter) != letter => text.push_str(&format!("\\u{:04x}", u32::from(letter))),
            letter => text.push(letter),
        }
    }
    text.push('"');
    text
}
