//! The form that was asked for.

use super::Made;
use crate::cli::Report;
use crate::report::{Style, forms};
use crate::sample::Millis;

pub(super) fn form(made: &Made, arguments: &Report, style: &Style, now: Millis) -> String {
    let sheet = &made.sheet;
    if arguments.json {
        return match &made.document {
            Some(document) => format!("{document:#}\n"),
            None => format!("{:#}\n", forms::document(sheet, now, style)),
        };
    }
    if arguments.jsonl {
        return forms::jsonl(sheet, style);
    }
    if arguments.csv {
        return forms::csv(sheet, style);
    }
    if arguments.markdown {
        return forms::markdown(sheet, style);
    }
    made.text.clone().unwrap_or_else(|| forms::text(sheet, style))
}
