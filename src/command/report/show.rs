//! The form that was asked for.

use anyhow::Result;

use super::super::{print, print_json};
use super::Made;
use crate::cli::Report;
use crate::report::{Style, forms};
use crate::sample::Millis;

pub(super) fn show(made: &Made, arguments: &Report, style: &Style, now: Millis) -> Result<()> {
    let sheet = &made.sheet;
    if arguments.json {
        return match &made.document {
            Some(document) => print_json(document),
            None => print_json(&forms::document(sheet, now, style)),
        };
    }
    if arguments.jsonl {
        return print(&forms::jsonl(sheet, style));
    }
    if arguments.csv {
        return print(&forms::csv(sheet, style));
    }
    if arguments.markdown {
        return print(&forms::markdown(sheet, style));
    }
    match &made.text {
        Some(text) => print(text),
        None => print(&forms::text(sheet, style)),
    }
}
