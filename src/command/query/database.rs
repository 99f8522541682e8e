//! `stellar query` over the stored history.

use anyhow::Result;

use super::{Asked, Question, When, answered, show, style, unknown};
use crate::cli::{Global, Query};
use crate::command::{Secrets, World, database, load_settings, zone};
use crate::failure::Exit;
use crate::history::{History, LOOKBACK};
use crate::promql::Selector;
use crate::report::{Style, harmless};
use crate::sample::Millis;
use crate::store::{self, read, samples};

pub(super) fn answer(
    global: &Global,
    question: &Question,
    arguments: &Query,
    now: Millis,
    world: &World,
) -> Result<Exit> {
    let loaded = load_settings(global, world, Secrets::NotNeeded)?;
    let style = style(arguments, zone(&loaded, false), world)?;
    let (when, _) = Asked::of(question, arguments, now, &style)?.resolve(now, "", &style)?;
    let path = database(&loaded);
    let connection = store::open_read_only(path)?;
    store::refuse_old(&connection, path)?;
    let explain = |error: rusqlite::Error| store::explain(path, &error);

    let selectors = question.selectors();
    let names = samples::names(&connection).map_err(explain)?;
    let strangers = unknown::told(&selectors, &names, &loaded);
    let (since, until) = when.ends();
    let history = samples::history(&connection, &selectors, since, until).map_err(explain)?;
    let answer = answered(question, &history, when)?;
    if answer.is_empty() && strangers == 0 {
        let told = unknown::targets(&selectors, &samples::targets(&connection).map_err(explain)?);
        if told == 0 {
            let newest = read::last_run(&connection).map_err(explain)?;
            explain_nothing(&selectors, &history, when, newest, &style);
        }
    }
    show(&answer, "", arguments, &style, world)
}

/// What has no value there, and that nothing was collected.
fn explain_nothing(selectors: &[Selector], history: &History, when: When, newest_run: Option<Millis>, style: &Style) {
    let mut told: Vec<String> = Vec::new();
    for selector in selectors {
        let (first, last) = when.seen_by(selector);
        let why = match history.extent(selector) {
            Some((_, newest)) if newest < first => format!("; the last is of {}", style.moment(newest)),
            Some(_) => continue,
            None => match newest_run.filter(|run| run.saturating_add(LOOKBACK) < first) {
                Some(run) => format!("; the newest collection is of {}", style.moment(run)),
                None => String::new(),
            },
        };
        let place = match first == last {
            true => format!("at {}", style.moment(first)),
            false => format!("in {} .. {}", style.moment(first), style.moment(last)),
        };
        let sentence = format!("`{}` has no value {place}{why}", harmless(&selector.to_string()));
        if !told.contains(&sentence) {
            log::warn!("{sentence}");
            told.push(sentence);
        }
    }
}
