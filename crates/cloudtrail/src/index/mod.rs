//! Where events are found without reading the whole journal: made from the journal, and made again where it is lost or
//! damaged. Nothing is true because it stands here: whoever finds a record reads it from the journal.
//!
//! ```text
//! journal's segments   1 ──► 1.index      full segments: a file each, checked whole when it is opened
//!                      2 ──► 2.index
//!                      3 ──► Growing      the newest one: in memory
//! ```
//! [`Index::advance`] is called by a thread that does nothing else. No request waits for it.

mod filed;
mod growing;
mod part;
mod term;
mod varint;

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use audit::{Disk, JournalError, Placed, Record, RecordReader, SegmentReader, segments};
use model::Timestamp;
use trail::EventId;

pub(crate) use self::part::Span;
pub(crate) use self::term::Term;
use self::{
    filed::Filed,
    growing::Growing,
    part::{BLOCK, SegmentIndex},
    term::{IndexEntry, TermMemory, id},
};

/// Records between two pauses: a tenth of a millisecond's work.
const PACE: u64 = 32;

/// The index of a journal.
pub struct Index {
    journal: Arc<dyn Disk>,
    records: RecordReader,
    files: Arc<dyn Disk>,
    parts: RwLock<SegmentIndexes>,
    follower: Mutex<Follower>,
}

/// What can be found in. `complete` says whether every segment of the journal has a part.
#[derive(Default)]
struct SegmentIndexes {
    filed: BTreeMap<u64, Arc<Filed>>,
    growing: Option<Growing>,
    complete: bool,
}

/// How far the journal has been read.
#[derive(Default)]
struct Follower {
    reader: Option<SegmentReader>,
    /// Full segments that have no part yet, oldest first.
    missing: Option<Vec<u64>>,
    terms: TermMemory,
}

/// Which records are wanted.
#[derive(Clone, Copy)]
struct SoughtRecords {
    by: FoundBy,
    span: Span,
    /// Those with smaller sequence numbers.
    before: u64,
}

/// What [`Index::advance`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// There is more to do.
    Further,
    /// The index has reached the end of the journal.
    Reached,
}

/// A record that an index found, to be looked at.
pub(crate) struct Candidate<'b> {
    pub(crate) sequence: u64,
    pub(crate) record: Record<'b>,
}

/// By what records are found.
#[derive(Clone, Copy)]
pub(crate) enum FoundBy {
    Term(Term),
    /// The id of one of the record's events.
    Id(EventId),
}

impl Index {
    /// The index of the journal on one disk, with its files on another one.
    #[must_use]
    pub fn new(journal: Arc<dyn Disk>, files: Arc<dyn Disk>) -> Self {
        let records = RecordReader::new(Arc::clone(&journal));
        Self { journal, records, files, parts: RwLock::default(), follower: Mutex::default() }
    }

    /// Does the next piece of work: about 256 KiB of the newest segment, or else one full segment that has no part yet. After
    /// every 32 records it calls `pause`, so that whoever is busier gets the processor.
    ///
    /// # Errors
    /// [`JournalError`] if the journal cannot be read. What cannot be written is tried again with the next start.
    pub fn advance(&self, pause: &dyn Fn()) -> Result<Advance, JournalError> {
        let mut follower = self.follower.lock().unwrap_or_else(PoisonError::into_inner);
        if self.follow(&mut follower, pause)? == Advance::Further {
            return Ok(Advance::Further);
        }
        let missing = match &mut follower.missing {
            Some(missing) => missing,
            missing => missing.insert(self.without_part()?),
        };
        match missing.pop() {
            Some(first) => {
                let part = match self.part_of(first, pause) {
                    Err(error) if is_gone(&error) => return Ok(Advance::Further),
                    part => part?,
                };
                self.change(|parts| drop(parts.filed.insert(first, Arc::new(part))));
                Ok(Advance::Further)
            }
            None => {
                self.change(|parts| parts.complete = true);
                Ok(Advance::Reached)
            }
        }
    }

