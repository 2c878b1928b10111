//! The index of the segment that is being written, in memory.

use std::collections::HashMap;

use super::{
    part::{BLOCK, RecordBlock, SegmentIndex, Span},
    term::{IndexEntry, Term},
    varint,
};

/// The index of the newest segment.
pub(crate) struct Growing {
    first: u64,
    pub(crate) offsets: Vec<u32>,
    pub(crate) blocks: Vec<RecordBlock>,
    pub(crate) ids: Vec<(u32, u32)>,
    pub(crate) terms: HashMap<Term, Postings>,
}

/// The records that a term finds: differences between their rising numbers.
#[derive(Default)]
pub(crate) struct Postings {
    last: u32,
    pub(crate) bytes: Vec<u8>,
}

impl Growing {
    /// Of the segment that begins with this record, without any.
    pub(crate) fn new(first: u64) -> Self {
        Self { first, offsets: Vec::new(), blocks: Vec::new(), ids: Vec::new(), terms: HashMap::new() }
    }

    /// Adds the next record.
    pub(crate) fn add(&mut self, entry: &IndexEntry) {
        let number = u32::try_from(self.offsets.len()).unwrap_or(u32::MAX);
        let offset = u32::try_from(entry.offset).unwrap_or(u32::MAX);
        if self.offsets.len().is_multiple_of(BLOCK) {
            self.blocks.push(RecordBlock { offset, span: Span::NONE });
        }
        if let Some(block) = self.blocks.last_mut() {
            block.span.add(entry.time_ms);
        }
        self.offsets.push(offset);
        self.ids.push((entry.id, number));
        for term in &entry.terms {
            let postings = self.terms.entry(*term).or_default();
            varint::push(&mut postings.bytes, number - postings.last);
            postings.last = number;
        }
    }
}

impl SegmentIndex for Growing {
    fn first(&self) -> u64 {
        self.first
    }

    fn span(&self) -> Span {
        self.blocks.iter().fold(Span::NONE, |span, block| span.with(block.span))
    }

    fn postings(&self, term: Term) -> Vec<u32> {
        self.terms.get(&term).map(|postings| varint::rising(&postings.bytes)).unwrap_or_default()
    }

    fn by_id(&self, id: u32) -> Vec<u32> {
        self.ids.iter().filter(|(known, _)| *known == id).map(|(_, number)| *number).collect()
    }

    fn block_spans(&self) -> Vec<Span> {
        self.blocks.iter().map(|block| block.span).collect()
    }

    fn offset(&self, number: u32) -> Option<u64> {
        self.offsets.get(usize::try_from(number).ok()?).map(|offset| u64::from(*offset))
    }
}
