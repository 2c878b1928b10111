//! A journal against the digests that were made of it.

use std::{collections::BTreeMap, fmt};

use audit::{MerkleHash, MerkleTree, Placed};

use crate::DigestedRecords;

/// Records of a journal that pass by in their order, and what signed digests say of them. It keeps a little of each digest and a
/// few hashes of the records.
#[derive(Debug, Default)]
pub struct DigestedJournal {
    /// By the first record and the one after the last: what digests say. Digests of several accounts tell of the same records.
    ranges: BTreeMap<(u64, u64), Vec<Stated>>,
    underway: Vec<(u64, u64, MerkleTree)>,
    first: Option<u64>,
    next: u64,
    covered: Option<(u64, u64)>,
    moved_away: usize,
}

/// What one digest says of a range of records.
#[derive(Debug)]
struct Stated {
    by: String,
    root: MerkleHash,
    chain: MerkleHash,
}

/// What a journal without a contradiction to its digests comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestedReach {
    /// The first record of which a digest told, and the last.
    pub covered: Option<(u64, u64)>,
    /// The journal's last record; those after the covered ones are in no digest yet.
    pub last: u64,
    /// Digests whose records were moved away, so that they could not be compared.
    pub moved_away: usize,
}

/// Where a journal and a digest contradict each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JournalFault {
    /// What the digest says of the journal cannot be read.
    Shape {
        /// The digest.
        digest: String,
    },
    /// The records are not those of which the digest was made.
    Records {
        /// The digest.
        digest: String,
        /// The first record of which it tells.
        first: u64,
        /// The last one.
        last: u64,
    },
    /// The records are those of the digest, but the chain that leads to them is another one.
    Chain {
        /// The digest.
        digest: String,
        /// The record after which the chain values differ.
        after: u64,
    },
    /// The journal ends before the digest does.
    Cut {
        /// The digest.
        digest: String,
        /// The last record that there is.
        ends_at: u64,
        /// The last record that there was.
        reached: u64,
    },
}

impl DigestedJournal {
    /// Takes what a digest, called `by` in messages, says of the journal.
    ///
    /// # Errors
    /// [`JournalFault::Shape`].
    pub fn expect(&mut self, by: &str, records: &DigestedRecords) -> Result<(), JournalFault> {
        let DigestedRecords { first_sequence: first, records, merkle_root, chain_value, .. } = records;
        let stated = hash(merkle_root).zip(hash(chain_value)).zip(first.checked_add(*records));
        let Some(((root, chain), end)) = stated.filter(|_| *first > 0) else {
            return Err(JournalFault::Shape { digest: by.to_owned() });
        };
        self.ranges.entry((*first, end)).or_default().push(Stated { by: by.to_owned(), root, chain });
        Ok(())
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// [`JournalFault::Records`] and [`JournalFault::Chain`], when the last record of a range has passed.
    pub fn add(&mut self, Placed { sequence, payload, chain, .. }: Placed<'_>) -> Result<(), JournalFault> {
        if self.first.is_none() {
            self.begin(sequence);
        }
        self.next = sequence.saturating_add(1);
        // Whoever has no records tells of the chain value alone, with the record before them.
        let from = self.ranges.range((sequence, self.next)..=(sequence, u64::MAX));
        self.underway.extend(from.map(|((first, end), _)| (*first, *end, MerkleTree::new())));
        for (_, _, tree) in &mut self.underway {
            tree.add(payload);
        }
        let next = self.next;
        let (done, underway) =
            std::mem::take(&mut self.underway).into_iter().partition(|(_, end, _)| *end == next);
        self.underway = underway;
        done.iter().try_for_each(|(first, end, tree): &(u64, u64, MerkleTree)| {
            self.compare((*first, *end), tree, chain)
        })?;
        self.compare((next, next), &MerkleTree::new(), chain)
    }

    /// Whether the journal, which ends here, has all of which the digests tell.
    ///
    /// # Errors
    /// [`JournalFault::Cut`], with the digest that tells of the earliest record that is missing.
    pub fn finish(mut self) -> Result<DigestedReach, JournalFault> {
        let last = self.next.saturating_sub(1);
        // With no record before it, the first digest of an empty journal says nothing that could be compared.
        self.ranges.remove(&(1, 1));
        let left = self.ranges.into_iter().next();
        if let Some(((_, end), stated)) = left {
            let digest = stated.into_iter().next().map(|stated| stated.by).unwrap_or_default();
            return Err(JournalFault::Cut { digest, ends_at: last, reached: end.saturating_sub(1) });
        }
        Ok(DigestedReach { covered: self.covered, last, moved_away: self.moved_away })
    }

    /// Leaves out what tells of records before the journal's first one.
    fn begin(&mut self, first: u64) {
        self.first = Some(first);
        let here = self.ranges.split_off(&(first, first));
        let moved = std::mem::replace(&mut self.ranges, here);
        self.moved_away = moved.values().map(Vec::len).sum();
        // The chain value before the first record is not in the segment as a frame's end.
        self.ranges.remove(&(first, first));
    }

    fn compare(
        &mut self,
        range: (u64, u64),
        tree: &MerkleTree,
        chain: MerkleHash,
    ) -> Result<(), JournalFault> {
        let (first, end) = range;
        let last = end.saturating_sub(1);
        for Stated { by, root, chain: stated } in self.ranges.remove(&range).unwrap_or_default() {
            if root != tree.root() {
                return Err(JournalFault::Records { digest: by, first, last });
            }
            if stated != chain {
                return Err(JournalFault::Chain { digest: by, after: last });
            }
            if end > first {
                let (from, to) = self.covered.unwrap_or((first, last));
                self.covered = Some((from.min(first), to.max(last)));
            }
        }
        Ok(())
    }
}

/// A hash of 64 hexadecimal digits.
pub(crate) fn hash(digits: &str) -> Option<MerkleHash> {
    base16ct::mixed::decode_vec(digits).ok()?.try_into().ok()
}

impl fmt::Display for JournalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape { digest } => {
                write!(f, "digest {digest}: what it says of the journal cannot be read")
            }
            Self::Records { digest, first, last } => write!(
                f,
                "records {first} to {last} of the journal are not those of which digest {digest} was made"
            ),
            Self::Chain { digest, after } => write!(
                f,
                "after record {after}, the journal's chain is not the one of which digest {digest} was made"
            ),
            Self::Cut { digest, ends_at, reached } => write!(
                f,
                "the journal was cut off: it ends at record {ends_at}, and digest {digest} tells of record {reached}"
            ),
        }
    }
}

impl std::error::Error for JournalFault {}

#[cfg(test)]
mod tests;