    /// Shows the records that may be wanted, newest first, until `each` says that it has seen enough. `span` and `before`
    /// leave out what is certainly outside. Answers whether it looked at the whole journal: otherwise older segments are
    /// not indexed yet.
    ///
    /// # Errors
    /// [`JournalError`] if the journal cannot be read.
    pub(crate) fn find(
        &self,
        by: FoundBy,
        span: Span,
        before: u64,
        each: &mut dyn FnMut(Candidate<'_>) -> bool,
    ) -> Result<bool, JournalError> {
        let wanted = SoughtRecords { by, span, before };
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        let filed: Vec<_> = parts.filed.values().rev().cloned().collect();
        let complete = parts.complete;
        if let Some(growing) = &parts.growing
            && !self.show(growing, wanted, each)?
        {
            return Ok(true);
        }
        // Only the thread that adds records waited for this.
        drop(parts);
        for part in filed {
            if !self.show(&*part, wanted, each)? {
                return Ok(true);
            }
        }
        Ok(complete)
    }

    /// The time of the oldest record from which on all are indexed; `None` if none are.
    pub(crate) fn reaches_back_to(&self) -> Option<Timestamp> {
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        let growing = parts.growing.iter().map(SegmentIndex::span);
        let span = parts.filed.values().map(|part| part.span()).chain(growing).reduce(Span::with)?;
        (span != Span::NONE).then(|| Timestamp::from_millis(span.from))
    }

    /// Shows the records that a part finds, the last first. Whether more are wanted.
    fn show(
        &self,
        part: &dyn SegmentIndex,
        SoughtRecords { by, span, before }: SoughtRecords,
        each: &mut dyn FnMut(Candidate<'_>) -> bool,
    ) -> Result<bool, JournalError> {
        if part.first() >= before || !part.span().overlaps(span) {
            return Ok(true);
        }
        let numbers = match by {
            FoundBy::Term(term) => part.postings(term),
            FoundBy::Id(event) => part.by_id(id(event)),
        };
        // Most lookups want all that a segment has.
        let spans = (!span.covers(part.span())).then(|| part.block_spans());
        let is_outside = |block: usize| {
            spans.as_ref().is_some_and(|spans| spans.get(block).is_none_or(|of| !of.overlaps(span)))
        };
        for number in numbers.into_iter().rev() {
            let sequence = part.first().saturating_add(u64::from(number));
            if sequence >= before || is_outside(number as usize / BLOCK) {
                continue;
            }
            let Some(offset) = part.offset(number) else { continue };
            let payload = match self.records.record_at(part.first(), offset) {
                Ok(payload) => payload,
                // The segment was moved away.
                Err(error) if is_gone(&error) => break,
                Err(error) => return Err(error),
            };
            // A record that a later version wrote in another way is none that can be shown.
            let Ok(record) = Record::decode(&payload) else { continue };
            if !each(Candidate { sequence, record }) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads on in the newest segment, and begins the next one when there is one.
    fn follow(&self, follower: &mut Follower, pause: &dyn Fn()) -> Result<Advance, JournalError> {
        let Some(reader) = &mut follower.reader else {
            let Some(newest) = segments(&*self.journal)?.pop() else { return Ok(Advance::Reached) };
            return self.begin(follower, newest);
        };
        let mut entries = Vec::new();
        let terms = &mut follower.terms;
        let run = match reader.read(&mut |placed| entries.push(paced(placed, terms, pause))) {
            Err(error) if is_gone(&error) => {
                // The segment was moved away with all before it.
                follower.reader = None;
                self.change(|parts| parts.growing = None);
                return Ok(Advance::Further);
            }
            run => run?,
        };
        if !entries.is_empty() {
            self.change(|parts| {
                if let Some(growing) = &mut parts.growing {
                    entries.iter().for_each(|entry| growing.add(entry));
                }
            });
        }
        if run.is_full {
            return Ok(Advance::Further);
        }
        let next = reader.next_sequence();
        let later = segments(&*self.journal)?.into_iter().find(|first| *first >= next);
        match later {
            // A segment without a record yet has the number that is read next, as its own successor would.
            Some(later) if later > self.growing_first() => {
                if run.records > 0 {
                    // More may have been written before that segment was begun.
                    return Ok(Advance::Further);
                }
                if later > next {
                    tracing::error!(
                        from = next,
                        to = later,
                        "records of the journal cannot be read, and are not indexed"
                    );
                }
                self.file()?;
                self.begin(follower, later)
            }
            _ => Ok(Advance::Reached),
        }
    }

    fn begin(&self, follower: &mut Follower, first: u64) -> Result<Advance, JournalError> {
        match SegmentReader::open(Arc::clone(&self.journal), first) {
            Ok(reader) => {
                self.forget_what_is_gone()?;
                follower.reader = Some(reader);
                self.change(|parts| parts.growing = Some(Growing::new(first)));
                Ok(Advance::Further)
            }
            // It is just being made.
            Err(JournalError::Damaged(_)) => Ok(Advance::Reached),
            Err(error) => Err(error),
        }
    }

    /// Puts the part in memory into a file.
    fn file(&self) -> Result<(), JournalError> {
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        let Some(growing) = &parts.growing else { return Ok(()) };
        let first = growing.first();
        let written = Filed::write(Arc::clone(&self.files), growing);
        drop(parts);
        let part = written.map_err(unwritable(first))?;
        self.change(|parts| {
            parts.filed.insert(first, Arc::new(part));
            parts.growing = None;
        });
        Ok(())
    }

    /// The part of a full segment: its file, or made from the segment.
    fn part_of(&self, first: u64, pause: &dyn Fn()) -> Result<Filed, JournalError> {
        match Filed::open(Arc::clone(&self.files), first) {
            Ok(part) => return Ok(part),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(segment = first, %error, "a part of the index is made again"),
        }
        let mut growing = Growing::new(first);
        let mut reader = SegmentReader::open(Arc::clone(&self.journal), first)?;
        let mut terms = TermMemory::default();
        while reader.read(&mut |placed| growing.add(&paced(placed, &mut terms, pause)))?.is_full {}
        Filed::write(Arc::clone(&self.files), &growing).map_err(unwritable(first))
    }

    /// The full segments that have no part, oldest first.
    fn without_part(&self) -> Result<Vec<u64>, JournalError> {
        let mut all = segments(&*self.journal)?;
        let growing = self.growing_first();
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        all.retain(|first| *first < growing && !parts.filed.contains_key(first));
        Ok(all)
    }

    /// Removes the parts of segments that were moved away.
    fn forget_what_is_gone(&self) -> Result<(), JournalError> {
        let all = segments(&*self.journal)?;
        let is_gone = |first: u64| all.binary_search(&first).is_err();
        self.change(|parts| parts.filed.retain(|first, _| !is_gone(*first)));
        for name in self.files.list().map_err(unwritable(0))? {
            if filed::parse_name(&name).is_some_and(is_gone) {
                // A file that stays is removed at the next occasion.
                let _ = self.files.remove(&name);
            }
        }
        Ok(())
    }

    fn growing_first(&self) -> u64 {
        let parts = self.parts.read().unwrap_or_else(PoisonError::into_inner);
        parts.growing.as_ref().map_or(0, SegmentIndex::first)
    }

    fn change(&self, change: impl FnOnce(&mut SegmentIndexes)) {
        change(&mut self.parts.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// What is kept of a record, and now and then a pause.
fn paced(placed: Placed<'_>, terms: &mut TermMemory, pause: &dyn Fn()) -> IndexEntry {
    if placed.sequence.is_multiple_of(PACE) {
        pause();
    }
    IndexEntry::of(placed, terms)
}

fn is_gone(error: &JournalError) -> bool {
    matches!(error, JournalError::Io { error, .. } if error.kind() == io::ErrorKind::NotFound)
}

/// A part that cannot be written.
fn unwritable(first: u64) -> impl Fn(io::Error) -> JournalError {
    move |error| JournalError::Io { file: filed::name(first), error }
}

#[cfg(test)]
mod tests;
