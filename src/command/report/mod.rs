//! `stellar report`: from what was asked to a sheet, and from that to a form.

mod ask;
mod past;
mod picture;
mod select;
mod show;

use anyhow::Result;
use rusqlite::Connection;
use serde_json::Value;

use super::judge::verdict;
use super::screen::{self, Frame};
use super::{Secrets, World, database, load_catalogue, load_settings, refuse_unknown, zone};
use crate::alert::Verdict;
use crate::catalogue::Catalogue;
use crate::cli::{Global, Report};
use crate::failure::{Exit, Failure};
use crate::report::sheet::{Range, Sheet};
use crate::report::{self, Assessed, Expected, Style};
use crate::sample::Millis;
use crate::settings::Loaded;
use crate::store::alerts::{self, Fired};
use crate::store::{self, read};

/// What a report is made from.
struct Reader<'r> {
    connection: &'r Connection,
    loaded: &'r Loaded,
    catalogue: &'r Catalogue,
    arguments: &'r Report,
    style: &'r Style,
    now: Millis,
}

/// A report before it has a form.
struct Made {
    sheet: Sheet,
    /// The document of a view that has one of its own.
    document: Option<Value>,
    /// The text of a view that has one of its own.
    text: Option<String>,
}

impl From<Sheet> for Made {
    fn from(sheet: Sheet) -> Self {
        Self { sheet, document: None, text: None }
    }
}

pub fn run(global: &Global, arguments: &Report, world: &World) -> Result<Exit> {
    let loaded = load_settings(global, world, Secrets::NotNeeded)?;
    let catalogue = load_catalogue(&loaded)?;
    let zone = match &arguments.tz {
        Some(name) => select::zone_of(name)?,
        None => zone(&loaded, arguments.utc),
    };
    let exit = |is_empty: bool| if is_empty && arguments.fail_empty { Exit::Partly } else { Exit::Done };
    // The database is opened anew for each frame: it may have been replaced meanwhile.
    let with = |frame: &Frame, work: &mut dyn FnMut(&Reader<'_>) -> Result<String>| {
        let connection = store::open_read_only(database(&loaded))?;
        let style = Style { zone: zone.clone(), colour: world.colour, width: frame.width };
        let (loaded, catalogue, now) = (&loaded, &catalogue, frame.now);
        work(&Reader { connection: &connection, loaded, catalogue, arguments, style: &style, now })
    };
    let mut is_empty = false;
    if arguments.html.is_some() || arguments.svg.is_some() {
        let frame = Frame { now: world.clock()?.now(), width: world.width, height: None };
        with(&frame, &mut |reader| {
            is_empty = reader.drawn()?.unwrap_or(false);
            Ok(String::new())
        })?;
        return Ok(exit(is_empty));
    }
    let mut text = |frame: &Frame| {
        with(frame, &mut |reader| {
            let mut made = reader.made()?;
            is_empty = made.sheet.is_empty();
            if is_empty && made.sheet.range.is_some() && !arguments.alerts {
                made.sheet.notes.push("there is nothing in that time".to_owned());
            }
            if arguments.sort.is_some() || arguments.limit.is_some() {
                select::refuse_document(arguments, made.document.is_some())?;
                select::arrange(&mut made.sheet, arguments)?;
                // What was arranged is the sheet, not the text that a view made of it.
                made.text = None;
            }
            Ok(show::form(&made, arguments, reader.style, reader.now))
        })
    };
    let for_programs = arguments.json || arguments.jsonl || arguments.csv || arguments.markdown;
    let whom = if for_programs { screen::Reader::Program } else { screen::Reader::Person };
    screen::shown(&arguments.screen, whom, &zone, world, &mut text)?;
    Ok(exit(is_empty))
}

impl Reader<'_> {
    fn explain(&self, error: rusqlite::Error) -> Failure {
        store::explain(database(self.loaded), &error)
    }

    /// Draws what is to be drawn; whether there was nothing.
    fn drawn(&self) -> Result<Option<bool>> {
        let (page, chart) = (&self.arguments.html, &self.arguments.svg);
        if page.is_some() || chart.is_some() {
            picture::refuse(self.arguments)?;
        }
        match (page, chart) {
            (Some(path), _) => self.page(path).map(Some),
            (None, Some(path)) => self.chart(path).map(Some),
            (None, None) => Ok(None),
        }
    }

    fn made(&self) -> Result<Made> {
        let arguments = self.arguments;
        select::refuse_idle_flags(arguments)?;
        if arguments.gaps || arguments.daily || arguments.alerts || arguments.runs {
            // What an older version left has no days, no alerts, no intervals.
            store::refuse_old(self.connection, database(self.loaded))?;
        }
        if arguments.batchsql {
            return self.batches();
        }
        if arguments.gaps {
            return self.gaps();
        }
        if arguments.alerts {
            return self.alerts();
        }
        if arguments.runs {
            return self.runs();
        }
        if arguments.daily {
            return self.daily();
        }
        let verdict = self.verdict()?;
        let assessed = self.assessed(&verdict)?;
        if arguments.metrics {
            return self.metrics(assessed);
        }
        if arguments.nodes {
            return self.nodes(&assessed, &verdict);
        }
        match arguments.cluster.is_empty() {
            true => self.overview(&assessed, &verdict),
            false => self.over_time(&assessed, &verdict),
        }
    }

    fn verdict(&self) -> Result<Verdict, Failure> {
        let settings = &self.loaded.settings;
        verdict(self.connection, settings, self.catalogue, self.now).map_err(|error| self.explain(error))
    }

    /// The clusters that were asked for, worst first.
    fn assessed(&self, verdict: &Verdict) -> Result<Vec<Assessed>> {
        let stored = read::latest(self.connection, self.catalogue).map_err(|error| self.explain(error))?;
        let settings = &self.loaded.settings;
        let expected: Vec<Expected> = match self.loaded.path {
            // Without a configuration nobody knows what is expected: what is stored is taken at the default interval.
            None => {
                let interval = settings.metrics.interval;
                stored.iter().map(|cluster| Expected { name: cluster.name.clone(), interval }).collect()
            }
            Some(_) => settings.clusters.iter().map(Expected::from).collect(),
        };
        let mut assessed = report::assess(stored, &expected, self.catalogue, verdict, self.now);
        let known: Vec<&str> = assessed.iter().map(|one| one.cluster.name.as_str()).collect();
        refuse_unknown(&self.arguments.cluster, &known, "cluster")?;
        let wanted = &self.arguments.cluster;
        assessed.retain(|one| wanted.is_empty() || wanted.contains(&one.cluster.name));
        Ok(assessed)
    }

    /// What fired in a range, newest first; nothing of a database of an earlier version.
    fn fired(&self, range: Range) -> Result<Vec<Fired>, Failure> {
        if !alerts::are_kept(self.connection).map_err(|error| self.explain(error))? {
            return Ok(Vec::new());
        }
        alerts::fired(self.connection, range.since, range.until.saturating_add(1)).map_err(|error| self.explain(error))
    }

    /// From --since to --until; without --since so long before the end.
    fn range(&self, usual: Millis) -> Result<Range, Failure> {
        select::range(self.arguments, self.style, self.now, usual)
    }
}
