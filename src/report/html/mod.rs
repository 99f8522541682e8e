//! A report as one page that needs nothing else: a web server, a mail or a folder can hold it. What a browser may load
//! is forbidden by the page itself, so that no name in it, however chosen, can fetch or send anything.

mod policy;
mod table;
mod values;

use std::fmt::Write;

use jiff::tz::TimeZone;

use super::Status;
use super::draw::escape::escaped;
use super::draw::svg::{self, Options, Place};
use super::draw::{Chart, pieces, times};
use crate::sample::Millis;

/// A whole page. Texts are as people read them; the page makes them harmless.
#[derive(Clone, Debug)]
pub struct Page {
    pub title: String,
    pub generated_at: Millis,
    /// Below the title: what is worst, which range, which zone.
    pub header: Vec<String>,
    pub overview: Vec<Table>,
    pub sections: Vec<Section>,
    /// At the end: what the signs mean, what is left out.
    pub notes: Vec<String>,
}

/// One target.
#[derive(Clone, Debug)]
pub struct Section {
    /// Any text; links name it.
    pub id: String,
    pub title: String,
    pub status: Option<Status>,
    pub reasons: Vec<String>,
    pub tables: Vec<Table>,
    pub charts: Vec<Chart>,
}

#[derive(Clone, Debug)]
pub struct Table {
    pub caption: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Clone, Debug)]
pub struct Column {
    pub title: String,
    /// To the right, as figures are.
    pub numeric: bool,
}

#[derive(Clone, Debug)]
pub enum Cell {
    Text(String),
    Status(Status),
    /// To the section with this id.
    Link {
        text: String,
        section: String,
    },
    /// A small line without axes, and what it says in words.
    Trend {
        values: Vec<Option<f64>>,
        words: String,
    },
}

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// As large as a chart is drawn in a page: three beside each other on a wide screen, one on a telephone.
const CHART: Options = Options { width: 380, height: 168, place: Place::Page };

pub fn page(page: &Page, zone: &TimeZone) -> String {
    let style = format!("{}{STYLE}", svg::STYLE);
    let mut out = String::with_capacity(64 * 1024);
    let title = escaped(&page.title);
    let policy = policy::policy(&style, SCRIPT);
    let offsets = offsets(page, zone);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"en\" class=\"stellar\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"generator\" content=\"stellar {}\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>{style}</style>\n</head>\n<body data-zone=\"{offsets}\">\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n",
        env!("CARGO_PKG_VERSION")
    );
    head(&mut out, page, &title, zone);
    out.push_str("<main id=\"main\" tabindex=\"-1\">\n");
    if !page.overview.is_empty() {
        out.push_str("<section aria-labelledby=\"overview\"><h2 id=\"overview\">Overview</h2>\n");
        page.overview.iter().for_each(|overview| table::table(&mut out, overview));
        out.push_str("</section>\n");
    }
    for part in &page.sections {
        section(&mut out, part, zone);
    }
    out.push_str("</main>\n");
    if !page.notes.is_empty() {
        out.push_str("<footer>\n");
        for note in &page.notes {
            let _ = writeln!(out, "<p><bdi>{}</bdi></p>", escaped(note));
        }
        out.push_str("</footer>\n");
    }
    let _ = write!(out, "<script>{SCRIPT}</script>\n</body>\n</html>\n");
    out
}

fn head(out: &mut String, page: &Page, title: &str, zone: &TimeZone) {
    let _ = writeln!(out, "<header><div><h1><bdi>{title}</bdi></h1>");
    for line in &page.header {
        let _ = writeln!(out, "<p><bdi>{}</bdi></p>", escaped(line));
    }
    let moment = times::told(page.generated_at, zone, "%Y-%m-%d %H:%M:%S %:z");
    let _ = write!(
        out,
        "<p class=\"faint\">made <time data-at=\"{}\">{moment}</time></p></div>\n\
         <fieldset id=\"refresh\" hidden><legend>Load again</legend>",
        page.generated_at
    );
    for (seconds, name) in [(0, "off"), (15, "15 s"), (30, "30 s"), (60, "1 m")] {
        let _ = write!(
            out,
            "<label><input type=\"radio\" name=\"refresh\" value=\"{seconds}\"><span>{name}</span></label>"
        );
    }
    out.push_str("</fieldset></header>\n");
}

