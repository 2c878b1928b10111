//! Records on the heels of the journal, in their order, as soon as they are durable.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Weak},
};

use audit::{Disk, Journal, JournalError, SegmentReader, segments};

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
    reader: Option<(u64, SegmentReader)>,
    /// The record that is read next.
    next: u64,
    /// Records that were read and are not durable yet, at most what one read gives: 256 KiB.
    waiting: VecDeque<ReadRecord>,
}

impl DurableRecords {
    /// Reads from record `next` on.
    pub(crate) fn new(disk: Arc<dyn Disk>, journal: Weak<Journal>, next: u64) -> Self {
        Self { disk, journal, reader: None, next, waiting: VecDeque::new() }
    }

    /// The next records that are durable, about 256 KiB at most. None if there are none now.
    ///
    /// # Errors
    /// [`JournalError`] if the journal cannot be read.
    pub(crate) fn records(&mut self) -> Result<Vec<ReadRecord>, JournalError> {
        // Asked before anything is read: what is durable now is what was written before.
        let durable = self.durable();
        if self.waiting.is_empty() && self.next < durable {
            self.read_on()?;
        }
        let ready = self.waiting.iter().take_while(|record| record.sequence < durable).count();
        Ok(self.waiting.drain(..ready).collect())
    }

    /// Goes back to a record.
    pub(crate) fn go_to(&mut self, next: u64) {
        self.waiting.clear();
        self.reader = None;
        self.next = next;
    }

    /// How many durable records there are from `from` on.
    pub(crate) fn behind(&self, from: u64) -> u64 {
        self.durable().saturating_sub(from)
    }

    fn durable(&self) -> u64 {
        self.journal.upgrade().map_or(0, |journal| journal.synced_sequence())
    }

    fn read_on(&mut self) -> Result<(), JournalError> {
        let Some((first, mut reader)) =
            self.reader.take().map_or_else(|| self.open(), |open| Ok(Some(open)))?
        else {
            return Ok(());
        };
        let (next, waiting) = (self.next, &mut self.waiting);
        let read = reader.read(&mut |placed| {
            if placed.sequence >= next {
                let payload = placed.payload.to_vec();
                waiting.push_back(ReadRecord { sequence: placed.sequence, chain: placed.chain, payload });
            }
        });
        let run = match read {
            // The segment was moved away; the next turn looks for where to go on.
            Err(JournalError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            run => run?,
        };
        self.next = self.next.max(reader.next_sequence());
        if run.records > 0 || !self.is_over(first, &reader)? {
            self.reader = Some((first, reader));
        }
        Ok(())
    }

    /// The segment that has the next record, or else the oldest one behind it.
    fn open(&mut self) -> Result<Option<(u64, SegmentReader)>, JournalError> {
        let all = segments(&*self.disk)?;
        let holds = all.iter().rfind(|first| **first <= self.next).or_else(|| all.first());
        let Some(first) = holds.copied() else { return Ok(None) };
        if first > self.next {
            tracing::error!(
                from = self.next,
                to = first,
                "records were moved away from the journal before they were handed on"
            );
            self.next = first;
        }
        Ok(Some((first, SegmentReader::open(Arc::clone(&self.disk), first)?)))
    }

    /// Whether another segment follows one that was read to its end. A segment without a record has the number of its own
    /// successor, and one is only left when everything before the next one was read.
    fn is_over(&self, first: u64, reader: &SegmentReader) -> Result<bool, JournalError> {
        let next = reader.next_sequence();
        Ok(next > first && segments(&*self.disk)?.contains(&next))
    }
}
