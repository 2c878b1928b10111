//! The Merkle tree over records, one after the other (RFC 6962 §2.1, with SHA-256): its root, which a signed digest has, and
//! the path that leads from one record to the root. The records of an hour may be many millions, so nothing here keeps more
//! than one hash for each level of the tree.

use std::ops::Range;

use aws_lc_rs::digest::{Context, SHA256};

use crate::chain::CHAIN_LEN;

/// A hash of the tree.
pub type MerkleHash = [u8; CHAIN_LEN];

/// What is hashed before a record (RFC 6962 §2.1: leaves and nodes are told apart).
const LEAF: u8 = 0;
/// What is hashed before two hashes.
const NODE: u8 = 1;

/// A tree that grows by one record at a time.
#[derive(Debug, Clone, Default)]
pub struct MerkleTree {
    records: u64,
    /// The roots of the complete trees that the records fill, the widest first: one for each bit of their number.
    complete: Vec<MerkleHash>,
}

impl MerkleTree {
    /// A tree without records.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next record, given as its bytes.
    pub fn add(&mut self, record: &[u8]) {
        let mut hash = leaf(record);
        // Each bit of the number that carries is a complete tree, as wide as the one at hand: the two become one.
        for _ in 0..self.records.trailing_ones() {
            if let Some(left) = self.complete.pop() {
                hash = node(&left, &hash);
            }
        }
        self.complete.push(hash);
        self.records = self.records.saturating_add(1);
    }

    /// How many records there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.records
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records == 0
    }

    /// A tree that has grown, from how many records it has and what [`MerkleTree::to_bytes`] said of it. `None` if the two do not fit.
    #[must_use]
    pub fn grown(records: u64, bytes: &[u8]) -> Option<Self> {
        let (complete, rest) = bytes.as_chunks::<CHAIN_LEN>();
        let fits = rest.is_empty() && complete.len() == records.count_ones() as usize;
        fits.then(|| Self { records, complete: complete.to_vec() })
    }

    /// All that is needed to let it grow further elsewhere: at most 64 hashes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.complete.concat()
    }

    /// The hash that stands for all records, in their order.
    #[must_use]
    pub fn root(&self) -> MerkleHash {
        let joined = self.complete.iter().copied().rev().reduce(|right, left| node(&left, &right));
        joined.unwrap_or_else(|| sha256(&[]))
    }
}

/// Finds the path from one record to the root, while all records of the tree pass by.
#[derive(Debug)]
pub struct MerklePathFinder {
    index: u64,
    records: u64,
    passed: u64,
    /// The records beside the path, from the top of the tree down, and the tree over each such range, filled as they pass.
    beside: Vec<(Range<u64>, MerkleTree)>,
    leaf: Option<MerkleHash>,
}

impl MerklePathFinder {
    /// For the record at `index`, counted from 0, of so many. `None` if there is no such record.
    #[must_use]
    pub fn new(index: u64, records: u64) -> Option<Self> {
        (index < records).then(|| Self {
            index,
            records,
            passed: 0,
            beside: beside(index, records).into_iter().map(|range| (range, MerkleTree::new())).collect(),
            leaf: None,
        })
    }

    /// Takes the next record, given as its bytes. The first has the index 0.
    pub fn add(&mut self, record: &[u8]) {
        let at = self.passed;
        self.passed = at.saturating_add(1);
        if at == self.index {
            self.leaf = Some(leaf(record));
        } else if let Some((_, tree)) = self.beside.iter_mut().find(|(range, _)| range.contains(&at)) {
            tree.add(record);
        }
    }

    /// The path, from the leaf upwards, and the root that it leads to. `None` if more or fewer records passed than the tree has.
    #[must_use]
    pub fn finish(self) -> Option<(Vec<MerkleHash>, MerkleHash)> {
        let leaf = self.leaf.filter(|_| self.passed == self.records)?;
        let path: Vec<_> = self.beside.iter().rev().map(|(_, tree)| tree.root()).collect();
        let root = climb(leaf, self.index, self.records, &path)?;
        Some((path, root))
    }
}

/// The root to which a path leads from a record, given as its bytes, that stands at `index` of so many records. `None` if no
/// path from there has this length. The record is in the tree if this is the tree's root. The number of records has to come
/// from where the root comes from: a path alone may fit trees of several sizes.
#[must_use]
pub fn merkle_root_of_path(
    record: &[u8],
    index: u64,
    records: u64,
    path: &[MerkleHash],
) -> Option<MerkleHash> {
    climb(leaf(record), index, records, path)
}

/// As RFC 9162 §2.1.3.2 does: `at` and `last` are the numbers, in one level of the tree, of the node that has been reached and
/// of the last node.
fn climb(leaf: MerkleHash, index: u64, records: u64, path: &[MerkleHash]) -> Option<MerkleHash> {
    let mut last = records.checked_sub(1)?;
    let mut at = index;
    if at > last {
        return None;
    }
    let mut hash = leaf;
    for beside in path {
        if last == 0 {
            return None;
        }
        if at % 2 == 1 || at == last {
            hash = node(beside, &hash);
            // A last node without a partner stands for itself further up, until it has one.
            let levels = at.trailing_zeros().min(63);
            at >>= levels;
            last >>= levels;
        } else {
            hash = node(&hash, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(hash)
}

/// The ranges of records whose trees the path of RFC 6962 §2.1.1 names, from the top of the tree down.
fn beside(index: u64, records: u64) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    let mut within = 0..records;
    while within.end - within.start > 1 {
        let split = within.start + widest_left(within.end - within.start);
        let (left, right) = (within.start..split, split..within.end);
        let (on, off) = if index < split { (left, right) } else { (right, left) };
        ranges.push(off);
        within = on;
    }
    ranges
}

/// The largest power of two that is smaller than `records`, which is at least 2.
fn widest_left(records: u64) -> u64 {
    1 << records.saturating_sub(1).max(1).ilog2()
}

fn leaf(record: &[u8]) -> MerkleHash {
    sha256(&[&[LEAF], record])
}

fn node(left: &MerkleHash, right: &MerkleHash) -> MerkleHash {
    sha256(&[&[NODE], left, right])
}

fn sha256(parts: &[&[u8]]) -> MerkleHash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; CHAIN_LEN];
    for (to, from) in hash.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    hash
}

#[cfg(test)]
mod tests;
