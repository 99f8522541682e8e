//! Names are looked at on every line of a page, so finding their end, hashing and looking them up live here, together.

use std::hash::{BuildHasher, RandomState};

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
        let seed = Seed::random();
        let mut index = Index::with_room(128);
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
        Self { names: None, seed: Seed::random() }
    }

    pub(super) fn seed(&self) -> Seed {
        self.seed
    }

    /// `hash` is the seed's hash of `name`.
    pub(super) fn has(&self, hash: u64, name: &[u8]) -> bool {
        match &self.names {
            None => true,
            Some((index, list)) => index.find(hash, |at| list[at].as_bytes() == name).is_some(),
        }
    }
}

/// The secret of the hash: whoever can write lines into a page must not be able to make all of them collide.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed(u64, u64);

impl Seed {
    fn random() -> Self {
        let state = RandomState::new();
        Self(state.hash_one(1_u8), state.hash_one(2_u8))
    }

    /// Multiply and fold, sixteen bytes at a time.
    pub(super) fn hash(self, bytes: &[u8]) -> u64 {
        let (blocks, tail) = bytes.as_chunks::<16>();
        let mut hash = self.0 ^ bytes.len() as u64;
        for block in blocks {
            let [low, high] = halves(*block);
            hash = self.mix(hash ^ low, high);
        }
        // The two ends of the tail overlap rather than being copied byte by byte.
        let (low, high) = if let (Some(first), Some(last)) = (tail.first_chunk(), tail.last_chunk()) {
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let (Some(first), Some(last)) = (tail.first_chunk(), tail.last_chunk()) {
            (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
        } else {
            (tail.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0)
        };
        self.mix(hash ^ low, high)
    }

    pub(super) fn mix(self, left: u64, right: u64) -> u64 {
        let product = u128::from(left) * u128::from(right ^ self.1);
        product as u64 ^ (product >> 64) as u64
    }
}

fn halves(block: [u8; 16]) -> [u64; 2] {
    let word = u128::from_le_bytes(block);
    [word as u64, (word >> 64) as u64]
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
        Self { slots: vec![0; (entries * 4).next_power_of_two().max(16)], used: 0 }
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

/// The bytes before the first blank, control character or `{`; whether they make a name is for [`is_name`] to say.
pub(super) fn name_end(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let mut at = 0;
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let word = u64::from_le_bytes(*word);
        let brace = word ^ (ONES * u64::from(b'{'));
        let low = word.wrapping_sub(ONES * 0x21) & !word;
        let hits = (low | brace.wrapping_sub(ONES) & !brace) & (ONES * 0x80);
        if hits != 0 {
            // The lowest hit is exact: the subtraction borrows only upwards from one.
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !ends_name(*byte)) {
        at += 1;
    }
    at
}

pub(super) fn ends_name(byte: u8) -> bool {
    byte <= b' ' || byte == b'{'
}

/// `[a-zA-Z_:][a-zA-Z0-9_:]*`
pub(super) fn is_name(bytes: &[u8]) -> bool {
    // Without an early exit, so that whole blocks are checked at once.
    let all_fit = |bytes: &[u8]| bytes.iter().fold(true, |fit, byte| fit & (is_letter(*byte) | (*byte == b':')));
    let inside = match bytes.last_chunk::<16>() {
        Some(last) => bytes.as_chunks::<16>().0.iter().all(|block| all_fit(block)) && all_fit(last),
        None => all_fit(bytes),
    };
    inside && bytes.first().is_some_and(|first| !first.is_ascii_digit())
}

/// A letter of a label's name, digits among them.
pub(super) fn is_letter(byte: u8) -> bool {
    (byte | 0x20).wrapping_sub(b'a') < 26 || byte.wrapping_sub(b'0') < 10 || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_ends_at_the_first_blank_or_brace_wherever_it_stands() {
        for length in 0..40 {
            let name: String = "starrocks_fe_query:total_0123456789_abcdefghij".chars().take(length).collect();
            for end in ["{a=\"b\"} 1", " 1{", "\t1", "\n{", "", "\r\n"] {
                assert_eq!(name_end(format!("{name}{end}").as_bytes()), length, "{name}{end}");
            }
        }
        assert_eq!(name_end("größe 1".as_bytes()), "größe".len());
        assert_eq!(name_end(b"\xff\x80\xa0\xfb|z~[\x7f 1"), 9);
    }

    #[test]
    fn names_are_letters_digits_underscores_and_colons_and_begin_with_no_digit() {
        let judge = |names: &[&str]| names.iter().map(|name| is_name(name.as_bytes())).collect::<Vec<_>>();
        assert_eq!(judge(&["a", "_", ":", "Z9", "job:rate5m", "a_name_that_is_longer_than_one_block_Z"]), [true; 6]);
        assert_eq!(
            judge(&["", "9a", "a-b", "é", "a.b", "a_name_that_is_longer_th-n_one_block_Z", "a@", "a[", "a`", "a/"]),
            [false; 10]
        );
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
