//! Records on the heels of the journal, in their order, as soon as they are durable.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
};

use audit::{Disk, Journal, JournalError, RangePiece, RangeReader};

/// A record that was read.
pub(crate) struct ReadRecord {
    pub(crate) sequence: u64,
    pub(crate) chain: [u8; 32],
    pub(crate) payload: Vec<u8>,
}

/// Reads a journal from a record on.
pub(crate) struct DurableRecords {
    disk: Arc<dyn Disk>,
    /// A weak one: an export must not keep a journal from being closed.
    journal: Weak<Journal>,
    reader: RangeReader,
    /// Records that were read and are not durable yet, at most what one read gives: 256 KiB.
    waiting: VecDeque<ReadRecord>,
}

impl DurableRecords {
    /// Reads from record `next` on.
    pub(crate) fn new(disk: Arc<dyn Disk>, journal: Weak<Journal>, next: u64) -> Self {
        let reader = RangeReader::new(Arc::clone(&disk), next..u64::MAX);
        Self { disk, journal, reader, waiting: VecDeque::new() }
    }

    /// The next records that are durable, about 256 KiB at most. None if there are none now.
    ///
    /// # Errors
    /// [`JournalError`] if the journal cannot be read.
    pub(crate) fn records(&mut self) -> Result<Vec<ReadRecord>, JournalError> {
        // Asked before anything is read: what is durable now is what was written before.
        let durable = self.durable();
        while self.waiting.is_empty()
            && self.reader.next_sequence() < durable
            && self.read_on()? != RangePiece::Last
        {}
        let ready = self.waiting.iter().take_while(|record| record.sequence < durable).count();
        Ok(self.waiting.drain(..ready).collect())
    }

    /// Goes back to a record.
    pub(crate) fn go_to(&mut self, next: u64) {
        self.waiting.clear();
        self.reader = RangeReader::new(Arc::clone(&self.disk), next..u64::MAX);
    }

    /// How many durable records there are from `from` on.
    pub(crate) fn behind(&self, from: u64) -> u64 {
        self.durable().saturating_sub(from)
    }

    fn durable(&self) -> u64 {
        self.journal.upgrade().map_or(0, |journal| journal.synced_sequence())
    }

    fn read_on(&mut self) -> Result<RangePiece, JournalError> {
        let waiting = &mut self.waiting;
        let piece = self.reader.read(&mut |placed| {
            let payload = placed.payload.to_vec();
            waiting.push_back(ReadRecord { sequence: placed.sequence, chain: placed.chain, payload });
        });
        let piece = piece?;
        if let RangePiece::Missing(records) = piece {
            let to = self.reader.next_sequence();
            tracing::error!(
                records,
                to,
                "records were moved away from the journal before they were handed on"
            );
        }
        Ok(piece)
    }
}
