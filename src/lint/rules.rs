//! The rules, each once: `--list-rules`, the manual page and the checks all read this table.

use serde::Serialize;

/// How bad a finding is; worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A Prometheus refuses the page or reads something else than was meant.
    Error,
    /// It works, and whoever asks questions of it will be misled or pay too much.
    Warning,
    /// A custom that is not kept.
    Hint,
}

impl Severity {
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// One rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// As in `--ignore` and in JSON: kebab-case, never changed once released.
    pub name: &'static str,
    pub severity: Severity,
    /// `promtool check metrics` has it, too, and finds the same.
    pub promtool: bool,
    /// What it finds.
    pub finds: &'static str,
    /// What to do about it.
    pub todo: &'static str,
}

impl Rule {
    /// Its place in the list, by which findings are sorted within a severity.
    pub fn place(&self) -> usize {
        RULES.iter().position(|rule| rule.name == self.name).unwrap_or(usize::MAX)
    }
}

const PROMTOOL: bool = true;
const OURS: bool = false;

macro_rules! rules {
    ($($id:ident: $name:literal, $severity:ident, $promtool:ident, $finds:literal, $todo:literal;)*) => {
        $(pub const $id: &Rule = &Rule {
            name: $name,
            severity: Severity::$severity,
            promtool: $promtool,
            finds: $finds,
            todo: $todo,
        };)*
        /// All of them, worst first.
        pub const RULES: &[&Rule] = &[$($id),*];
    };
}

