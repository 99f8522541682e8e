//! Hashing names and label sets: both stand on every line of every page, and the standard library's hash, made to
//! withstand those who know everything but its key, took a third of a collection. This one has a key as well: whoever
//! can write lines into a page must not be able to make all of them collide.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;

/// A map over names or labels.
pub type Map<K, V> = HashMap<K, V, RandomState>;

/// A set of names or labels.
pub type Set<K> = HashSet<K, RandomState>;

/// The key of the hash.
#[derive(Clone, Debug, Default)]
pub struct Seed(RandomState);

impl Seed {
    #[inline]
    pub fn hash(&self, text: &[u8]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(text);
        // Of two texts that lie in a row, one is not taken for the other.
        hasher.write_usize(text.len());
        hasher.finish()
    }

    /// Both in this order.
    #[inline]
    pub fn pair(&self, left: &[u8], right: &[u8]) -> u64 {
        let mut hasher = self.0.build_hasher();
        hasher.write(left);
        hasher.write_usize(left.len());
        hasher.write(right);
        hasher.write_usize(right.len());
        hasher.finish()
    }
}
