//! Which part of a report was asked for: a range, a zone, an order, so many lines.

use std::cmp::Ordering;

use jiff::tz::TimeZone;

use super::super::range as parsed;
use crate::cli::Report;
use crate::failure::{Exit, Failure};
use crate::report::Style;
use crate::report::sheet::{Cell, Range, Row, Sheet};
use crate::sample::{Millis, millis};
use crate::settings::durations::AGE;
use crate::settings::moments::Calendar;
use crate::settings::words::closest;
use crate::words;

pub fn zone_of(name: &str) -> Result<TimeZone, Failure> {
    TimeZone::get(name).map_err(|_| {
        Failure::new(Exit::Usage, format!("--tz: there is no time zone `{name}`"))
            .with_hint("its name is that of a region and a city: Asia/Shanghai, Europe/Berlin, or UTC")
    })
}

pub fn range(arguments: &Report, style: &Style, now: Millis, usual: Millis) -> Result<Range, Failure> {
    let calendar = Calendar { now, zone: style.zone.clone() };
    let (since, until) = parsed(arguments.since.as_deref(), arguments.until.as_deref(), &calendar)?;
    let until = until.unwrap_or(now);
    let since = since.unwrap_or(until - usual);
    if since >= until {
        return Err(Failure::new(Exit::Usage, "--since is not before --until").with_hint("swap them"));
    }
    Ok(Range { since, until })
}

/// The most lines that --step may ask for.
const MOST_STEPS: Millis = 100_000;

/// The step that was asked for, if any.
pub fn step(arguments: &Report, range: Range) -> Result<Option<Millis>, Failure> {
    let Some(text) = &arguments.step else { return Ok(None) };
    let step = AGE
        .parse(text)
        .map_err(|refused| Failure::new(Exit::Usage, format!("--step {}", refused.message)).with_hint(refused.hint))?;
    let step = millis(step);
    if step <= 0 || (range.until - range.since) / step.max(1) > MOST_STEPS {
        let most = words::grouped(MOST_STEPS.unsigned_abs());
        return Err(Failure::new(Exit::Usage, format!("--step {text} would be more than {most} lines"))
            .with_hint("give a longer step, or a shorter time by --since and --until"));
    }
    Ok(Some(step))
}

/// The flag of the view that was asked for, if any.
fn view(arguments: &Report) -> Option<&'static str> {
    let views = [
        (arguments.nodes, "--nodes"),
        (arguments.batchsql, "--batchsql"),
        (arguments.daily, "--daily"),
        (arguments.gaps, "--gaps"),
        (arguments.alerts, "--alerts"),
        (arguments.runs, "--runs"),
        (arguments.metrics, "--metrics"),
    ];
    views.into_iter().find(|(given, _)| *given).map(|(_, flag)| flag)
}

/// A page has all of them.
pub fn refuse_view(arguments: &Report) -> Result<(), Failure> {
    match view(arguments) {
        Some(flag) => Err(Failure::new(Exit::Usage, format!("{flag} does not go with --html or --svg"))
            .with_hint("the page has an overview and a section a target; leave the view out")),
        None => Ok(()),
    }
}

/// Flags that say nothing to the view that was asked for.
pub fn refuse_idle_flags(arguments: &Report) -> Result<(), Failure> {
    let refuse = |what: &str, hint: &str| Err(Failure::new(Exit::Usage, what).with_hint(hint));
    let of_applications = arguments.batchsql || arguments.metrics || arguments.gaps || arguments.alerts;
    if !arguments.application.is_empty() && !of_applications {
        return refuse("--application goes with --batchsql, --metrics, --gaps or --alerts", "add one of them");
    }
    let over_time = view(arguments).is_none() && !arguments.cluster.is_empty();
    let has_range = over_time || arguments.gaps || arguments.alerts || arguments.runs || arguments.daily;
    if (arguments.since.is_some() || arguments.until.is_some()) && !has_range {
        return refuse(
            "--since and --until go with --cluster, --daily, --gaps, --alerts, --runs, --html or --svg",
            "the other views show what is newest",
        );
    }
    if arguments.step.is_some() && !over_time && !arguments.runs {
        return refuse("--step goes with --cluster or --runs", "other views have no steps");
    }
    let has_metrics = over_time || arguments.daily;
    let names_some = !arguments.metric.is_empty() || !arguments.category.is_empty();
    if names_some && !has_metrics {
        return refuse(
            "--metric and --category go with --cluster, --daily, --html or --svg",
            "stellar query shows any metric",
        );
    }
    Ok(())
}

