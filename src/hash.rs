//! Hashing names and label sets: both stand on every line of every page, and the standard library's hash, which is made to
//! withstand those who know everything but its key, took a third of a collection. This one has a key as well.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

/// A map over names or labels.
pub type Map<K, V> = HashMap<K, V, Seed>;

/// The secret of the hash: whoever can write lines into a page must not be able to make all of them collide.
#[derive(Clone, Copy, Debug)]
pub struct Seed(u64, u64);

impl Seed {
    /// The same for the whole process.
    pub fn random() -> Self {
        static SEED: LazyLock<Seed> = LazyLock::new(|| {
            let state = RandomState::new();
            Seed(state.hash_one(1_u8), state.hash_one(2_u8))
        });
        *SEED
    }

    /// Sixteen bytes at a time are multiplied and folded.
    #[inline]
    pub fn hash(self, text: &[u8]) -> u64 {
        let (blocks, tail) = text.as_chunks::<16>();
        let mut hash = text.len() as u64;
        for block in blocks {
            let word = u128::from_le_bytes(*block);
            hash = self.mix(hash ^ word as u64, (word >> 64) as u64);
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

    #[inline]
    pub fn mix(self, left: u64, right: u64) -> u64 {
        let product = u128::from(left ^ self.0) * u128::from(right ^ self.1);
        product as u64 ^ (product >> 64) as u64
    }
}

impl Default for Seed {
    fn default() -> Self {
        Self::random()
    }
}

impl BuildHasher for Seed {
    type Hasher = Pieces;

    fn build_hasher(&self) -> Pieces {
        Pieces { seed: *self, hash: 0 }
    }
}

/// The hash of one key, piece by piece.
#[derive(Debug)]
pub struct Pieces {
    seed: Seed,
    hash: u64,
}

impl Hasher for Pieces {
    fn write(&mut self, bytes: &[u8]) {
        self.write_u64(self.seed.hash(bytes));
    }

    /// What ends a text; its length is in the hash already.
    fn write_u8(&mut self, number: u8) {
        self.hash = self.hash.rotate_left(5) ^ u64::from(number);
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.hash = self.seed.mix(self.hash, number);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_differ_a_little_have_hashes_that_differ_everywhere() {
        let hash = |key: &(&str, &str)| Seed::random().hash_one(key);
        let keys = [("", ""), ("a", ""), ("", "a"), ("ab", "c"), ("a", "bc"), ("job", "fe"), ("job", "be")];
        let hashes: Vec<u64> = keys.iter().map(hash).collect();
        for (index, one) in hashes.iter().enumerate() {
            for other in &hashes[..index] {
                assert!((one ^ other).count_ones() > 8, "{one:x} {other:x}");
            }
        }
    }

    #[test]
    fn ten_thousand_names_fall_into_as_many_places_as_chance_would_give() {
        let names = (0..10_000).map(|number| format!("starrocks_fe_metric_{number}"));
        let mut places = vec![0_u32; 1 << 14];
        names.for_each(|name| places[Seed::random().hash(name.as_bytes()) as usize & 0x3fff] += 1);
        let taken = places.iter().filter(|count| **count > 0).count();
        // 16384 (1 - e^(-10000/16384)) = 7485 on average.
        assert!((7200..7800).contains(&taken), "{taken}");
    }
}
