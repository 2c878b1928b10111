//! Records of the journal, from one sequence number to another.

use std::{ops::Range, sync::Arc};

use audit::{Disk, JournalError, Placed, Record, Run, SegmentReader, segments};

/// Records that were written a little later than others that are newer: those of calls that took longer.
const OUT_OF_ORDER_MILLIS: i64 = 60_000;

/// Reads a range of records, about 256 KiB at a time.
pub(super) struct RangeReader {
    journal: Arc<dyn Disk>,
    reader: Option<SegmentReader>,
    range: Range<u64>,
}

/// What a piece of a range came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadPiece {
    /// There may be more.
    Further,
    /// All records of the range were shown, or the journal ends before.
    Last,
    /// So many records are not there any more, and were passed over.
    Missing(u64),
}

impl RangeReader {
    pub(super) fn new(journal: &Arc<dyn Disk>, range: Range<u64>) -> Self {
        Self { journal: Arc::clone(journal), reader: None, range }
    }

    /// The sequence number of the record that is shown next.
    pub(super) fn next(&self) -> u64 {
        self.range.start
    }

    /// Shows the records that follow, a piece of them.
    ///
    /// # Errors
    /// [`JournalError`] if the journal cannot be read.
    pub(super) fn read(&mut self, visit: &mut dyn FnMut(Placed<'_>)) -> Result<ReadPiece, JournalError> {
        let Range { start, end } = &mut self.range;
        if *start >= *end {
            return Ok(ReadPiece::Last);
        }
        let Some(reader) = &mut self.reader else {
            let all = segments(&*self.journal)?;
            let first = all.iter().rev().find(|first| **first <= *start).or_else(|| all.first());
            let Some(first) = first.copied() else { return Ok(ReadPiece::Last) };
            if first > *start {
                let missing = first.min(*end) - *start;
                *start += missing;
                return Ok(ReadPiece::Missing(missing));
            }
            self.reader = Some(SegmentReader::open(Arc::clone(&self.journal), first)?);
            return Ok(ReadPiece::Further);
        };
        let Run { is_full, .. } = reader.read(&mut |placed| {
            if (*start..*end).contains(&placed.sequence) {
                visit(placed);
                *start = placed.sequence + 1;
            }
        })?;
        if is_full {
            return Ok(ReadPiece::Further);
        }
        // The segment ends here. Is there another one behind it?
        let read = reader.next_sequence();
        let goes_on = read <= *start && segments(&*self.journal)?.contains(&read);
        self.reader = None;
        Ok(if goes_on { ReadPiece::Further } else { ReadPiece::Last })
    }
}

/// The sequence number of the first record from this time on, of those before `end`; `end` if there is none.
///
/// # Errors
/// [`JournalError`] if the journal cannot be read.
pub(super) fn from_time(journal: &Arc<dyn Disk>, since: i64, end: u64) -> Result<u64, JournalError> {
    let mut from = 1;
    for first in segments(&**journal)?.into_iter().rev() {
        from = first;
        if time_of(journal, first)?.is_some_and(|begins| begins < since.saturating_sub(OUT_OF_ORDER_MILLIS)) {
            break;
        }
    }
    let mut found = None;
    let mut reader = RangeReader::new(journal, from..end);
    while found.is_none() {
        let piece = reader.read(&mut |placed| {
            let time = Record::decode(placed.payload).map_or(i64::MIN, |record| record.time_ms);
            found = found.or((time >= since).then_some(placed.sequence));
        })?;
        if piece == ReadPiece::Last {
            break;
        }
    }
    Ok(found.unwrap_or(end))
}

/// When a record was made; `None` if it cannot be read.
fn time_of(journal: &Arc<dyn Disk>, sequence: u64) -> Result<Option<i64>, JournalError> {
    let mut time = None;
    let mut reader = RangeReader::new(journal, sequence..sequence.saturating_add(1));
    while reader.read(&mut |placed| {
        time = Record::decode(placed.payload).ok().map(|record| record.time_ms);
    })? == ReadPiece::Further
    {}
    Ok(time)
}
