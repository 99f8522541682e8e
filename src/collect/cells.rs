//! What a cell of a `SHOW` row means: StarRocks prints every number with its unit, every time without its zone.

use crate::sample::Millis;

/// What the newest heartbeat tells of a server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerClock {
    /// What its texts are ahead of UTC, in milliseconds. `None` when the heartbeat is so far from any quarter of an hour
    /// that it is old rather than elsewhere.
    pub zone_offset: Option<Millis>,
    /// How far the heartbeat is ahead of now, the zone taken out: a little less than 0 where the clocks agree. It lies
    /// within 7.5 minutes: a clock that is a quarter of an hour off cannot be told from another zone.
    pub ahead: Millis,
}

/// The server's clock texts have no offset. The newest heartbeat of a live cluster is seconds old, so its distance
/// from now (milliseconds, as if it were UTC), rounded to a quarter of an hour, is the zone.
pub fn server_clock(distance: Millis) -> ServerClock {
    const QUARTER: Millis = 15 * 60 * 1000;
    const WIDEST: Millis = 14 * 60 * 60 * 1000;
    const FRESH: Millis = 5 * 60 * 1000;
    // A heartbeat is a little in the past: 5 s ago in the zone +08:00 is 7:59:55 ahead.
    let offset = (distance + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
    let ahead = distance - offset;
    let zone_offset = (offset.abs() <= WIDEST && ahead.abs() <= FRESH).then_some(offset);
    ServerClock { zone_offset, ahead }
}

/// What a cell says.
pub enum Cell {
    Number(f64),
    Ratio(f64),
    Text,
}

/// The ways in which StarRocks says nothing.
pub fn is_null(text: &str) -> bool {
    matches!(text, "" | "\\N" | "NULL" | "N/A")
}

/// Reads a cell; nothing for nothing. `zone_offset` as for `show::samples`.
pub fn read(text: &str, zone_offset: Option<Millis>) -> Option<Cell> {
    let text = text.trim();
    // JSON inside a cell holds times of its own: as a label it would be a new series each time.
    if is_null(text) || text.starts_with('{') {
        return None;
    }
    Some(match text {
        "true" => Cell::Number(1.0),
        "false" => Cell::Number(0.0),
        _ => {
            if let Some(per_cent) = text.strip_suffix('%') {
                // String.format of the JVM follows its locale: 12,3 %. Shifting the point in the text is exact.
                let ratio = number(&format!("{}e-2", per_cent.trim_end().replace(',', ".")));
                return Some(ratio.map_or(Cell::Text, Cell::Ratio));
            }
            match number(text).or_else(|| bytes(text)) {
                Some(value) => Cell::Number(value),
                None => match local_time(text) {
                    Some(local) => Cell::Number((local - zone_offset?) as f64 / 1000.0),
                    None => Cell::Text,
                },
            }
        }
    })
}

/// A text of figures with names: `Status: Normal, DiskUsage: 5.10GB/20.00GB` is `disk_usage` and `disk_usage_limit`. What
/// is no number has none; nothing at all unless every part has a name.
pub fn figures(text: &str) -> Vec<(String, f64)> {
    let is_title = |title: &str| title.bytes().all(|letter| letter.is_ascii_alphabetic());
    let parts = text.split(", ").map(|part| part.split_once(": ").filter(|(title, _)| is_title(title)));
    let Some(parts) = parts.collect::<Option<Vec<_>>>() else { return Vec::new() };
    let figure = |text: &str| number(text).or_else(|| bytes(text));
    let mut figures = Vec::new();
    for (title, value) in parts {
        let name = snake_case(title);
        match value.split_once('/') {
            None => figures.extend(figure(value).map(|value| (name, value))),
            Some((value, limit)) => {
                figures.extend(figure(value).map(|value| (name.clone(), value)));
                figures.extend(figure(limit).map(|limit| (format!("{name}_limit"), limit)));
            }
        }
    }
    figures
}

/// A plain decimal number; what Rust reads besides (inf, nan, a leading `+`) is text.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|letter: char| letter.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'));
    if plain { text.parse().ok().filter(|value: &f64| value.is_finite()) } else { None }
}

