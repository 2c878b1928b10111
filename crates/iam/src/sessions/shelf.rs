//! A bounded collection by the hash of a text: two halves, of which the older one is dropped when the younger
//! one is full. What is in use moves into the younger half.

use imbl::HashMap;

/// SHA-256 of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Hash([u8; 32]);

/// Things by their hashes.
#[derive(Clone)]
pub(super) struct Shelf<T: Clone> {
    young: HashMap<Hash, T>,
    old: HashMap<Hash, T>,
}

/// How many are in one half.
const HALF: usize = 5_000;

impl Hash {
    pub(super) fn of(text: &str) -> Self {
        Self(strongroom::sha256(text.as_bytes()))
    }
}

impl<T: Clone> Shelf<T> {
    /// What stands under a hash, and whether in the younger half.
    pub(super) fn find(&self, hash: &Hash) -> Option<(&T, bool)> {
        self.young.get(hash).map(|found| (found, true)).or_else(|| Some((self.old.get(hash)?, false)))
    }

    /// The same with one more.
    pub(super) fn with(&self, hash: Hash, thing: T) -> Self {
        if self.young.len() < HALF || self.young.contains_key(&hash) {
            Self { young: self.young.update(hash, thing), old: self.old.clone() }
        } else {
            Self { young: HashMap::unit(hash, thing), old: self.young.clone() }
        }
    }
}

impl<T: Clone> Default for Shelf<T> {
    fn default() -> Self {
        Self { young: HashMap::new(), old: HashMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_keeps_what_is_used() {
        let mut shelf = Shelf::default();
        let used = Hash::of("used");
        shelf = shelf.with(used, 0);
        for number in 1..=3 * HALF {
            shelf = shelf.with(Hash::of(&number.to_string()), number);
            if let Some((&found, false)) = shelf.find(&used) {
                shelf = shelf.with(used, found);
            }
        }
        assert_eq!(shelf.find(&used).map(|(found, _)| *found), Some(0));
        assert!(shelf.find(&Hash::of("1")).is_none(), "what is not used goes");
        assert!(shelf.young.len() + shelf.old.len() <= 2 * HALF);
    }
}
