//! Hashing for tables that live while one plan is made: no attacker chooses what a compiler hashes, and the hasher of the
//! standard library, which guards against one, takes a fifth of the time of planning.

use std::hash::{BuildHasherDefault, Hasher};

/// What makes a hasher for each key.
pub(crate) type QuickHashing = BuildHasherDefault<QuickHasher>;
/// A map with quick hashing.
pub(crate) type QuickMap<K, V> = std::collections::HashMap<K, V, QuickHashing>;
/// A set with quick hashing.
pub(crate) type QuickSet<K> = std::collections::HashSet<K, QuickHashing>;

/// A map with room for so many keys.
pub(crate) fn quick_map<K, V>(keys: usize) -> QuickMap<K, V> {
    QuickMap::with_capacity_and_hasher(keys, QuickHashing::default())
}

/// Multiplies and rotates, a word at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct QuickHasher(u64);

impl QuickHasher {
    const fn add(&mut self, word: u64) {
        // An odd number without a pattern: the golden ratio in 64 bits.
        self.0 = (self.0.rotate_left(26) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for QuickHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(word));
        }
    }
    fn write_u8(&mut self, word: u8) {
        self.add(u64::from(word));
    }
    fn write_u32(&mut self, word: u32) {
        self.add(u64::from(word));
    }
    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }
    fn write_u128(&mut self, word: u128) {
        self.add(word as u64);
        self.add((word >> 64) as u64);
    }
    fn write_usize(&mut self, word: usize) {
        self.add(word as u64);
    }
    fn finish(&self) -> u64 {
        // Tables take the lowest bits for the place and the highest to tell entries apart: mix them.
        self.0 ^ (self.0 >> 32)
    }
}
