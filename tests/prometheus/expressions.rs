//! Expressions of every kind the dialect has, put together at random from a fixed seed, and stored samples for them.

use std::collections::BTreeMap;

use stellar::catalogue::collection::Sample;
use stellar::promql::{Selector, Source, Window};
use stellar::sample::{Labels, Millis, Point, Series, Text};

use crate::story::Moment;

const SELECTORS: &str = r#"
    up
    up{job="fe"} offset 50s
    {__name__="up"}
    nothing_there
    show_backends_alive
    show_backends_info
    show_frontends_alive offset 1m
    show_frontends_info{role=~"LEADER|FOLLOWER"}
    show_backends_total_capacity
    jvm_heap_size_bytes
    jvm_heap_size_bytes{type=~"u.*|max"}
    starrocks_be_cpu{mode="idle"}
    starrocks_be_cpu{mode!~"guest.*"} offset -9s
    starrocks_be_disks_state
    node_info{type="is_master"}
    starrocks_fe_connection_total
    starrocks_fe_query_latency_ms{quantile!~"0.9.*"}
    starrocks_fe_job{state!="running"}
    jvm_thread
    show_backends_last_start_time
    jvm_thread @ PINNED
    show_backends_alive @ PINNED offset 30s
    starrocks_be_disks_state @ end()
    up @ start() offset 1m
    {__name__=~"show_(back|front)ends_alive"}
    {job="fe", __name__!~"starrocks.*|jvm.*", type=""}"#;

/// Counters that are old, for only of those does a Prometheus of version 2 stretch an increase as we do.
const COUNTERS: &str = r#"
    starrocks_be_cpu
    starrocks_be_cpu{mode="user"}
    starrocks_be_network_send_bytes{device!="lo"}
    starrocks_be_disk_bytes_written"#;

const OF_COUNTERS: &str = "rate increase irate";
const OF_ANYTHING: &str = "delta idelta changes resets avg_over_time min_over_time max_over_time sum_over_time count_over_time last_over_time present_over_time absent_over_time stddev_over_time stdvar_over_time deriv quantile_over_time predict_linear";
/// No sample of the demo is exactly as old as one of these, with any of the offsets above.
const RANGES: &str = "26s 55s 1m 110s 3m30s 6m 1h";
const SHARES: &str = "0 0.5 0.95 1 -1 2 NaN";
const LABELS: &str = "job instance id type name mode path quantile nowhere __name__";
const NUMBERS: &str = "0 1 2 -1 0.5 100 Inf NaN 1e3 time() scalar(up{job=\"cn\"}) scalar(sum(up)) 0x1F";

