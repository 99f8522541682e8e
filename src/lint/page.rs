//! A page by families, with everything that rules ask about: lines, announcements, order.

use std::collections::HashMap;
use std::fmt;

use crate::exposition::lines::{self, Content, Line};
use crate::exposition::{BadLine, Format, Label, Reading};
use crate::sample::Millis;

/// What a family is announced as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
    GaugeHistogram,
    Summary,
    /// Said to be `untyped`, `unknown`, `info`, `stateset` or what there is not; or nothing is said.
    Other,
}

impl Kind {
    fn of(word: &str) -> Self {
        match word {
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "histogram" => Self::Histogram,
            "gaugehistogram" => Self::GaugeHistogram,
            "summary" => Self::Summary,
            _ => Self::Other,
        }
    }

    pub fn is_histogram(self) -> bool {
        matches!(self, Self::Histogram | Self::GaugeHistogram)
    }
}

/// One sample line.
#[derive(Debug)]
pub struct Series<'p> {
    pub line: u64,
    /// With the suffix.
    pub name: &'p str,
    /// In the order of the page, empty ones included.
    pub labels: Vec<Label<'p>>,
    pub value: f64,
    pub timestamp: Option<Millis>,
    /// The line that gave the same series before.
    pub repeats: Option<u64>,
}

impl Series<'_> {
    /// Empty when there is none: that is the same.
    pub fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(own, _)| own == &name).map_or("", |(_, value)| value)
    }

    /// The same for every order of the labels; labels named `without` do not count.
    pub fn identity(&self, without: &str) -> LabelSet<'_> {
        let labels = self.labels.iter().map(|(name, value)| (*name, value.as_ref()));
        let mut labels: Vec<_> = labels.filter(|(name, value)| *name != without && !value.is_empty()).collect();
        labels.sort_unstable();
        labels
    }
}

impl fmt::Display for Series<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, braces(&self.identity("")))
    }
}

/// `{a="b",c="d"}`, empty without labels; shortened when there are many or long ones.
pub fn braces(labels: &[(&str, &str)]) -> String {
    const MOST: usize = 100;
    if labels.is_empty() {
        return String::new();
    }
    let inside = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect::<Vec<_>>().join(",");
    match inside.char_indices().nth(MOST) {
        Some((end, _)) => format!("{{{}…}}", inside.get(..end).unwrap_or_default()),
        None => format!("{{{inside}}}"),
    }
}

/// Names and values, sorted, none empty.
pub type LabelSet<'s> = Vec<(&'s str, &'s str)>;
/// What is the same but for one label.
pub type Group<'s, 'p> = (LabelSet<'s>, Vec<&'s Series<'p>>);

/// A family: what is announced under a name and the samples that belong to it.
#[derive(Debug)]
pub struct Family<'p> {
    pub name: &'p str,
    /// The first line about it.
    pub line: u64,
    pub kind: Kind,
    /// As it stands in the first TYPE line, if there is one.
    pub word: Option<&'p str>,
    pub help: Option<&'p str>,
    /// Lines that announce what was announced before, or too late, and with which word.
    pub again: Vec<(u64, &'static str)>,
    /// Where its samples go on after those of another family.
    pub torn: Option<u64>,
    pub series: Vec<Series<'p>>,
}

impl<'p> Family<'p> {
    fn new(name: &'p str, line: u64) -> Self {
        let (word, help, torn) = (None, None, None);
        Self { name, line, kind: Kind::Other, word, help, again: Vec::new(), torn, series: Vec::new() }
    }

    /// What the sample bears after the family's name.
    pub fn suffix<'s>(&self, series: &Series<'s>) -> &'s str {
        series.name.strip_prefix(self.name).unwrap_or_default()
    }

    /// Each set of labels but `without`, with its series, in the order of the page.
    pub fn groups(&self, without: &str) -> Vec<Group<'_, 'p>> {
        let mut groups: Vec<Group<'_, 'p>> = Vec::new();
        let mut places: HashMap<LabelSet<'_>, usize> = HashMap::new();
        for series in &self.series {
            let identity = series.identity(without);
            let place = *places.entry(identity.clone()).or_insert_with(|| {
                groups.push((identity, Vec::new()));
                groups.len() - 1
            });
            if let Some((_, members)) = groups.get_mut(place) {
                members.push(series);
            }
        }
        groups
    }
}

