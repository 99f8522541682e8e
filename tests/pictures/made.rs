//! Charts and pages out of nothing, the same each time.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use stellar::report::Status;
use stellar::report::draw::{Chart, Dot, Kind, Line, Mark};
use stellar::report::html::{Cell, Column, Page, Section, Table};
use stellar::settings::metric_entry::Unit;

pub const MINUTE: i64 = 60_000;

/// Names that others choose: markup, quotes, a script, letters of all directions.
pub const HOSTILE: [&str; 6] = [
    "</title></svg></style><script>document.title='pwned'</script>",
    "\"><img src=x onerror=\"document.title='pwned'\">",
    "'; alert(1); //",
    "北京集群",
    "שלום \u{202e}drawkcab",
    "{{7*7}} ${7*7} \u{0}\u{1b}[2J",
];

pub fn moment(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a moment").as_millisecond()
}

pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone")
}

pub fn chart(title: &str, unit: Unit, since: &str, until: &str, step: i64) -> Chart {
    Chart {
        title: title.to_owned(),
        unit,
        help: String::new(),
        since: moment(since),
        until: moment(until),
        step,
        lines: Vec::new(),
        marks: Vec::new(),
    }
}

/// A value each step from the beginning; NaN is one that is not there.
pub fn line(chart: &Chart, name: &str, values: &[f64]) -> Line {
    let dot = |(index, value): (usize, &f64)| Dot {
        at: chart.since + index as i64 * chart.step,
        value: *value,
        over_gap: false,
    };
    Line { name: name.to_owned(), points: values.iter().enumerate().map(dot).collect() }
}