/// A document that is no table has no order.
pub fn refuse_document(arguments: &Report, has_document: bool) -> Result<(), Failure> {
    match arguments.json && has_document {
        true => {
            Err(Failure::new(Exit::Usage, "--sort and --limit go with tables, and the JSON of this report is none")
                .with_hint("give --jsonl or --csv, or leave them out"))
        }
        false => Ok(()),
    }
}

/// Puts the first table into the order that was asked for and cuts it.
pub fn arrange(sheet: &mut Sheet, arguments: &Report) -> Result<(), Failure> {
    let Some(table) = sheet.tables.first_mut() else { return Ok(()) };
    if let Some(wanted) = &arguments.sort {
        let (name, descending) = wanted.strip_prefix('-').map_or((wanted.as_str(), false), |name| (name, true));
        let is_meant = |title: &str, key: &str| title.eq_ignore_ascii_case(name) || key == name;
        let place = table.columns.iter().position(|column| is_meant(&column.title, &column.key)).ok_or_else(|| {
            let keys: Vec<&str> = table.columns.iter().map(|column| column.key.as_str()).collect();
            let hint = match closest(name, keys.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", keys.join(", ")),
            };
            Failure::new(Exit::Usage, format!("--sort: no column `{name}` in this report")).with_hint(hint)
        })?;
        table.rows.sort_by(|left, right| compared(left, right, place, descending));
        // Groups would come again and again.
        table.rows.iter_mut().for_each(|row| row.group = None);
    }
    let Some(limit) = arguments.limit else { return Ok(()) };
    let more = table.rows.len().saturating_sub(limit);
    table.rows.truncate(limit);
    if more > 0 {
        sheet.notes.insert(0, format!("{} more left out (--limit {limit})", words::count(more, "line")));
    }
    Ok(())
}

/// What was not measured comes last, whatever the direction.
fn compared(left: &Row, right: &Row, place: usize, descending: bool) -> Ordering {
    let turned = |order: Ordering| if descending { order.reverse() } else { order };
    match (key(left, place), key(right, place)) {
        (Some(left), Some(right)) => turned(match (left, right) {
            (Key::Number(left), Key::Number(right)) => left.total_cmp(&right),
            (Key::Text(left), Key::Text(right)) => left.cmp(right),
            (Key::Number(_), Key::Text(_)) => Ordering::Less,
            (Key::Text(_), Key::Number(_)) => Ordering::Greater,
        }),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

enum Key<'r> {
    Number(f64),
    Text(&'r str),
}

fn key(row: &Row, place: usize) -> Option<Key<'_>> {
    Some(match row.cells.get(place)? {
        Cell::Empty | Cell::Trend(_) => return None,
        Cell::Told(text, None) | Cell::Text(text) => Key::Text(text),
        Cell::Told(_, Some(value)) => Key::Number(*value),
        Cell::Flag(flag) => Key::Number(f64::from(u8::from(*flag))),
        Cell::Status(status) => Key::Number(f64::from(*status as u8)),
        Cell::Value(measured) | Cell::Figure(measured, _) | Cell::Of(measured, _) => Key::Number(measured.value?),
        Cell::Moment(at) => Key::Number((*at)? as f64),
        Cell::Lapse(lapse) => Key::Number((*lapse)?.as_secs_f64()),
    })
}