rules! {
    NO_ANSWER: "no-answer", Error, OURS,
        "the page cannot be fetched",
        "a Prometheus would show this target as down; mend what the reason says";
    CONTENT_TYPE: "content-type", Error, OURS,
        "the answer is not said to be a page of metrics",
        "send Content-Type: text/plain; version=0.0.4 - Prometheus 3 refuses what is said to be something else, or nothing";
    NO_SAMPLES: "no-samples", Error, OURS,
        "there is no sample on the page",
        "look whether this is the right address, and whether the program has started";
    CUT_OFF: "cut-off", Error, OURS,
        "the page ends in the middle",
        "end the last line with a line break, and an OpenMetrics page with # EOF: else nobody can tell what is missing";
    BAD_LINE: "bad-line", Error, OURS,
        "a line that Prometheus cannot read; it then refuses the whole page",
        "write NAME{LABEL=\"VALUE\",...} NUMBER; in label values write \\\\ for a backslash, \\\" for a quote, \\n for a line break";
    ANNOUNCED_TWICE: "announced-twice", Error, OURS,
        "HELP or TYPE of a family twice, or TYPE after its samples",
        "write HELP and TYPE once, before all samples of the family; promtool and the Pushgateway refuse the whole page";
    NAME_CLASH: "name-clash", Error, OURS,
        "a family is called what a sample of another one is called",
        "rename one: nobody can tell x_count of a summary x from a metric x_count, and promtool refuses the page";
    DUPLICATE_SERIES: "duplicate-series", Error, OURS,
        "the same name and labels twice",
        "write each series once; of two, one is dropped, and nobody knows which was meant";
    COUNTER_FELL: "counter-fell", Error, OURS,
        "a counter is lower at the second look",
        "make it a gauge if it may fall; rate() takes every fall for a restart and counts the whole value anew";
    COUNTER_VALUE: "counter-value", Error, OURS,
        "a counter below zero, infinite or not a number",
        "count from 0 upwards, or make it a gauge";
    HISTOGRAM_INCOMPLETE: "histogram-incomplete", Error, OURS,
        "a histogram without le, +Inf, _sum or _count",
        "write _bucket with le for every bound up to le=\"+Inf\", and _sum and _count beside them";
    HISTOGRAM_NOT_CUMULATIVE: "histogram-not-cumulative", Error, OURS,
        "a bucket holds less than a smaller one, or +Inf is not _count",
        "count into a bucket everything up to its bound: histogram_quantile() gives nonsense otherwise";
    SUMMARY_QUANTILE: "summary-quantile", Error, OURS,
        "a summary whose quantile is missing or not between 0 and 1",
        "write quantile=\"0.99\" for the 99th percentile on every sample that bears the summary's own name";
    OWN_TIMESTAMP: "own-timestamp", Warning, OURS,
        "samples with a timestamp of their own",
        "leave the time to whoever scrapes: a series with its own time does not end when it goes, and too old ones are refused";
    NO_TYPE: "no-type", Warning, OURS,
        "samples of a family without TYPE",
        "write # TYPE NAME counter, gauge, histogram or summary before them";
    TORN_FAMILY: "torn-family", Warning, OURS,
        "samples of a family stand apart",
        "write all samples of a family together, behind its TYPE; OpenMetrics refuses such a page";
    COUNTER_WITHOUT_TOTAL: "counter-without-total", Warning, PROMTOOL,
        "a counter whose name does not end in _total",
        "add _total; if it may fall, it is a gauge";
    TOTAL_WITHOUT_COUNTER: "total-without-counter", Warning, PROMTOOL,
        "the name ends in _total and the type is not counter",
        "say # TYPE NAME counter if it only grows; else leave out _total";
    RESERVED_SUFFIX: "reserved-suffix", Warning, PROMTOOL,
        "_count, _sum or _bucket at a metric that is no histogram or summary",
        "name what is counted instead, as in _connections, and keep these endings for histograms and summaries";
    MISUSED_LABEL: "misused-label", Warning, PROMTOOL,
        "le outside a histogram, or quantile outside a summary",
        "call the label something else, or announce the family as a histogram or a summary";
    SUMMARY_INCOMPLETE: "summary-incomplete", Warning, OURS,
        "a summary without _sum or _count",
        "write both: without them there is no average and no rate";
    BASE_UNIT: "base-unit", Warning, PROMTOOL,
        "a unit that is not the base unit",
        "use seconds, bytes, meters, grams, joules, volts, amperes, celsius, as the finding says";
    ABBREVIATED_UNIT: "abbreviated-unit", Warning, PROMTOOL,
        "an abbreviated unit in the name, such as ms or mb",
        "write the base unit in full: _seconds and _bytes, and divide or multiply the value";
    PERCENT: "percent", Warning, OURS,
        "a name that says per cent",
        "give a ratio from 0 to 1 and call it _ratio; whoever draws it multiplies by 100";
    ODD_UNIT: "odd-unit", Warning, OURS,
        "a unit in a form that no other metric has, such as millis or kib",
        "write the base unit in full and in the plural: _seconds, _bytes";
    COLON_IN_NAME: "colon-in-name", Warning, PROMTOOL,
        "a colon in the name",
        "use underscores: colons are for recording rules";
    EXPORTED_LABEL: "exported-label", Warning, OURS,
        "a label job or instance, which become exported_job and exported_instance",
        "call it something else, as Prometheus puts its own job and instance in their place";
    RESERVED_LABEL: "reserved-label", Warning, OURS,
        "a label that begins with __",
        "call it something else: these names are Prometheus's own, and relabeling works with them";
    ID_IN_LABEL: "id-in-label", Warning, OURS,
        "label values that look like ids, times or addresses that change",
        "leave the label out, or put what it groups into it: each value is a series for ever";
    MANY_SERIES: "many-series", Warning, OURS,
        "a family of more than 1,000 series",
        "leave out the label with the most values, or take fewer buckets";
    GROWING_FAMILY: "growing-family", Warning, OURS,
        "a family has more series at every look",
        "give the label that grows a fixed set of values; each new one is a series for ever";
    SLOW_PAGE: "slow-page", Warning, OURS,
        "the answer took more than 5 s",
        "make the page cheaper: Prometheus gives up after 10 s unless it is told otherwise";
    NO_HELP: "no-help", Hint, PROMTOOL,
        "no HELP, or an empty one",
        "write # HELP NAME and a sentence that says what is measured";
    TYPE_IN_NAME: "type-in-name", Hint, PROMTOOL,
        "the type is a part of the name",
        "leave it out of the name, TYPE says it";
    CAMEL_CASE: "camel-case", Hint, PROMTOOL,
        "a name or label in camelCase",
        "use snake_case";
    UNIT_NOT_LAST: "unit-not-last", Hint, OURS,
        "a unit in the middle of the name",
        "put the unit last, before _total: x_y_bytes, not x_bytes_y";
    NO_PREFIX: "no-prefix", Hint, OURS,
        "a name without the prefix that the others have",
        "begin the name with that of the program, so that nobody takes it for something else's";
    NOT_COMPRESSED: "not-compressed", Hint, OURS,
        "more than 100 KiB that were not compressed although gzip was offered",
        "let the server compress: metrics shrink to a tenth";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_listed_worst_first_in_kebab_case_and_once() {
        let mut names: Vec<&str> = RULES.iter().map(|rule| rule.name).collect();
        assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')));
        assert!(RULES.is_sorted_by_key(|rule| rule.severity));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len());
    }
}