/// Between 0 and 1, without pattern.
pub fn noise(seed: u64, index: usize) -> f64 {
    let mut word = (seed ^ (index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word ^= word >> 31;
    (word.wrapping_mul(0x94d0_49bb_1331_11eb) >> 11) as f64 / (1u64 << 53) as f64
}

/// A day of a busy system: little at night, two humps, and noise.
fn day(seed: u64, most: f64, jitter: f64) -> Vec<f64> {
    let at = |index: usize| {
        let hour = (index as f64 / 60.0 + 10.25) % 24.0;
        let hump = |center: f64, width: f64| (-((hour - center) / width).powi(2)).exp();
        let level = 0.12 + 0.55 * hump(11.0, 2.6) + 0.62 * hump(16.5, 3.4) + 0.2 * hump(21.0, 1.5);
        most * (level * (1.0 - jitter) + jitter * noise(seed, index) * (0.3 + level))
    };
    (0..1_440).map(at).collect()
}

const METRICS: [(&str, Unit, f64, f64, &str); 12] = [
    ("Queries per second", Unit::PerSecond, 1_600.0, 0.2, "Queries finished per second, all frontends together"),
    ("Latency P95", Unit::Seconds, 0.2, 0.5, "95 of 100 queries were faster, on the slowest frontend"),
    ("Latency P99", Unit::Seconds, 1.3, 0.8, "99 of 100 queries were faster, on the slowest frontend"),
    ("Query errors", Unit::Ratio, 0.003, 0.9, "Share of queries that failed"),
    ("CPU", Unit::Ratio, 0.66, 0.2, "Share of the time that the cores of the backends worked"),
    ("Memory", Unit::Ratio, 0.69, 0.05, "Share of the memory limit that backend processes hold"),
    ("JVM heap", Unit::Bytes, 1.3e10, 0.7, "Heap in use on the fullest frontend"),
    ("Disk", Unit::Bytes, 8.8e13, 0.01, "Bytes of data on all disks"),
    ("Compaction score", Unit::Score, 84.0, 0.5, "The highest of any tablet: what waits to be merged"),
    ("Connections", Unit::Count, 420.0, 0.3, "Open connections of clients"),
    ("Loaded", Unit::BytesPerSecond, 6.4e8, 0.4, "Bytes loaded per second"),
    ("Failed transactions", Unit::Count, 4.0, 0.9, "Transactions that failed since the last collection"),
];

/// 24 hours, a value a minute: with a gap, the average over it, a restart and an alert.
pub fn charts(seed: u64) -> Vec<Chart> {
    let made = METRICS.iter().enumerate().map(|(index, (title, unit, most, jitter, help))| {
        let seed = seed * 100 + index as u64;
        let mut chart = chart(title, *unit, "2026-11-21T02:16:30Z", "2026-11-22T02:16:30Z", MINUTE);
        chart.help = (*help).to_owned();
        let mut line = line(&chart, "", &day(seed, *most, *jitter));
        if *unit == Unit::Count {
            line.points.iter_mut().for_each(|dot| dot.value = dot.value.round());
        }
        line.points.drain(700..745);
        line.points[700].over_gap = matches!(unit, Unit::PerSecond | Unit::BytesPerSecond);
        chart.lines.push(line);
        let mark = |minute: i64, kind, text: &str| Mark { at: chart.since + minute * MINUTE, kind, text: text.into() };
        chart.marks = vec![
            mark(744, Kind::Restart, "counters fell: 10.20.0.1 started anew"),
            mark(1_100, Kind::Alert, "disk 86% (warn 85%)"),
        ];
        chart
    });
    made.collect()
}

/// A chart of several lines.
pub fn nodes(names: &[&str]) -> Chart {
    let mut chart = chart("CPU by node", Unit::Ratio, "2026-11-21T02:16:30Z", "2026-11-22T02:16:30Z", MINUTE);
    chart.help = "Share of the time that the cores worked".to_owned();
    for (index, name) in names.iter().enumerate() {
        let values = day(index as u64 + 7, 0.25 + 0.08 * index as f64, 0.25);
        let line = line(&chart, name, &values);
        chart.lines.push(line);
    }
    chart
}

/// So many targets with a dozen charts each.
pub fn page(targets: usize) -> Page {
    let statuses = [Status::Crit, Status::Warn, Status::Unknown, Status::Ok];
    let text = |text: &str| Cell::Text(text.to_owned());
    let columns = ["STATUS", "CLUSTER", "AGE", "FE", "BE", "QPS", "P95", "QPS LAST 24 H"];
    let columns = columns
        .iter()
        .enumerate()
        .map(|(index, title)| Column { title: (*title).to_owned(), numeric: (2..7).contains(&index) });
    let name = |index: usize| format!("shop-{index:02}");
    let status = |index: usize| *statuses.get(index).unwrap_or(&Status::Ok);
    let trend = |index: usize| {
        let values = day(index as u64, 1_600.0, 0.2).chunks(60).map(|hour| Some(hour[0])).collect::<Vec<_>>();
        let values = values.into_iter().enumerate().map(|(hour, value)| value.filter(|_| hour != 12)).collect();
        Cell::Trend { values, words: "from 88 to 1.6k".into() }
    };
    let rows = (0..targets).map(|index| {
        let link = Cell::Link { text: name(index), section: name(index) };
        let figures = ["12s", "3/3", "24/24", "1.2k", "84 ms"].map(text);
        [Cell::Status(status(index)), link].into_iter().chain(figures).chain([trend(index)]).collect()
    });
    let section = |index: usize| Section {
        id: name(index),
        title: name(index),
        status: Some(status(index)),
        reasons: if index < 3 {
            vec!["1 of 12 backends not alive (10.20.0.17:9050); disk 86% (warn 85%)".into()]
        } else {
            vec![]
        },
        tables: vec![],
        charts: charts(index as u64),
    };
    Page {
        title: "StarRocks clusters and BatchSQL applications".into(),
        generated_at: moment("2026-11-22T02:16:30Z"),
        header: vec![
            format!("{targets} clusters: 1 CRIT, 1 WARN, 1 UNKNOWN, {} OK", targets - 3),
            "2026-11-21 10:16 .. 2026-11-22 10:16 +08:00".into(),
        ],
        overview: vec![Table { caption: "Worst first".into(), columns: columns.collect(), rows: rows.collect() }],
        sections: (0..targets).map(section).collect(),
        notes: vec!["– = not measured, · = no sample (never drawn as 0)".into()],
    }
}

/// Every text is one that somebody hostile chose.
pub fn hostile() -> Page {
    let mut chart = nodes(&HOSTILE);
    chart.title = HOSTILE[0].into();
    chart.help = HOSTILE[1].into();
    chart.marks = vec![Mark { at: chart.since + 100 * MINUTE, kind: Kind::Clock, text: HOSTILE[0].into() }];
    let cells = || HOSTILE.iter().map(|name| Cell::Text((*name).into())).collect::<Vec<_>>();
    let mut rows = vec![cells()];
    rows.push(HOSTILE.iter().map(|name| Cell::Link { text: (*name).into(), section: (*name).into() }).collect());
    let columns = HOSTILE.iter().map(|name| Column { title: (*name).into(), numeric: false }).collect();
    let table = Table { caption: HOSTILE[1].into(), columns, rows };
    let section = |name: &&str| Section {
        id: (*name).into(),
        title: (*name).into(),
        status: Some(Status::NoData),
        reasons: HOSTILE.iter().map(|name| (*name).into()).collect(),
        tables: vec![table.clone()],
        charts: vec![chart.clone()],
    };
    Page {
        title: HOSTILE[0].into(),
        generated_at: moment("2026-11-22T02:16:30Z"),
        header: vec![HOSTILE[1].into()],
        overview: vec![table.clone()],
        sections: HOSTILE.iter().map(section).collect(),
        notes: HOSTILE.iter().map(|name| (*name).into()).collect(),
    }
}
