//! The index of one segment, wherever it is kept.

use super::term::Term;

/// Records of a block: of each block it is known when its records were.
pub(crate) const BLOCK: usize = 64;

/// From when to when, in milliseconds since 1970, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

/// Records that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordBlock {
    /// Where the frame of the first one begins.
    pub(crate) offset: u32,
    /// When they were.
    pub(crate) span: Span,
}

/// The index of one segment. Its records are numbered from 0. What cannot be read finds nothing; a file is checked whole
/// before it is used.
pub(crate) trait SegmentIndex {
    /// Sequence number of the segment's first record.
    fn first(&self) -> u64;
    /// When its records were.
    fn span(&self) -> Span;
    /// The records that a term finds, rising.
    fn postings(&self, term: Term) -> Vec<u32>;
    /// The records whose event ids begin like this.
    fn by_id(&self, id: u32) -> Vec<u32>;
    /// When the records of each block were.
    fn block_spans(&self) -> Vec<Span>;
    /// Where a record's frame begins in the segment.
    fn offset(&self, number: u32) -> Option<u64>;
}

impl Span {
    /// Of nothing.
    pub(crate) const NONE: Self = Self { from: i64::MAX, to: i64::MIN };

    pub(crate) fn add(&mut self, time_ms: i64) {
        self.from = self.from.min(time_ms);
        self.to = self.to.max(time_ms);
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self { from: self.from.min(other.from), to: self.to.max(other.to) }
    }

    pub(crate) fn covers(self, other: Self) -> bool {
        self.from <= other.from && other.to <= self.to
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.from <= other.to && other.from <= self.to
    }

    pub(crate) fn contains(self, time_ms: i64) -> bool {
        (self.from..=self.to).contains(&time_ms)
    }
}