/// A page as it was sent.
#[derive(Debug)]
pub struct Page<'p> {
    pub format: Format,
    pub lines: u64,
    pub samples: usize,
    /// In the order of their first lines.
    pub families: Vec<Family<'p>>,
    pub refused: Vec<BadLine>,
    /// It does not end as the format wants it.
    pub is_cut_off: bool,
}

impl<'p> Page<'p> {
    pub fn read(text: &'p [u8], format: Format) -> Self {
        let mut reading =
            Reader { page: Self::empty(format), places: HashMap::new(), last: None, seen: HashMap::new() };
        let mut ended = false;
        for line in lines::lines(text, format) {
            reading.page.lines = line.number;
            ended |= line.content == Content::End;
            reading.line(line);
        }
        let mut page = reading.page;
        page.is_cut_off = match format {
            Format::Prometheus => !text.is_empty() && !text.ends_with(b"\n"),
            Format::OpenMetrics => !ended,
        };
        page
    }

    fn empty(format: Format) -> Self {
        Self { format, lines: 0, samples: 0, families: Vec::new(), refused: Vec::new(), is_cut_off: false }
    }
}

/// OpenMetrics when there is a line `# EOF`, for pages that come without a content type.
pub fn format_of(text: &[u8]) -> Format {
    let is_end = |line: &[u8]| line.trim_ascii() == b"# EOF";
    match text.rsplit(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty()).is_some_and(is_end) {
        true => Format::OpenMetrics,
        false => Format::Prometheus,
    }
}

/// Name, labels, timestamp.
type Identity = (String, Vec<(String, String)>, Option<Millis>);

struct Reader<'p> {
    page: Page<'p>,
    places: HashMap<&'p str, usize>,
    /// The family of the sample before.
    last: Option<usize>,
    /// The line of each series.
    seen: HashMap<Identity, u64>,
}

impl<'p> Reader<'p> {
    fn line(&mut self, line: Line<'p>) {
        match line.content {
            Content::Sample(reading) => self.sample(line.number, reading),
            Content::Help { name, text } => {
                let family = self.family(name, line.number);
                match family.help {
                    Some(_) => family.again.push((line.number, "HELP")),
                    None => family.help = Some(text),
                }
            }
            Content::Type { name, word } => {
                let family = self.family(name, line.number);
                if family.word.is_some() || !family.series.is_empty() {
                    family.again.push((line.number, "TYPE"));
                }
                if family.word.is_none() {
                    (family.word, family.kind) = (Some(word), Kind::of(word));
                }
            }
            Content::End | Content::Nothing => {}
        }
        self.page.refused.extend(line.refused);
    }

    fn sample(&mut self, line: u64, reading: Reading<'p>) {
        self.page.samples += 1;
        let place = self.place_of_sample(reading.name, line);
        let is_elsewhere = self.last.replace(place) != Some(place);
        let Reading { name, labels, value, timestamp } = reading;
        let mut series = Series { line, name, labels: labels.into_vec(), value, timestamp, repeats: None };
        let own = series.identity("").into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        series.repeats = match self.seen.entry((name.to_owned(), own, timestamp)) {
            std::collections::hash_map::Entry::Occupied(first) => Some(*first.get()),
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(line);
                None
            }
        };
        if let Some(family) = self.page.families.get_mut(place) {
            if is_elsewhere && !family.series.is_empty() && family.torn.is_none() {
                family.torn = Some(line);
            }
            family.series.push(series);
        }
    }

    /// Its own family, or one whose type lets samples bear such a name.
    fn place_of_sample(&mut self, name: &'p str, line: u64) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        self.longer(name).unwrap_or_else(|| self.place(name, line))
    }

    fn longer(&self, name: &str) -> Option<usize> {
        let (base, _) = name.rsplit_once('_')?;
        let place = *self.places.get(base)?;
        let family = self.page.families.get(place)?;
        let suffix = name.strip_prefix(base)?;
        lines::suffixes(family.word?, self.page.format).any(|known| known == suffix).then_some(place)
    }

    fn place(&mut self, name: &'p str, line: u64) -> usize {
        *self.places.entry(name).or_insert_with(|| {
            self.page.families.push(Family::new(name, line));
            self.page.families.len() - 1
        })
    }

    fn family(&mut self, name: &'p str, line: u64) -> &mut Family<'p> {
        let place = self.place(name, line);
        // The place is that of a family, old or new.
        #[allow(clippy::indexing_slicing, reason = "`place` gives positions of the list only")]
        &mut self.page.families[place]
    }
}
