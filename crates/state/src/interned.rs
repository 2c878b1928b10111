//! Values that are parsed once and shared by all that are made of the same text.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// Values by what they are made of. It holds nothing alive that nobody else has.
pub struct Interned<K, V>(Mutex<BTreeMap<K, Weak<V>>>);

/// From this many on, values that nobody has any more are forgotten when another is added.
const SWEPT: usize = 10_000;

impl<K, V> Default for Interned<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, V> Interned<K, V> {
    /// The value of `key`: one that somebody has, else made now.
    ///
    /// # Errors
    /// Those of `make`.
    pub fn of<E>(&self, key: K, make: impl FnOnce(&K) -> Result<V, E>) -> Result<Arc<V>, E> {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = values.get(&key).and_then(Weak::upgrade) {
            return Ok(shared);
        }
        let made = Arc::new(make(&key)?);
        if values.len() >= SWEPT {
            values.retain(|_, value| value.strong_count() > 0);
        }
        values.insert(key, Arc::downgrade(&made));
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_is_made_once() {
        let interned: Interned<&str, usize> = Interned::default();
        let length = |text: &&str| Ok::<_, ()>(text.len());
        let one = interned.of("abc", length).unwrap();
        assert!(Arc::ptr_eq(&one, &interned.of("abc", |_| Err(())).unwrap()));
        assert_eq!(interned.of("ab", |_| Err("no")), Err("no"));
        drop(one);
        assert_eq!(interned.of("abc", |_| Err("made anew")), Err("made anew"));
    }

    #[test]
    fn what_nobody_has_is_forgotten() {
        let interned: Interned<usize, usize> = Interned::default();
        for number in 0..3 * SWEPT {
            interned.of(number, |number| Ok::<_, ()>(*number)).unwrap();
        }
        assert!(interned.0.lock().unwrap().len() <= SWEPT);
    }
}
