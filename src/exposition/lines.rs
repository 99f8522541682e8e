//! Every line of a page as what it is, for those who judge the page itself. Nothing is merged, passed over or left out
//! here: what a collector does best not to see is what they look for.

use std::borrow::Cow;

use super::breaks::Breaks;
use super::family::Kind;
use super::names::name_at;
use super::{BadLine, Format, MAX_LINE, Reading, line, shortened};

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<'p> {
    /// From 1.
    pub number: u64,
    pub content: Content<'p>,
    /// Why Prometheus would refuse the line and with it the page; the content is what a patient reader makes of it.
    pub refused: Option<BadLine>,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content<'p> {
    Sample(Reading<'p>),
    Help {
        name: &'p str,
        text: &'p str,
    },
    Type {
        name: &'p str,
        word: &'p str,
    },
    /// `# EOF` of OpenMetrics.
    End,
    /// Blank, a remark, or what nobody can read.
    Nothing,
}

/// The lines of a page in their order. What follows the last line break is one only if it has letters.
pub fn lines(page: &[u8], format: Format) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    Breaks::new(page).chain([page.len()]).zip(1..).filter_map(move |(end, number)| {
        let text = page.get(start..end).unwrap_or_default();
        start = end + 1;
        (end < page.len() || !text.is_empty()).then(|| read(text, number, format))
    })
}

/// What samples of a family of this type may bear after its name, as `_sum`; none of a type that there is not.
pub fn suffixes(word: &str, format: Format) -> impl Iterator<Item = &'static str> {
    let all = Kind::of(word.as_bytes()).map(|kind| kind.suffixes(format)).unwrap_or_default();
    all.iter().filter_map(|suffix| str::from_utf8(suffix).ok())
}

type Reason = Cow<'static, str>;

fn read(text: &[u8], number: u64, format: Format) -> Line<'_> {
    let (content, reason) = match content(text, format) {
        Ok((content, reason)) => (content, reason),
        Err(reason) => (Content::Nothing, Some(reason)),
    };
    let bad = |reason: Reason| BadLine { line: number, text: shortened(text), reason: reason.into_owned() };
    Line { number, content, refused: reason.map(bad) }
}

/// The content, and why Prometheus would not take it all the same.
fn content(text: &[u8], format: Format) -> Result<(Content<'_>, Option<Reason>), Reason> {
    if text.len() > MAX_LINE {
        return Err("longer than 1 MiB".into());
    }
    let line = str::from_utf8(text).map_err(|_| "not UTF-8")?;
    let (line, turned) = match line.strip_suffix('\r') {
        Some(line) => (line, Some("it ends in CR LF, and only LF ends a line".into())),
        None => (line, None),
    };
    let line = line.trim_start_matches([' ', '\t']);
    if line.is_empty() {
        return Ok((Content::Nothing, turned));
    }
    if let Some(comment) = line.strip_prefix('#') {
        let (content, reason) = announcement(comment, format)?;
        return Ok((content, reason.or(turned)));
    }
    let name = name_at(line.as_bytes()).ok_or("no metric name where the line begins")?.len();
    let (name, rest) = line.split_at(name);
    let mut labels = Vec::new();
    let (read, reason) = match line::read_strictly(rest, format, &mut labels) {
        Ok(read) => (read, turned),
        Err(reason) => match line::read(rest, rest.as_bytes(), format, &mut labels) {
            Ok(read) => (read, Some(reason)),
            Err(_) => return Err(reason),
        },
    };
    let (value, timestamp) = read;
    Ok((Content::Sample(Reading { name, labels: labels.into_iter().collect(), value, timestamp }), reason))
}

