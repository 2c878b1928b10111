//! The offline check: every segment, every frame, the whole chain.

use crate::disk::Disk;
use crate::error::JournalError;
use crate::segment::{Segment, check_number, is_unfinished};
use crate::stored::{self, segment_files};

/// What the check found in a journal without a contradiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainVerdict {
    /// The first record's sequence number: 1, unless old segments were removed or moved away. 1 for an empty journal.
    pub first_sequence: u64,
    /// The chain value on which the first segment builds: zeroes for a journal from its first record on.
    pub before: [u8; 32],
    /// The number after the last record's.
    pub next_sequence: u64,
    /// How many segments were checked.
    pub segments: usize,
    /// Bytes behind the last record that are no record: the server is writing them, or a crash tore them.
    pub torn_bytes: usize,
    /// The last chain value. Compare it with a copy kept elsewhere: nothing else shows that the newest records were
    /// cut off.
    pub chain: [u8; 32],
}

/// Checks a whole journal and shows each record with its sequence number to `visit`, oldest first. It reads one
/// segment at a time, changes nothing, and may run while a server writes.
///
/// # Errors
/// [`JournalError::Damaged`] with the first place where the journal contradicts itself: the records shown before it verified.
/// [`JournalError::Io`] if a file cannot be read.
pub fn verify(disk: &dyn Disk, visit: &mut dyn FnMut(u64, &[u8])) -> Result<ChainVerdict, JournalError> {
    let files = segment_files(disk)?;
    let mut verdict = ChainVerdict {
        first_sequence: 1,
        before: [0; 32],
        next_sequence: 1,
        segments: 0,
        torn_bytes: 0,
        chain: [0; 32],
    };
    let mut before: Option<Segment> = None;
    for file in &files {
        let bytes = stored::read(disk, file)?;
        let is_newest = files.last() == Some(file);
        if is_newest && is_unfinished(&bytes) {
            check_number(file, verdict.next_sequence).map_err(JournalError::Damaged)?;
            verdict.torn_bytes = bytes.len();
            break;
        }
        let segment = Segment::check(file, &bytes, is_newest, visit).map_err(JournalError::Damaged)?;
        match &before {
            Some(before) => segment.check_follows(before).map_err(JournalError::Damaged)?,
            None => {
                verdict.first_sequence = segment.header.first;
                verdict.before = segment.header.before;
            }
        }
        verdict.segments += 1;
        verdict.next_sequence = segment.next;
        verdict.torn_bytes = segment.torn;
        verdict.chain = segment.chain;
        before = Some(segment);
    }
    Ok(verdict)
}
