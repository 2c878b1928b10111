//! Reading a journal while it is written, from any segment on.
//!
//! Whoever reads here sees frames that verify, in the order of their sequence numbers. That one segment follows another is
//! for [`verify`](crate::verify()) to check.

use std::sync::Arc;

use crate::chain::{CHAIN_LEN, FRAME_OVERHEAD, Frame, PAYLOAD_BYTES_MAX, frame_at};
use crate::disk::Disk;
use crate::error::{Damage, JournalError, Reason};
use crate::segment::{HEADER_LEN, Header, Node, name, parse_name};
use crate::stored::{self, segment_files};

/// Bytes that are read at a time when records follow each other.
const RUN_BYTES: usize = 256 * 1024;
/// A run that left this many bytes, or more, met something that is no frame.
pub(crate) const FRAME_BYTES_MAX: usize = PAYLOAD_BYTES_MAX + FRAME_OVERHEAD;

const _: () =
    assert!(RUN_BYTES > PAYLOAD_BYTES_MAX + FRAME_OVERHEAD + CHAIN_LEN, "a run has room for any frame");

/// The sequence numbers with which segments begin, oldest first. They name the segments.
///
/// # Errors
/// [`JournalError::Io`] if the directory cannot be read.
pub fn segments(disk: &dyn Disk) -> Result<Vec<u64>, JournalError> {
    Ok(segment_files(disk)?.iter().filter_map(|file| parse_name(file)).collect())
}

/// A record where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Placed<'b> {
    /// Its sequence number.
    pub sequence: u64,
    /// Where its frame begins in its segment, in bytes.
    pub offset: u64,
    /// The record's bytes.
    pub payload: &'b [u8],
    /// The chain value in which its frame ends.
    pub chain: [u8; CHAIN_LEN],
}

/// Reads one segment from its first record on, as far as it is written, and goes on when more is.
pub struct SegmentReader {
    disk: Arc<dyn Disk>,
    file: String,
    header: Header,
    next: u64,
    offset: u64,
    buffer: Vec<u8>,
}

/// What [`SegmentReader::read`] read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// How many records.
    pub records: usize,
    /// It ended for want of room, so that there may be more at once.
    pub is_full: bool,
}

impl SegmentReader {
    /// The segment that begins with record `first`.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] for a header that does not hold, also of a segment that is just being made;
    /// [`JournalError::Io`] if it cannot be read.
    pub fn open(disk: Arc<dyn Disk>, first: u64) -> Result<Self, JournalError> {
        let file = name(first);
        let mut head = [0; HEADER_LEN];
        let read = stored::read_at(&*disk, &file, 0, &mut head)?;
        match head.get(..read).and_then(Header::decode) {
            Some((header, _)) if header.first == first => {
                let buffer = vec![0; RUN_BYTES];
                Ok(Self { disk, file, header, next: first, offset: HEADER_LEN as u64, buffer })
            }
            _ => Err(JournalError::Damaged(Damage { file, offset: 0, reason: Reason::Header })),
        }
    }

    /// Whose journal it is.
    #[must_use]
    pub fn node(&self) -> Node {
        self.header.node
    }

    /// Sequence number of the record that is read next.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next
    }

    /// What the segment says of itself.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// Where the record begins that is read next, in bytes.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Shows the records that follow and verify, at most about 256 KiB of them. None follow where the segment ends, where it
    /// is still being written, and where it is damaged.
    ///
    /// # Errors
    /// [`JournalError::Io`] if the segment cannot be read, [`JournalError::Damaged`] if its compressed form does not hold.
    pub fn read(&mut self, visit: &mut dyn FnMut(Placed<'_>)) -> Result<Run, JournalError> {
        // The chain value on which the frame builds stands in front of it.
        let start = self.offset.saturating_sub(CHAIN_LEN as u64);
        let read = stored::read_at(&*self.disk, &self.file, start, &mut self.buffer)?;
        let bytes = self.buffer.get(..read).unwrap_or_default();
        let mut at = CHAIN_LEN;
        let mut records = 0;
        while let Some(frame) = frame_at(bytes, at) {
            let Frame { payload, chain, .. } = frame;
            visit(Placed { sequence: self.next, offset: start + at as u64, payload, chain });
            at = frame.end;
            self.next = self.next.saturating_add(1);
            records += 1;
        }
        self.offset = start + at as u64;
        Ok(Run { records, is_full: at + FRAME_BYTES_MAX > RUN_BYTES })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Journal, MemoryDisk, Options, RecordReader};

    fn journal(disk: &MemoryDisk) -> Journal {
        let options = Options { segment_bytes_max: 4000, ..Options::new([7; 16]) };
        Journal::open(Arc::new(disk.clone()), options).unwrap().0
    }

    fn record(number: u64) -> Vec<u8> {
        format!("{number} {}", "x".repeat(usize::try_from(number % 7).unwrap() * 500)).into_bytes()
    }

    fn wait(journal: &Journal) {
        while journal.waiting() > 0 {
            std::thread::yield_now();
        }
    }

    /// Reads on to the end of the journal, from segment to segment.
    fn follow(
        disk: &Arc<dyn Disk>,
        reader: &mut Option<(u64, SegmentReader)>,
        seen: &mut Vec<(u64, u64, u64)>,
    ) {
        loop {
            let (segment, mut open) =
                reader.take().unwrap_or_else(|| (1, SegmentReader::open(Arc::clone(disk), 1).unwrap()));
            let mut note = |placed: Placed<'_>| {
                assert_eq!(placed.payload, record(placed.sequence));
                seen.push((segment, placed.offset, placed.sequence));
            };
            while open.read(&mut note).unwrap().is_full {}
            let next = open.next_sequence();
            let is_over = next != segment && segments(&**disk).unwrap().contains(&next);
            *reader = Some(if is_over {
                (next, SegmentReader::open(Arc::clone(disk), next).unwrap())
            } else {
                (segment, open)
            });
            if !is_over {
                return;
            }
        }
    }

    #[test]
    fn a_reader_follows_the_writer_and_finds_each_record_again() {
        let disk = MemoryDisk::new();
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let journal = journal(&disk);
        let mut reader = None;
        let mut seen = Vec::new();
        for number in 1..=200 {
            journal.hand_over(&record(number)).unwrap();
            if number % 10 == 0 {
                wait(&journal);
                follow(&shared, &mut reader, &mut seen);
            }
        }
        assert_eq!(seen.len(), 200);
        assert!(segments(&*shared).unwrap().len() > 10);
        let records = RecordReader::new(Arc::clone(&shared));
        for (segment, offset, sequence) in seen {
            assert_eq!(records.record_at(segment, offset).unwrap(), record(sequence));
        }
        assert!(records.record_at(1, 97).is_err(), "no frame begins there");
    }

    #[test]
    fn a_changed_record_is_not_shown() {
        let disk = MemoryDisk::new();
        let shared: Arc<dyn Disk> = Arc::new(disk.clone());
        let journal = journal(&disk);
        for number in [8, 1, 8] {
            journal.hand_over(&record(number)).unwrap();
        }
        journal.close().unwrap();
        disk.open(&name(1)).unwrap().write_at(HEADER_LEN as u64 + 700, b"!").unwrap();
        let mut reader = SegmentReader::open(Arc::clone(&shared), 1).unwrap();
        let mut seen = Vec::new();
        reader.read(&mut |placed| seen.push(placed.sequence)).unwrap();
        assert_eq!(seen, [1]);
        assert!(SegmentReader::open(shared, 2).is_err(), "there is no such segment");
    }
}