/// Random numbers that are the same in every run (xorshift).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    pub fn one_of<'a>(&mut self, words: &'a str) -> &'a str {
        let words: Vec<&str> = words.split_ascii_whitespace().collect();
        words[self.roll(words.len())]
    }

    fn line_of<'a>(&mut self, lines: &'a str) -> &'a str {
        let lines: Vec<&str> = lines.lines().skip(1).map(str::trim).collect();
        lines[self.roll(lines.len())]
    }

    fn labels(&mut self) -> String {
        let labels: Vec<&str> = (0..self.roll(4)).map(|_| self.one_of(LABELS)).collect();
        labels.join(", ")
    }

    /// An instant vector, nested at most `depth` deep.
    pub fn vector(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.line_of(SELECTORS).to_owned();
        }
        match self.roll(6) {
            0 => self.range(),
            1 => self.aggregation(depth),
            2 => self.call(depth),
            3 => {
                let matching = self.matching();
                let operator = self.one_of("and or unless");
                format!("({} {operator} {matching} {})", self.vector(depth - 1), self.vector(depth - 1))
            }
            4 => {
                let (number, operator) = (self.one_of(NUMBERS), self.operator());
                match self.roll(2) {
                    0 => format!("({number} {operator} {})", self.vector(depth - 1)),
                    _ => format!("({} {operator} {number})", self.vector(depth - 1)),
                }
            }
            _ => {
                let (operator, mut matching) = (self.operator(), self.matching());
                if !matching.is_empty() && self.roll(2) == 0 {
                    let side = self.one_of("group_left group_right");
                    matching += &format!(" {side}({})", self.one_of("job type version role nowhere"));
                }
                format!("({} {operator} {matching} {})", self.vector(depth - 1), self.vector(depth - 1))
            }
        }
    }

    fn range(&mut self) -> String {
        let length = self.one_of(RANGES);
        let (function, selector) = match self.roll(3) {
            0 => (self.one_of(OF_COUNTERS), self.line_of(COUNTERS)),
            _ => (self.one_of(OF_ANYTHING), self.line_of(SELECTORS)),
        };
        let end = selector.find(" offset ").into_iter().chain(selector.find(" @ ")).min().unwrap_or(selector.len());
        let (selector, modifiers) = selector.split_at(end);
        let range = format!("{selector}[{length}]{modifiers}");
        match function {
            "quantile_over_time" => format!("{function}({}, {range})", self.one_of(SHARES)),
            "predict_linear" => format!("{function}({range}, {})", self.one_of("60 -30 1e4 0x10")),
            _ => format!("{function}({range})"),
        }
    }

    fn aggregation(&mut self, depth: usize) -> String {
        let grouping = match self.roll(3) {
            0 => String::new(),
            1 => format!("by ({})", self.labels()),
            _ => format!("without ({})", self.labels()),
        };
        let vector = self.vector(depth - 1);
        match self.one_of("sum avg min max count group stddev stdvar quantile count_values topk bottomk") {
            "quantile" => format!("quantile {grouping} ({}, {vector})", self.one_of(SHARES)),
            // The text of a value shows its very last bit, so only of values that nothing was done to.
            "count_values" => format!("count_values {grouping} (\"v\", {})", self.line_of(SELECTORS)),
            // Which of equal elements is taken is open, so only their values are looked at.
            operator @ ("topk" | "bottomk") => {
                format!(
                    "{}({operator} {grouping} ({}, {vector}))",
                    self.one_of("sum max"),
                    self.one_of("1 2 3.9 100 0")
                )
            }
            operator => format!("{operator} {grouping} ({vector})"),
        }
    }

    fn call(&mut self, depth: usize) -> String {
        let form = self.line_of(
            "
            abs(V)
            ceil(V)
            floor(V)
            round(V)
            round(V, 0.1)
            clamp(V, 0, 10)
            clamp(V, 5, 1)
            clamp_min(V, 1)
            clamp_max(V, N)
            timestamp(V)
            -V
            +V
            - -V
            timestamp(+V)
            absent(V)
            absent(+V)
            vector(scalar(V))
            sort(V)
            sort_desc(V)
            sgn(V)
            sqrt(V)
            ln(V)
            log2(V)
            log10(V)
            exp(clamp(V, -700, 700))
            deg(V)
            rad(V)
            atan(V)
            asinh(V)
            tanh(V)
            sinh(clamp(V, -700, 700))
            label_replace(V, \"nowhere\", \"$1-${2}$$\", \"instance\", \"(.*):(?P<port>.*)\")
            label_replace(V, \"job\", \"$port\", \"instance\", \".*:(?P<port>[0-9]+)\")
            label_replace(V, \"type\", \"\", \"type\", \"u.*\")
            label_join(V, \"path\", \"/\", \"job\", \"nowhere\", \"type\")
            year(S)
            month(timestamp(V))
            day_of_month(timestamp(S))
            day_of_week(S * 3600)
            day_of_year(S * 86400)
            days_in_month(S * 86400 * 30)
            hour(S * 60)
            minute(S)
            sin(S)
            cos(S)
            acos(S / 100)
            asin(S / 100)
            atanh(S / 100)
            acosh(S)
            cosh(S / 1e3)
            -(S atan2 V)",
        );
        let form = form.replace('N', self.one_of(NUMBERS)).replace('S', self.line_of(SELECTORS));
        form.replace('V', &self.vector(depth - 1))
    }

    fn matching(&mut self) -> String {
        match self.roll(5) {
            0 => String::new(),
            1 => format!("on({})", self.labels()),
            2 => format!("ignoring({})", self.labels()),
            3 => "on(job, instance)".to_owned(),
            _ => "on(instance)".to_owned(),
        }
    }

    /// No remainder: it makes anything of the last bit of its operands.
    fn operator(&mut self) -> String {
        let operator = self.one_of("+ - * / ^ == != > < >= <= >_bool ==_bool <_bool");
        operator.replace('_', " ")
    }
}

/// All samples of a story, seen as Prometheus sees them.
pub struct History(Vec<Series>);

impl History {
    pub fn of(moments: &[Moment]) -> Self {
        let series = moments.iter().flat_map(|moment| &moment.series);
        Self::of_points(series.map(|one| ((one.name.clone(), one.labels.clone()), one.present)))
    }

    /// Samples and the milliseconds of their reading.
    pub fn of_samples(samples: Vec<(Sample, Millis)>) -> Self {
        let point = |(sample, at): (Sample, Millis)| ((sample.name, sample.labels), Point { at, value: sample.value });
        Self::of_points(samples.into_iter().map(point))
    }

    fn of_points(points: impl Iterator<Item = ((Text, Labels), Point)>) -> Self {
        let mut all: BTreeMap<(Text, Labels), Vec<Point>> = BTreeMap::new();
        points.for_each(|(series, point)| all.entry(series).or_default().push(point));
        Self(all.into_iter().map(|((name, labels), points)| Series { name, labels, points }).collect())
    }
}

impl Source for History {
    fn select(&self, selector: &Selector, at: Millis) -> Vec<Series> {
        let wanted =
            self.0.iter().filter(|series| selector.accepts_name(&series.name) && selector.accepts(&series.labels));
        let seen = |series: &Series| {
            let within = |length: Millis| {
                let inside = series.points.iter().filter(|point| point.at > at - length && point.at <= at);
                inside.copied().collect::<Vec<_>>()
            };
            let points = match selector.window {
                Window::Instant => within(300_000).last().copied().into_iter().collect(),
                Window::Range(length) => within(length),
                Window::Interval => panic!("`$__interval` is not asked for here"),
            };
            Series { points, ..series.clone() }
        };
        wanted.map(seen).filter(|series| !series.points.is_empty()).collect()
    }
}
