//! Pages as lists of lines: reading one sample, replacing it, and making a backend's page for any moment from two
//! recorded ones.

use std::collections::HashMap;

/// A page of `/metrics`. Comments and lines that are no sample are kept as they are.
#[derive(Clone, Debug)]
pub struct Page {
    lines: Vec<Line>,
    types: HashMap<String, String>,
}

#[derive(Clone, Debug)]
struct Line {
    /// The whole line, or of a sample all before its value.
    head: String,
    value: Option<String>,
}

impl Page {
    pub fn parse(bytes: &[u8]) -> Self {
        let (mut lines, mut types) = (Vec::new(), HashMap::new());
        for text in String::from_utf8_lossy(bytes).lines() {
            let sample = (!text.starts_with('#')).then(|| text.rsplit_once(' ')).flatten();
            match sample {
                Some((head, value)) => lines.push(Line { head: head.to_owned(), value: Some(value.to_owned()) }),
                None => lines.push(Line { head: text.to_owned(), value: None }),
            }
            let mut words = text.split_ascii_whitespace();
            if let (Some("#"), Some("TYPE"), Some(name), Some(kind)) =
                (words.next(), words.next(), words.next(), words.next())
            {
                types.insert(name.to_owned(), kind.to_owned());
            }
        }
        Self { lines, types }
    }

    pub fn render(&self) -> Vec<u8> {
        let mut text = String::new();
        for line in &self.lines {
            text += &line.head;
            if let Some(value) = &line.value {
                text.push(' ');
                text += value;
            }
            text.push('\n');
        }
        text.into_bytes()
    }

    /// The value of a sample as printed; `series` is name and labels as printed.
    pub fn text(&self, series: &str) -> Option<&str> {
        self.lines.iter().find(|line| line.head == series).and_then(|line| line.value.as_deref())
    }

    pub fn value(&self, series: &str) -> Option<f64> {
        self.text(series)?.parse().ok()
    }

    /// Replaces the value of a sample that is there.
    pub fn set(&mut self, series: &str, value: impl ToString) {
        for line in self.lines.iter_mut().filter(|line| line.head == series && line.value.is_some()) {
            line.value = Some(value.to_string());
        }
    }

    /// Takes out all samples whose series begins so.
    pub fn remove(&mut self, prefix: &str) {
        self.lines.retain(|line| line.value.is_none() || !line.head.starts_with(prefix));
    }

    pub fn replace_in_series(&mut self, from: &str, to: &str) {
        for line in self.lines.iter_mut().filter(|line| line.value.is_some()) {
            line.head = line.head.replace(from, to);
        }
    }

    /// Gives each sample the value that `change` returns for its series and its value as printed.
    pub fn map(&mut self, mut change: impl FnMut(&str, &str) -> Option<String>) {
        for line in &mut self.lines {
            if let Some(value) = &mut line.value
                && let Some(new) = change(&line.head, value)
            {
                *value = new;
            }
        }
    }

    /// Every series and its value as printed.
    pub fn samples(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.iter().filter_map(|line| Some((line.head.as_str(), line.value.as_deref()?)))
    }

    pub(super) fn is_counter(&self, series: &str) -> bool {
        self.types.get(name_of(series)).is_some_and(|kind| kind == "counter")
    }
}

pub(super) fn name_of(series: &str) -> &str {
    series.split_once('{').map_or(series, |(name, _)| name)
}

/// `value` with as many decimals as the sample had when it was recorded.
pub(super) fn like(recorded: &str, value: f64) -> String {
    match recorded.split_once('.') {
        None => format!("{}", value.floor()),
        Some((_, decimals)) => format!("{value:.*}", decimals.len()),
    }
}

/// The two recorded pages of a backend stand this many seconds of normal work apart.
const RECORDED_SECONDS_APART: f64 = 300.0;

