//! What the overviews of clusters and of applications share: a line on top, status words in colour, reasons underneath.

use super::table;
use super::{Status, Style};
use crate::sample::{Millis, lapse};
use crate::words;

/// "1 crit, 2 ok": how many there are of each status, worst first.
pub fn counted(statuses: impl Iterator<Item = Status> + Clone) -> String {
    let counted = Status::ALL.into_iter().filter_map(|status| {
        let number = statuses.clone().filter(|one| *one == status).count();
        (number > 0).then(|| format!("{number} {}", status.word()))
    });
    counted.collect::<Vec<_>>().join(", ")
}

/// The moment of a report and the age of the last run.
pub fn when(now: Millis, last_run: Option<Millis>, style: &Style) -> String {
    let last_run =
        last_run.map_or_else(|| "no run yet".to_owned(), |at| format!("last run {} ago", words::age(lapse(now - at))));
    format!("{}   {last_run}", style.moment(now))
}

/// What is wrong with whom, one line each: name, status, sentence.
pub fn reasons<'r>(told: impl Iterator<Item = (&'r str, Status, &'r str)>, style: &Style) -> String {
    let told: Vec<_> = told.map(|(name, status, reason)| (table::harmless(name), status, reason)).collect();
    let words = told.iter().map(|(_, status, _)| status.word().len()).max().unwrap_or(0);
    let names = told.iter().map(|(name, ..)| table::width(name)).max().unwrap_or(0);
    let mut text = String::new();
    for (name, status, reason) in &told {
        let gap = " ".repeat(names.saturating_sub(table::width(name)));
        let word = status.word();
        let line = table::hanging(
            &format!("  {word:<words$}  {name}{gap}  "),
            &table::cut(&table::harmless(reason), table::WIDEST),
            style.width,
        );
        text.push_str(&line.replacen(word, &paint(word, *status, style), 1));
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// A table whose rows have these statuses. Colour after layout, so that escape codes cannot disturb the columns.
pub fn coloured(text: &str, mut statuses: impl Iterator<Item = Status>, style: &Style) -> String {
    let mut out = String::new();
    for (index, line) in text.lines().enumerate() {
        let status = if index == 0 { None } else { statuses.next() };
        match status {
            Some(status) => out.push_str(&line.replacen(status.word(), &paint(status.word(), status, style), 1)),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    out
}

/// Words first, colour second: without colours nothing is lost.
pub fn paint(text: &str, status: Status, style: &Style) -> String {
    if !style.colour {
        return text.to_owned();
    }
    let code = match status {
        Status::Ok => "32",
        Status::Warn => "33",
        Status::Crit => "1;31",
        Status::Unknown | Status::NoData => "35",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}
