//! Expressions of every kind the dialect has, put together at random from a fixed seed, and stored samples for them.

use std::collections::BTreeMap;

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
    jvm_thread"#;

/// Counters that are old, for only of those does a Prometheus of version 2 stretch an increase as we do.
const COUNTERS: &str = r#"
    starrocks_be_cpu
    starrocks_be_cpu{mode="user"}
    starrocks_be_network_send_bytes{device!="lo"}
    starrocks_be_disk_bytes_written"#;

const OF_COUNTERS: &str = "rate increase irate";
const OF_ANYTHING: &str = "delta idelta changes resets avg_over_time min_over_time max_over_time sum_over_time count_over_time last_over_time";
/// No sample of the demo is exactly as old as one of these, with any of the offsets above.
const RANGES: &str = "26s 55s 1m 110s 3m30s 6m 1h";
const LABELS: &str = "job instance id type name mode path quantile nowhere __name__";
const NUMBERS: &str = "0 1 2 -1 0.5 100 Inf NaN 1e3 time() scalar(up{job=\"cn\"}) scalar(sum(up)) 0x1F";

/// Random numbers that are the same in every run (xorshift).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }

    fn one_of<'a>(&mut self, words: &'a str) -> &'a str {
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
        match selector.split_once(" offset ") {
            Some((selector, back)) => format!("{function}({selector}[{length}] offset {back})"),
            None => format!("{function}({selector}[{length}])"),
        }
    }

    fn aggregation(&mut self, depth: usize) -> String {
        let operator = self.one_of("sum avg min max count group");
        let grouping = match self.roll(3) {
            0 => String::new(),
            1 => format!("by ({})", self.labels()),
            _ => format!("without ({})", self.labels()),
        };
        format!("{operator} {grouping} ({})", self.vector(depth - 1))
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
            absent(V)
            vector(scalar(V))",
        );
        form.replace('V', &self.vector(depth - 1)).replace('N', self.one_of(NUMBERS))
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
        let mut all: BTreeMap<(Text, Labels), Vec<Point>> = BTreeMap::new();
        for one in moments.iter().flat_map(|moment| &moment.series) {
            all.entry((one.name.clone(), one.labels.clone())).or_default().push(one.present);
        }
        Self(all.into_iter().map(|((name, labels), points)| Series { name, labels, points }).collect())
    }
}

impl Source for History {
    fn select(&self, selector: &Selector, at: Millis) -> Vec<Series> {
        let wanted = self.0.iter().filter(|series| series.name == selector.name && selector.accepts(&series.labels));
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
