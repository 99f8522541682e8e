//! Names are looked up on every line of a page, millions of times a run; so their tables are made for just that.

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

    pub(super) fn insert(&mut self, hash: u64, position: usize) {
        if self.used * 2 >= self.slots.len() {
            let grown = vec![0; self.slots.len() * 4];
            for slot in std::mem::replace(&mut self.slots, grown) {
                if slot != 0 {
                    self.put(slot);
                }
            }
        }
        self.used += 1;
        self.put(hash >> 32 << 32 | (position as u64 + 1) & 0xffff_ffff);
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

/// How many bytes stand before the first blank, control character or `{`; whether they make a name is for [`is_name`]
/// to say.
#[inline]
pub(super) fn name_end(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let word = u64::from_le_bytes(*word);
        let brace = word ^ (ONES * u64::from(b'{'));
        let low = word.wrapping_sub(ONES * 0x21) & !word;
        let hits = (low | brace.wrapping_sub(ONES) & !brace) & HIGH;
        if hits != 0 {
            // The lowest hit is exact: the subtractions borrow only upwards from one.
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !ends_name(*byte)) {
        at += 1;
    }
    at
}

/// The end of the page ends a name as well; anything else spoils it.
pub(super) fn ends_name(byte: u8) -> bool {
    byte <= b' ' || byte == b'{'
}

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`
#[inline]
pub(super) fn is_name(name: &[u8]) -> bool {
    let fits = match name.last_chunk::<8>() {
        // Eight bytes at a time; the last eight overlap those before.
        Some(last) => {
            let words = name.as_chunks::<8>().0.iter().chain([last]);
            words.fold(u64::MAX, |fit, word| fit & in_names(u64::from_le_bytes(*word))) & HIGH == HIGH
        }
        None => name.iter().all(|byte| in_names(u64::from(*byte)) & 0x80 != 0),
    };
    fits && name.first().is_some_and(|first| !first.is_ascii_digit())
}

/// Sets the high bit of each byte that may stand in a name.
#[inline]
fn in_names(word: u64) -> u64 {
    // Without the high bits no sum carries into the next byte.
    let low = word & !HIGH;
    let between = |word: u64, first: u8, last: u8| {
        (word + ONES * u64::from(0x80 - first)) & !(word + ONES * u64::from(0x7f - last))
    };
    // The colon comes after the nine.
    (between(low | (ONES * 0x20), b'a', b'z') | between(low, b'0', b':') | between(low, b'_', b'_')) & !word
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = ONES * 0x80;

#[cfg(test)]
mod tests {
    use super::*;

    const LETTERS: &str = "starrocks_fe_query:total_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

    #[test]
    fn a_name_ends_at_the_first_blank_or_brace_wherever_it_stands() {
        for length in 0..LETTERS.len() {
            for end in ["{a=\"b\"} 1", " 1{", "\t1", "\n{", "", "\r\n", "\0{", "{ 1234567 89 "] {
                let text = format!("{}{end}", &LETTERS[..length]);
                assert_eq!(name_end(text.as_bytes()), length, "{text}");
            }
        }
        assert_eq!(name_end("größe-|~!\u{7f}\u{a0} 1".as_bytes()), "größe-|~!\u{7f}\u{a0}".len());
    }

    #[test]
    fn names_are_letters_digits_underscores_and_colons_and_begin_with_no_digit() {
        let judge = |text: &str| is_name(text.as_bytes());
        for length in 1..LETTERS.len() {
            let text = &LETTERS[..length];
            assert!(judge(text) && judge(&format!(":{text}")) && judge(&format!("{text}9")), "{text}");
            assert!(!judge(&format!("9{text}")));
            for sign in ["-", "é", "/", ";", "@", "[", "`", "^", ".", "\u{7f}"] {
                assert!(!judge(&format!("{text}{sign}")) && !judge(&format!("{sign}{text}")), "{text} {sign}");
            }
        }
        assert!(!judge(""));
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