/// What follows `#`. As Prometheus has it, a blank has to stand before the word, else it is a remark.
fn announcement(comment: &str, format: Format) -> Result<(Content<'_>, Option<Reason>), Reason> {
    let mut rest = comment;
    let mut word = || {
        let text = rest.trim_start_matches([' ', '\t']);
        let (word, after) = text.split_at(text.find([' ', '\t']).unwrap_or(text.len()));
        rest = after;
        word
    };
    if !comment.starts_with([' ', '\t']) {
        return Ok((Content::Nothing, None));
    }
    let what = word();
    let name = match what {
        "HELP" | "TYPE" => word(),
        "EOF" if format == Format::OpenMetrics => return Ok((Content::End, None)),
        _ => return Ok((Content::Nothing, None)),
    };
    if name_at(name.as_bytes()).is_none_or(|found| found.len() != name.len()) {
        return Err(format!("no metric name after `# {what}`").into());
    }
    if what == "HELP" {
        return Ok((Content::Help { name, text: rest.trim() }, None));
    }
    let kind = rest.trim();
    let known: &[&str] = match format {
        Format::Prometheus => &["counter", "gauge", "histogram", "summary", "untyped"],
        Format::OpenMetrics => {
            &["counter", "gauge", "histogram", "gaugehistogram", "summary", "info", "stateset", "unknown"]
        }
    };
    let reason = (!known.contains(&kind)).then(|| {
        let kind = shortened(kind.as_bytes());
        format!("there is no type `{kind}`; there are {}", known.join(", ")).into()
    });
    Ok((Content::Type { name, word: kind }, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(page: &str, format: Format) -> Vec<String> {
        lines(page.as_bytes(), format)
            .map(|line| {
                let content = match line.content {
                    Content::Sample(one) => {
                        format!("{} {:?} {} {:?}", one.name, one.labels.to_vec(), one.value, one.timestamp)
                    }
                    Content::Help { name, text } => format!("HELP {name} ({text})"),
                    Content::Type { name, word } => format!("TYPE {name} ({word})"),
                    Content::End => "END".to_owned(),
                    Content::Nothing => "-".to_owned(),
                };
                let refused = line.refused.map(|bad| format!("; {}", bad.reason)).unwrap_or_default();
                format!("{} {content}{refused}", line.number)
            })
            .collect()
    }

    #[test]
    fn every_line_is_told_apart() {
        let page = "# HELP a What\\nit is. \n#TYPE a gauge\n# TYPE a gauge\na 1\n\n# a remark\n a{b=\"c\"} 2 5\n# TYPE a foo\n# HELP\n# EOF";
        let expected = [
            "1 HELP a (What\\nit is.)",
            "2 -",
            "3 TYPE a (gauge)",
            "4 a [] 1 None",
            "5 -",
            "6 -",
            "7 a [(\"b\", \"c\")] 2 Some(5)",
            "8 TYPE a (foo); there is no type `foo`; there are counter, gauge, histogram, summary, untyped",
            "9 -; no metric name after `# HELP`",
            "10 -",
        ];
        assert_eq!(shown(page, Format::Prometheus), expected);
        assert_eq!(
            shown("# TYPE a unknown\na 1 1.5 # {x=\"y\"} 1\n# EOF\n", Format::OpenMetrics),
            ["1 TYPE a (unknown)", "2 a [] 1 Some(1500)", "3 END"]
        );
    }

    #[test]
    fn what_prometheus_refuses_is_refused_and_still_read_where_it_can_be() {
        let page = "a{b=\"c\"d\"} 1\na 1\r\na 1 # {x=\"y\"} 1\na{b=\"c\"} one\n1a 1\n";
        let expected = [
            "1 a [(\"b\", \"c\\\"d\")] 1; a label value is not followed by `,` or `}`",
            "2 a [] 1 None; it ends in CR LF, and only LF ends a line",
            "3 a [] 1 None; an exemplar, which only OpenMetrics has",
            "4 -; the value is not a number",
            "5 -; no metric name where the line begins",
        ];
        let found = shown(page, Format::Prometheus);
        assert_eq!(
            found.iter().map(|line| line.replace(" None;", ";")).collect::<Vec<_>>(),
            expected.map(|line| line.replace(" None;", ";"))
        );
    }

    #[test]
    fn the_suffixes_are_those_of_the_format() {
        let all = |word, format| suffixes(word, format).collect::<Vec<_>>();
        assert_eq!(all("histogram", Format::Prometheus), ["_bucket", "_sum", "_count"]);
        assert_eq!(all("counter", Format::Prometheus), [""; 0]);
        assert_eq!(all("counter", Format::OpenMetrics), ["_total", "_created"]);
        assert_eq!(all("foo", Format::Prometheus), [""; 0]);
    }
}
