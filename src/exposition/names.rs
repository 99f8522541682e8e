//! Names are looked up on every line of a page, millions of times a run; so their tables are made for just that.

use super::wide::{first, outside_names};
use crate::hash::Seed;

/// Which names anyone reads. Built once for a run, shared by all threads.
///
/// Names are sample names (`x_sum`, `x_bucket`), not family names.
#[derive(Debug)]
pub struct Wanted {
    /// `None`: every name.
    names: Option<(Index, Vec<Box<str>>)>,
    seed: Seed,
}

impl Wanted {
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let seed = Seed::default();
        let mut index = Index::with_room(512);
        let mut list: Vec<Box<str>> = Vec::new();
        for name in names {
            let hash = seed.hash(name.as_bytes());
            if index.find(hash, |at| *list[at] == *name).is_none() {
                index.insert(hash, list.len());
                list.push(name.into());
            }
        }
        Self { names: Some((index, list)), seed }
    }

    /// All names, for those who look at a page as a whole.
    pub fn everything() -> Self {
        Self { names: None, seed: Seed::default() }
    }

    pub(super) fn seed(&self) -> &Seed {
        &self.seed
    }

    /// `hash` is the seed's hash of `name`.
    pub(super) fn has(&self, hash: u64, name: &[u8]) -> bool {
        match &self.names {
            None => true,
            Some((index, list)) => index.find(hash, |at| list[at].as_bytes() == name).is_some(),
        }
    }
}

/// A hash table of positions in a list that its user keeps; the user compares the entries.
#[derive(Debug)]
pub(super) struct Index {
    /// 0 = free, else the high half of the hash and, below it, the position + 1. The length is a power of two.
    slots: Vec<u64>,
    used: usize,
}

impl Index {
    pub(super) fn with_room(entries: usize) -> Self {
        Self { slots: vec![0; (entries * 2).next_power_of_two().max(16)], used: 0 }
    }

    #[inline]
    pub(super) fn find(&self, hash: u64, same: impl Fn(usize) -> bool) -> Option<usize> {
        let tag = hash >> 32;
        let mask = self.slots.len() - 1;
        let mut place = tag as usize & mask;
        loop {
            let slot = self.slots[place];
            if slot == 0 {
                return None;
            }
            let position = (slot as u32 - 1) as usize;
            if slot >> 32 == tag && same(position) {
                return Some(position);
            }
            place = (place + 1) & mask;
        }
    }

    /// Inserts a position that [`Self::find`] has not found.
    #[inline]
    pub(super) fn insert(&mut self, hash: u64, position: usize) {
        if self.used * 2 >= self.slots.len() {
            self.grow();
        }
        self.used += 1;
        self.put(hash >> 32 << 32 | (position as u64 + 1) & 0xffff_ffff);
    }

    #[cold]
    fn grow(&mut self) {
        let grown = vec![0; self.slots.len() * 4];
        for slot in std::mem::replace(&mut self.slots, grown) {
            if slot != 0 {
                self.put(slot);
            }
        }
    }

    fn put(&mut self, slot: u64) {
        let mask = self.slots.len() - 1;
        let mut place = (slot >> 32) as usize & mask;
        while self.slots[place] != 0 {
            place = (place + 1) & mask;
        }
        self.slots[place] = slot;
    }
}

/// The metric name that `text` begins with, `[a-zA-Z_:][a-zA-Z0-9_:]*`, when a blank, a `{`, a control character or
/// nothing follows it.
#[inline]
pub(super) fn name_at(text: &[u8]) -> Option<&[u8]> {
    let (name, rest) = text.split_at(first(text, outside_names));
    (!name.first()?.is_ascii_digit() && rest.first().is_none_or(|byte| ends_name(*byte))).then_some(name)
}

/// Whether `text` begins with `name`, which is not empty, and with no longer one.
#[inline]
pub(super) fn bears(text: &[u8], name: &[u8]) -> bool {
    if text.get(name.len()).is_some_and(|byte| !ends_name(*byte)) {
        return false;
    }
    let Some(text) = text.get(..name.len()) else { return false };
    // Names differ in their ends: those of one program begin alike.
    match (text.last_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(one), Some(other)) => {
            one == other && text.as_chunks::<8>().0.iter().zip(name.as_chunks::<8>().0).all(|(one, other)| one == other)
        }
        _ => !name.is_empty() && text == name,
    }
}

/// The end of the page ends a name as well; anything else spoils it.
fn ends_name(byte: u8) -> bool {
    byte <= b' ' || byte == b'{'
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTERS: &str = "starrocks_fe_query:total_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

    #[test]
    fn a_name_ends_at_the_first_blank_or_brace_wherever_it_stands() {
        for length in 1..LETTERS.len() {
            for end in ["{a=\"b\"} 1", " 1{", "\t1", "\n{", "", "\r\n", "\0{", "{ 1234567 89 "] {
                let text = format!("{}{end}", &LETTERS[..length]);
                assert_eq!(name_at(text.as_bytes()), Some(&LETTERS.as_bytes()[..length]), "{text}");
            }
        }
    }

    #[test]
    fn names_are_letters_digits_underscores_and_colons_and_begin_with_no_digit() {
        let judge = |text: &str| name_at(text.as_bytes()) == Some(text.as_bytes());
        for length in 1..LETTERS.len() {
            let text = &LETTERS[..length];
            assert!(judge(text) && judge(&format!(":{text}")) && judge(&format!("{text}9")), "{text}");
            assert!(!judge(&format!("9{text}")));
            for sign in ["-", "é", "/", ";", "@", "[", "`", "^", ".", "|", "}", "\u{7f}", "\u{a0}"] {
                for spoilt in [format!("{text}{sign}"), format!("{sign}{text}"), format!("{text}{sign} 1")] {
                    assert_eq!(name_at(spoilt.as_bytes()), None, "{spoilt}");
                }
            }
        }
        assert!(!judge("") && name_at(b" a").is_none() && name_at(b"{").is_none());
    }

    #[test]
    fn a_line_bears_a_name_when_it_begins_with_all_of_it_and_goes_on_with_something_else() {
        for length in 1..LETTERS.len() {
            let name = &LETTERS[..length];
            for end in ["", " 1", "{a=\"b\"} 1", "\n"] {
                assert!(bears(format!("{name}{end}").as_bytes(), name.as_bytes()));
            }
            for end in ["_", "_sum 1", "é"] {
                assert!(!bears(format!("{name}{end}").as_bytes(), name.as_bytes()));
            }
            for spoilt in 0..length {
                let mut line = format!("{name} 1").into_bytes();
                line[spoilt] ^= 1;
                assert!(!bears(&line, name.as_bytes()), "{}", String::from_utf8_lossy(&line));
                assert!(!bears(&name.as_bytes()[..spoilt], name.as_bytes()));
            }
        }
        assert!(!bears(b" 1", b"") && !bears(b"", b""));
    }

    #[test]
    fn every_wanted_name_is_found_and_no_other() {
        let names: Vec<String> = (0..1000).map(|number| format!("{}_{number}", "x".repeat(number % 40))).collect();
        let wanted = Wanted::new(names.iter().map(String::as_str).chain(["again", "again"]));
        let has = |name: &str| wanted.has(wanted.seed().hash(name.as_bytes()), name.as_bytes());
        assert!(names.iter().all(|name| has(name)) && has("again"));
        assert!(!names.iter().any(|name| has(&format!("{name}_"))) && !has(""));
    }
}
