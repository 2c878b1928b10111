//! A range of records, from segment to segment, while the journal is written.

use std::{io, ops::Range, sync::Arc};

use crate::disk::Disk;
use crate::error::JournalError;
use crate::reader::{Placed, Run, SegmentReader, segments};

/// Reads a range of records, about 256 KiB at a time. What is not written yet is read when it is.
pub struct RangeReader {
    disk: Arc<dyn Disk>,
    reader: Option<SegmentReader>,
    range: Range<u64>,
}

/// What [`RangeReader::read`] came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangePiece {
    /// There may be more at once.
    Further,
    /// All records of the range were shown, or the journal ends before, for now.
    Last,
    /// So many records are not there any more, and were passed over.
    Missing(u64),
}

impl RangeReader {
    /// Of the journal on this disk. A range may end behind the journal's end.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>, range: Range<u64>) -> Self {
        Self { disk, reader: None, range }
    }

    /// The sequence number of the record that is shown next.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.range.start
    }

    /// Shows the records that follow, a piece of them.
    ///
    /// # Errors
    /// [`JournalError`] if the journal cannot be read.
    pub fn read(&mut self, visit: &mut dyn FnMut(Placed<'_>)) -> Result<RangePiece, JournalError> {
        if self.range.is_empty() {
            return Ok(RangePiece::Last);
        }
        let Some(reader) = &mut self.reader else { return self.open() };
        let Range { start, end } = &mut self.range;
        let read = reader.read(&mut |placed| {
            if (*start..*end).contains(&placed.sequence) {
                visit(placed);
                *start = placed.sequence + 1;
            }
        });
        let Run { records, is_full } = match read {
            // The segment was moved away with all before it.
            Err(JournalError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                self.reader = None;
                return Ok(RangePiece::Further);
            }
            run => run?,
        };
        if is_full {
            return Ok(RangePiece::Further);
        }
        // A segment is over when another one follows and nothing came to it since. One without a record has the number of its own
        // successor.
        let next = reader.next_sequence();
        let is_over = next > reader.header().first && segments(&*self.disk)?.contains(&next);
        if !is_over {
            return Ok(RangePiece::Last);
        }
        if records == 0 {
            self.reader = None;
        }
        Ok(RangePiece::Further)
    }

    /// Opens the segment that has the next record, or else passes over what is missing before the oldest one.
    fn open(&mut self) -> Result<RangePiece, JournalError> {
        let Range { start, end } = &mut self.range;
        let all = segments(&*self.disk)?;
        let Some(first) = all.iter().rfind(|first| **first <= *start).or_else(|| all.first()).copied() else {
            return Ok(RangePiece::Last);
        };
        if first > *start {
            let missing = first.min(*end) - *start;
            *start += missing;
            return Ok(RangePiece::Missing(missing));
        }
        match SegmentReader::open(Arc::clone(&self.disk), first) {
            Ok(reader) => self.reader = Some(reader),
            // It is just being made.
            Err(JournalError::Damaged(_)) if all.last() == Some(&first) => return Ok(RangePiece::Last),
            Err(error) => return Err(error),
        }
        Ok(RangePiece::Further)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Journal, MemoryDisk, Options};

    /// Writes these records, one after the other, to a journal with many segments.
    fn write(disk: &MemoryDisk, numbers: Range<u64>) {
        let options = Options { segment_bytes_max: 1000, ..Options::new([7; 16]) };
        let (journal, _) = Journal::open(Arc::new(disk.clone()), options).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for number in numbers {
            runtime.block_on(journal.append(number.to_string().repeat(20).as_bytes())).unwrap();
        }
        journal.close().unwrap();
    }

    /// What is read until it is the last for now, and how many records were missing.
    fn all(reader: &mut RangeReader) -> (Vec<u64>, u64) {
        let (mut seen, mut missing) = (Vec::new(), 0);
        loop {
            let piece = reader.read(&mut |placed| {
                assert_eq!(placed.payload, placed.sequence.to_string().repeat(20).as_bytes());
                seen.push(placed.sequence);
            });
            match piece.unwrap() {
                RangePiece::Further => {}
                RangePiece::Missing(more) => missing += more,
                RangePiece::Last => return (seen, missing),
            }
        }
    }

    #[test]
    fn a_range_is_read_whole_and_further_when_more_is_written() {
        let disk = MemoryDisk::new();
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let mut endless = RangeReader::new(Arc::clone(&shared), 1..u64::MAX);
        assert_eq!(all(&mut endless), (vec![], 0), "there is no journal yet");
        write(&disk, 1..101);
        assert!(segments(&disk).unwrap().len() > 5);
        assert_eq!(all(&mut endless), ((1..101).collect(), 0));
        write(&disk, 101..151);
        assert_eq!(all(&mut endless), ((101..151).collect(), 0));
        for range in [1..2, 7..60, 60..61, 149..200, 40..40] {
            let mut reader = RangeReader::new(Arc::clone(&shared), range.clone());
            let expected: Vec<u64> = (range.start..range.end.min(151)).collect();
            assert_eq!(all(&mut reader), (expected, 0), "{range:?}");
            assert_eq!(reader.next_sequence(), range.end.min(151));
        }
    }

    #[test]
    fn what_was_moved_away_is_passed_over_and_counted() {
        let disk = MemoryDisk::new();
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        write(&disk, 1..101);
        let firsts = segments(&disk).unwrap();
        let mut underway = RangeReader::new(Arc::clone(&shared), 1..u64::MAX);
        assert_eq!(underway.read(&mut |_| ()).unwrap(), RangePiece::Further);
        for first in &firsts[..3] {
            disk.remove(&crate::segment::name(*first)).unwrap();
        }
        let (kept, missing) = ((firsts[3]..101).collect::<Vec<_>>(), firsts[3] - 1);
        assert_eq!(all(&mut underway), (kept.clone(), missing));
        assert_eq!(all(&mut RangeReader::new(Arc::clone(&shared), 1..u64::MAX)), (kept, missing));
        assert_eq!(all(&mut RangeReader::new(shared, 2..4)), (vec![], 2));
    }
}