fn section(out: &mut String, part: &Section, zone: &TimeZone) {
    let anchor = anchor(&part.id);
    let status = part.status.map(|status| table::badge(status) + " ").unwrap_or_default();
    let title = escaped(&part.title);
    let _ = writeln!(
        out,
        "<section id=\"{anchor}\" aria-labelledby=\"{anchor}-h\"><h2 id=\"{anchor}-h\">{status}<bdi>{title}</bdi></h2>"
    );
    if !part.reasons.is_empty() {
        out.push_str("<ul>");
        for reason in &part.reasons {
            let _ = write!(out, "<li><bdi>{}</bdi>", escaped(reason));
        }
        out.push_str("</ul>\n");
    }
    for one in &part.tables {
        table::table(out, one);
    }
    if !part.charts.is_empty() {
        out.push_str("<div class=\"charts\">\n");
        for chart in &part.charts {
            figure(out, chart, zone);
        }
        out.push_str("</div>\n");
    }
    out.push_str("</section>\n");
}

fn figure(out: &mut String, chart: &Chart, zone: &TimeZone) {
    let _ = write!(out, "<figure><figcaption><h3><bdi>{}</bdi></h3>", escaped(&chart.title));
    let mut coverage = String::new();
    if let [line] = chart.lines.as_slice() {
        let figures = svg::Figures::of(chart, &pieces::drawable(line, chart));
        let _ = write!(out, "<p class=\"figures\"><b>{}</b>", escaped(&figures.last));
        for figure in &figures.rest {
            let _ = write!(out, " <span>{}</span>", escaped(figure));
        }
        out.push_str("</p>");
        coverage = figures.coverage;
    }
    if !chart.help.is_empty() {
        let _ = write!(out, "<p class=\"help\"><bdi>{}</bdi></p>", escaped(&chart.help));
    }
    let _ = write!(out, "</figcaption>{}", svg::svg(chart, zone, CHART));
    if !coverage.is_empty() {
        let _ = write!(out, "<p class=\"coverage\">{coverage}</p>");
    }
    values::values(out, chart, zone);
    out.push_str("</figure>\n");
}

/// A text as an id and the end of a link: two texts never become one, and none becomes the id of something else.
fn anchor(id: &str) -> String {
    let mut anchor = "t-".to_owned();
    for letter in id.chars() {
        if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.') {
            anchor.push(letter);
        } else {
            let _ = write!(anchor, "_{:x}_", u32::from(letter));
        }
    }
    anchor
}

/// For the script, which knows no zones: `[[from, seconds], …]` over all that the page shows.
fn offsets(page: &Page, zone: &TimeZone) -> String {
    let charts = || page.sections.iter().flat_map(|section| &section.charts);
    let since = charts().map(|chart| chart.since).min().unwrap_or(page.generated_at);
    let until = charts().map(|chart| chart.until).max().unwrap_or(page.generated_at);
    let offsets = times::offsets(since, until, zone);
    let pairs: Vec<String> = offsets.iter().map(|(at, seconds)| format!("[{at},{seconds}]")).collect();
    format!("[{}]", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_and_two_are_never_one() {
        assert_eq!(anchor("shop-bj"), "t-shop-bj");
        assert_eq!(anchor("a b_京\""), "t-a_20_b_5f__4eac__22_");
        assert_ne!(anchor("a_20_"), anchor("a "));
    }

    #[test]
    fn a_page_without_anything_is_a_page() {
        let empty = Page {
            title: "</title><script>alert(1)</script>".into(),
            generated_at: i64::MAX,
            header: vec![],
            overview: Vec::new(),
            sections: vec![],
            notes: vec![],
        };
        let text = page(&empty, &TimeZone::UTC);
        assert!(text.starts_with("<!doctype html>") && text.ends_with("</html>\n"));
        assert_eq!(text.matches("<script").count(), 1);
        assert!(text.contains("default-src 'none'"), "{text}");
    }
}