/// `18.635 GB`, `60.000GB`, `5,10GB`: base 1024, as StarRocks prints them.
fn bytes(text: &str) -> Option<f64> {
    let end = text.find(|letter: char| letter.is_ascii_alphabetic())?;
    let (value, unit) = text.split_at(end);
    let power = match unit {
        "B" => 0,
        "KB" => 1,
        "MB" => 2,
        "GB" => 3,
        "TB" => 4,
        "PB" => 5,
        _ => return None,
    };
    // String.format of the JVM follows its locale here too.
    Some((number(&value.trim_end().replace(',', "."))? * 1024f64.powi(power)).round())
}

/// `2026-11-22 02:28:50` as if it were UTC, in milliseconds.
pub fn local_time(text: &str) -> Option<Millis> {
    if text.len() != 19 || text.as_bytes().get(10) != Some(&b' ') {
        return None;
    }
    let time: jiff::civil::DateTime = text.parse().ok()?;
    Some(time.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_millisecond())
}

/// `CpuUsedPct` → `cpu_used_pct`, `IP` → `ip`, `LastHeartbeat` → `last_heartbeat`.
pub fn snake_case(title: &str) -> String {
    let letters: Vec<char> = title.chars().collect();
    let mut name = String::with_capacity(title.len() + 4);
    for (index, letter) in letters.iter().enumerate() {
        if letter.is_ascii_uppercase() {
            let before = index.checked_sub(1).map(|before| letters[before]);
            let after = letters.get(index + 1);
            let starts_word = before.is_some_and(|before| before.is_ascii_lowercase() || before.is_ascii_digit())
                || (before.is_some_and(|before| before.is_ascii_uppercase())
                    && after.is_some_and(char::is_ascii_lowercase));
            if starts_word && !name.ends_with('_') {
                name.push('_');
            }
            name.push(letter.to_ascii_lowercase());
        } else if letter.is_ascii_alphanumeric() {
            name.push(*letter);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_servers_zone_is_worked_out_from_the_newest_heartbeat() {
        let now = 1_795_314_538_000; // 2026-11-22 02:28:58 UTC
        let clock = |text: &str| local_time(text).map(|local| server_clock(local - now));
        let offset = |text: &str| clock(text).and_then(|clock| clock.zone_offset);
        assert_eq!(offset("2026-11-22 02:28:55"), Some(0));
        assert_eq!(offset("2026-11-22 10:28:55"), Some(8 * 3_600_000));
        assert_eq!(offset("2026-11-21 22:58:55"), Some(-(3 * 3_600_000 + 1_800_000)));
        assert_eq!(offset("2026-11-22 08:13:51"), Some(5 * 3_600_000 + 45 * 60_000));
        assert_eq!(offset("2026-11-22 02:22:55"), None);
        assert_eq!(clock("N/A"), None);
        let ahead = |text: &str| clock(text).map(|clock| clock.ahead);
        assert_eq!(ahead("2026-11-22 10:28:55"), Some(-3_000));
        assert_eq!(ahead("2026-11-22 10:30:58"), Some(120_000));
        assert_eq!(ahead("2026-11-22 02:22:55"), Some(-363_000));
    }

    #[test]
    fn figures_with_names_are_read_and_sentences_are_not() {
        let cache = "Status: Normal, DiskUsage: 5.10GB/20.00GB, MemUsage: 1,5KB/43GB";
        let expected = [
            ("disk_usage", 5_476_083_302.0),
            ("disk_usage_limit", 21_474_836_480.0),
            ("mem_usage", 1_536.0),
            ("mem_usage_limit", 46_170_898_432.0),
        ];
        assert_eq!(figures(cache), expected.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(figures("connect to 10.0.0.1: refused, code: 111"), []);
        assert_eq!(figures("Status: Disabled"), []);
    }

    #[test]
    fn titles_become_snake_case() {
        let cases = [
            ("IP", "ip"),
            ("BePort", "be_port"),
            ("CpuUsedPct", "cpu_used_pct"),
            ("ErrMsg", "err_msg"),
            ("DbId", "db_id"),
            ("max_mem", "max_mem"),
            ("HTTPPort", "http_port"),
        ];
        for (title, name) in cases {
            assert_eq!(snake_case(title), name);
        }
    }
}
