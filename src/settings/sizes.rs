//! The grammar of sizes, in the configuration and in flags: `10GB`, `500MiB`.
//!
//! Letters as they stand on disks and in `ls`: `GB` counts by 1000, `GiB` by 1024. A number without a unit is refused, for it
//! might be bytes or megabytes.

use super::document::{Node, Value};
use super::durations::Refused;
use super::forms::{Form, Refusal};
use super::words::{quoted, toml_text};

/// How much a file may take, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// The smallest that is accepted, as its hint shows it.
    least: (u64, &'static str),
}

/// Of the database: an empty one with all its columns has less.
pub const DATABASE_SIZE: Size = Size { least: (1_000_000, "1MB") };

const WHAT: &str = "a size";
const EXAMPLE: &str = "\"10GB\" or \"500MiB\"";

/// The largest first: `show` takes the first that divides.
const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("TB", 1_000_000_000_000),
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("B", 1),
];

impl Size {
    /// Reads `10GB`, `500 MiB`, `1.5 gb`; a unit's case does not matter, for nobody means bits.
    pub fn parse(&self, text: &str) -> Result<u64, Refused> {
        let text = text.trim();
        let refused = |why: &str, hint: String| Refused { message: format!("is {}; {why}", quoted(text)), hint };
        let example = || format!("write {EXAMPLE}");
        if text.is_empty() {
            return Err(Refused { message: "is empty".into(), hint: example() });
        }
        let end = text.find(|letter: char| !(letter.is_ascii_digit() || letter == '.')).unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let Ok(number) = number.parse::<f64>() else {
            return Err(refused("that is not a size", example()));
        };
        let unit = unit.trim();
        if unit.is_empty() {
            return Err(refused("it has no unit", example()));
        }
        let Some((_, bytes)) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit)) else {
            let unit: String = unit.chars().take(12).collect();
            return Err(refused(
                &format!("the unit `{unit}` is unknown"),
                "units are MB, GB, TB, MiB, GiB, TiB".into(),
            ));
        };
        let size = number * *bytes as f64;
        // SQLite's own limit is 281 TB.
        if size > 281e12 {
            return Err(refused("that is too large", "at most \"281TB\"".into()));
        }
        let (least, shown) = self.least;
        if size < least as f64 {
            return Err(refused("that is too small", format!("at least \"{shown}\"")));
        }
        Ok(size as u64)
    }
}

/// The shortest text that means exactly this size.
pub fn show(size: u64) -> String {
    let whole = UNITS.iter().find(|(_, bytes)| size >= *bytes && size.is_multiple_of(*bytes));
    whole.map_or_else(|| format!("{size}B"), |(name, bytes)| format!("{}{name}", size / bytes))
}

impl Form for Size {
    type Value = u64;

    fn read(&self, node: &Node) -> Result<u64, Vec<Refusal>> {
        let read = match &node.value {
            Value::Text(text) | Value::Word(text) => self.parse(text),
            Value::Whole(number) => {
                Err(Refused { message: format!("is {number}; it has no unit"), hint: format!("write {EXAMPLE}") })
            }
            _ => return Err(vec![Refusal::kind(node, WHAT, format!("write {EXAMPLE}"))]),
        };
        read.map_err(|refused| vec![Refusal::new(node, refused.message, refused.hint)])
    }

    fn show(&self, value: &u64) -> String {
        toml_text(&show(*value))
    }

    fn kind(&self) -> String {
        format!("{WHAT}: {EXAMPLE}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(text: &str) -> String {
        match DATABASE_SIZE.parse(text) {
            Ok(size) => show(size),
            Err(refused) => format!("{} [{}]", refused.message, refused.hint),
        }
    }

    #[test]
    fn a_size_has_a_unit_and_is_shown_as_it_was_meant() {
        for (text, expected) in [
            ("10GB", "10GB"),
            ("10 gb", "10GB"),
            ("500MiB", "500MiB"),
            ("1.5GB", "1500MB"),
            ("2048MiB", "2GiB"),
            ("1000001 B", "1000001B"),
            ("10", "is \"10\"; it has no unit [write \"10GB\" or \"500MiB\"]"),
            ("", "is empty [write \"10GB\" or \"500MiB\"]"),
            ("much", "is \"much\"; that is not a size [write \"10GB\" or \"500MiB\"]"),
            ("-1GB", "is \"-1GB\"; that is not a size [write \"10GB\" or \"500MiB\"]"),
            ("1.2.3GB", "is \"1.2.3GB\"; that is not a size [write \"10GB\" or \"500MiB\"]"),
            ("10G", "is \"10G\"; the unit `G` is unknown [units are MB, GB, TB, MiB, GiB, TiB]"),
            ("0GB", "is \"0GB\"; that is too small [at least \"1MB\"]"),
            ("999kB", "is \"999kB\"; that is too small [at least \"1MB\"]"),
            ("999999TB", "is \"999999TB\"; that is too large [at most \"281TB\"]"),
        ] {
            assert_eq!(outcome(text), expected, "{text}");
        }
    }
}
