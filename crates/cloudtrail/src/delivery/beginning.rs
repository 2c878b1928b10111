//! Where in the journal a time begins.

use std::sync::Arc;

use audit::{Disk, JournalError, RangePiece, RangeReader, Record, segments};

/// Records that were written a little later than others that are newer: those of calls that took longer.
const OUT_OF_ORDER_MILLIS: i64 = 60_000;

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
    let mut reader = RangeReader::new(Arc::clone(journal), from..end);
    while found.is_none() {
        let piece = reader.read(&mut |placed| {
            let time = Record::decode(placed.payload).map_or(i64::MIN, |record| record.time_ms);
            found = found.or((time >= since).then_some(placed.sequence));
        })?;
        if piece == RangePiece::Last {
            break;
        }
    }
    Ok(found.unwrap_or(end))
}

/// When a record was made; `None` if it cannot be read.
fn time_of(journal: &Arc<dyn Disk>, sequence: u64) -> Result<Option<i64>, JournalError> {
    let mut time = None;
    let mut reader = RangeReader::new(Arc::clone(journal), sequence..sequence.saturating_add(1));
    while reader.read(&mut |placed| {
        time = Record::decode(placed.payload).ok().map(|record| record.time_ms);
    })? == RangePiece::Further
    {}
    Ok(time)
}
