//! The encryption context as associated data.

use std::borrow::Borrow;
use std::collections::BTreeMap;

/// An encryption context in its canonical form: the number of pairs, then the pairs in the order of their keys'
/// bytes. A pair is key and value, each after its length in bytes. All numbers are u64, big-endian.
///
/// AWS does not publish its canonical form. It promises that order does not matter, that case does, and that an
/// empty context is the same as none
/// (<https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html>).
pub struct Context(Vec<u8>);

impl Context {
    /// The context of a request.
    #[must_use]
    pub fn new<K: Borrow<str> + Ord, V: AsRef<str>>(pairs: &BTreeMap<K, V>) -> Self {
        let mut canonical = Vec::with_capacity(Self::canonical_bytes(pairs));
        canonical.extend_from_slice(&(pairs.len() as u64).to_be_bytes());
        for text in texts(pairs) {
            canonical.extend_from_slice(&(text.len() as u64).to_be_bytes());
            canonical.extend_from_slice(text.as_bytes());
        }
        Self(canonical)
    }

    /// The context of a request that names none.
    #[must_use]
    pub fn empty() -> Self {
        Self::new::<&str, &str>(&BTreeMap::new())
    }

    /// How long the canonical form of a context is.
    #[must_use]
    pub fn canonical_bytes<K: Borrow<str> + Ord, V: AsRef<str>>(pairs: &BTreeMap<K, V>) -> usize {
        LENGTH_BYTES + texts(pairs).map(|text| LENGTH_BYTES + text.len()).sum::<usize>()
    }

    pub(crate) fn canonical(&self) -> &[u8] {
        &self.0
    }
}

/// Keys and values in their order.
fn texts<K: Borrow<str> + Ord, V: AsRef<str>>(pairs: &BTreeMap<K, V>) -> impl Iterator<Item = &str> {
    pairs.iter().flat_map(|(key, value)| [key.borrow(), value.as_ref()])
}

const LENGTH_BYTES: usize = size_of::<u64>();

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_keep_pairs_apart() {
        let context = Context::new(&BTreeMap::from([("b", ""), ("a", "xy")]));
        let expected = [
            &[0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, b'a', 0, 0, 0, 0, 0, 0, 0, 2, b'x', b'y'][..],
            &[0, 0, 0, 0, 0, 0, 0, 1, b'b', 0, 0, 0, 0, 0, 0, 0, 0],
        ]
        .concat();
        assert_eq!(context.canonical(), expected);
        assert_eq!(Context::empty().canonical(), [0; 8]);
    }

    proptest! {
        #[test]
        fn different_maps_have_different_forms(
            a in prop::collection::btree_map("[a-c]{0,3}", "[a-c]{0,3}", 0..3),
            b in prop::collection::btree_map("[a-c]{0,3}", "[a-c]{0,3}", 0..3),
        ) {
            prop_assert_eq!(a == b, Context::new(&a).canonical() == Context::new(&b).canonical());
            prop_assert_eq!(Context::canonical_bytes(&a), Context::new(&a).canonical().len());
        }
    }
}