/// The host's counters grow by so much a second. The recorded pages were printed within a moment, so these rates are
/// made up: sixteen cores of which three and a half are busy, one disk that is mostly written, a network.
const HOST_RATES: &[(&str, f64)] = &[
    ("starrocks_be_cpu{mode=\"idle\"}", 1210.0),
    ("starrocks_be_cpu{mode=\"user\"}", 280.0),
    ("starrocks_be_cpu{mode=\"system\"}", 80.0),
    ("starrocks_be_cpu{mode=\"iowait\"}", 20.0),
    ("starrocks_be_cpu{mode=\"soft_irq\"}", 8.0),
    ("starrocks_be_cpu{mode=\"steal\"}", 2.0),
    ("starrocks_be_disk_bytes_read{device=\"vda\"}", 1_843_200.0),
    ("starrocks_be_disk_bytes_written{device=\"vda\"}", 7_372_800.0),
    ("starrocks_be_disk_io_time_ms{device=\"vda\"}", 180.0),
    ("starrocks_be_disk_io_time_weigthed{device=\"vda\"}", 640.0),
    ("starrocks_be_disk_read_time_ms{device=\"vda\"}", 90.0),
    ("starrocks_be_disk_reads_completed{device=\"vda\"}", 45.0),
    ("starrocks_be_disk_write_time_ms{device=\"vda\"}", 550.0),
    ("starrocks_be_disk_writes_completed{device=\"vda\"}", 120.0),
    ("starrocks_be_network_receive_bytes{device=\"eth0\"}", 2_400_000.0),
    ("starrocks_be_network_receive_bytes{device=\"lo\"}", 30_000.0),
    ("starrocks_be_network_receive_packets{device=\"eth0\"}", 3_100.0),
    ("starrocks_be_network_receive_packets{device=\"lo\"}", 40.0),
    ("starrocks_be_network_send_bytes{device=\"eth0\"}", 1_100_000.0),
    ("starrocks_be_network_send_bytes{device=\"lo\"}", 30_000.0),
    ("starrocks_be_network_send_packets{device=\"eth0\"}", 2_600.0),
    ("starrocks_be_network_send_packets{device=\"lo\"}", 40.0),
    ("starrocks_be_snmp{name=\"tcp_in_segs\"}", 2_900.0),
    ("starrocks_be_snmp{name=\"tcp_out_segs\"}", 2_700.0),
    ("starrocks_be_snmp{name=\"tcp_retrans_segs\"}", 3.0),
];

/// The recorded page and the recorded rows of SHOW BACKENDS come from two machines; a live backend has one set of
/// disks. These are the rows' figures (93.132 GB, 46.566 GB, 18.626 GB) before StarRocks rounded them.
fn agree_with_rows(page: &mut Page) {
    for (figure, bytes) in [("total", 100_000_000_000_u64), ("avail", 50_000_000_000), ("data_used", 20_000_000_000)] {
        page.set(&format!("starrocks_be_disks_{figure}_capacity{{path=\"/data1/starrocks/storage\"}}"), bytes);
    }
    for figure in ["total_capacity", "avail_capacity", "data_used_capacity", "state"] {
        page.remove(&format!("starrocks_be_disks_{figure}{{path=\"/data2"));
    }
}

/// Makes a backend's page for any moment.
#[derive(Clone, Debug)]
pub struct BackendPages {
    first: Page,
    /// What grew between the two pages, and by how much.
    growth: HashMap<String, f64>,
}

impl BackendPages {
    pub fn new(first: &[u8], second: &[u8]) -> Self {
        let (mut first, mut second) = (Page::parse(first), Page::parse(second));
        agree_with_rows(&mut first);
        agree_with_rows(&mut second);
        let later: HashMap<&str, &str> = second.samples().collect();
        let mut growth = HashMap::new();
        for (series, value) in first.samples() {
            let number = |text: &str| text.parse::<f64>().ok();
            if let (Some(was), Some(is)) = (number(value), later.get(series).copied().and_then(number))
                && is > was
            {
                growth.insert(series.to_owned(), is - was);
            }
        }
        Self { first, growth }
    }

    /// The page `seconds` after the first recorded one of a backend with `scale` times the recorded work (1 = as
    /// recorded). `since_restart` are the seconds since the process began anew, if it did: its own counters then count
    /// from zero, the host's go on.
    pub fn at(&self, seconds: f64, scale: f64, since_restart: Option<f64>) -> Page {
        let mut page = self.first.clone();
        page.map(|series, value| {
            let recorded: f64 = value.parse().ok()?;
            if let Some((_, rate)) = HOST_RATES.iter().find(|(own, _)| *own == series) {
                // All cores tick the same whatever the load: more work takes from the idle ticks.
                let rate = match series {
                    "starrocks_be_cpu{mode=\"idle\"}" => 1600.0 - 390.0 * scale,
                    _ => rate * scale,
                };
                return Some(like(value, recorded + rate * seconds));
            }
            if is_of_the_host(series) {
                return None;
            }
            let process_seconds = since_restart.unwrap_or(seconds);
            if series == "process_uptime" {
                return Some(like(value, if since_restart.is_some() { 0.0 } else { recorded } + process_seconds));
            }
            let grown = self.growth.get(series).map(|by| by * scale * process_seconds / RECORDED_SECONDS_APART);
            match since_restart {
                None => grown.map(|grown| like(value, recorded + grown)),
                Some(_) if grown.is_some() || self.begins_anew(series) => Some(like(value, grown.unwrap_or(0.0))),
                Some(_) => None,
            }
        });
        page
    }

    /// Some counters are printed as gauges; their names give them away.
    fn begins_anew(&self, series: &str) -> bool {
        let name = name_of(series);
        self.first.is_counter(series) || name.ends_with("_executed_tasks_total") || name.ends_with("_time_ns_total")
    }
}

fn is_of_the_host(series: &str) -> bool {
    let prefixes = ["starrocks_be_cpu{", "starrocks_be_disk_", "starrocks_be_network_", "starrocks_be_snmp{"];
    prefixes.iter().any(|prefix| series.starts_with(prefix)) && !series.starts_with("starrocks_be_disk_sync_total")
}
