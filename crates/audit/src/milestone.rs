//! Heads of a journal, to be kept elsewhere: whether a journal still goes on from where it once ended.

use std::{fmt, str::FromStr};

use base16ct::lower::encode_string;

use crate::chain::{CHAIN_LEN, Chain};
use crate::disk::Disk;
use crate::error::JournalError;
use crate::segment::{Frames, HEADER_LEN, Header, Segment, parse_name};
use crate::stored::{self, segment_files};
use crate::verify::ChainVerdict;

/// A record's sequence number, and the chain value behind the record. Written `5:` and 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Milestone {
    /// The record's sequence number.
    pub sequence: u64,
    /// The chain value behind it, which binds the record and all before it.
    pub chain: [u8; CHAIN_LEN],
}

/// The text is no milestone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAMilestone;

impl ChainVerdict {
    /// Where the records that are not there any more ended; `None` if the journal has its first record.
    #[must_use]
    pub fn beginning(&self) -> Option<Milestone> {
        let sequence = self.first_sequence.checked_sub(1).filter(|sequence| *sequence > 0)?;
        Some(Milestone { sequence, chain: self.before })
    }

    /// Where the journal ends; `None` for an empty one.
    #[must_use]
    pub fn end(&self) -> Option<Milestone> {
        let sequence = self.next_sequence.checked_sub(1).filter(|sequence| *sequence > 0)?;
        Some(Milestone { sequence, chain: self.chain })
    }
}

/// The journal's own milestone at a record, or at the last one before its first; `None` if the journal has no such record: its end
/// was cut off, or the segment was removed or moved away.
///
/// # Errors
/// [`JournalError::Damaged`] if the record's segment contradicts itself, [`JournalError::Io`] if it cannot be read.
pub fn milestone(disk: &dyn Disk, sequence: u64) -> Result<Option<Milestone>, JournalError> {
    let files = segment_files(disk)?;
    let holds = |file: &&String| parse_name(file).is_some_and(|first| first <= sequence);
    let Some(file) = files.iter().rfind(holds) else { return before_the_first(disk, &files, sequence) };
    let bytes = stored::read(disk, file)?;
    let is_newest = files.last() == Some(file);
    let segment = Segment::check(file, &bytes, is_newest, &mut |_, _| {}).map_err(JournalError::Damaged)?;
    let index = usize::try_from(sequence.saturating_sub(segment.header.first)).unwrap_or(usize::MAX);
    Ok(Frames::new(&bytes).nth(index).map(|frame| Milestone { sequence, chain: frame.chain }))
}

/// The milestone on which the first segment builds, if it is this one.
fn before_the_first(
    disk: &dyn Disk,
    files: &[String],
    sequence: u64,
) -> Result<Option<Milestone>, JournalError> {
    let Some(file) = files.first() else { return Ok(None) };
    let mut head = [0; HEADER_LEN];
    let read = stored::read_at(disk, file, 0, &mut head)?;
    let header = head.get(..read).and_then(Header::decode).filter(|(header, _)| header.first == sequence + 1);
    Ok(header.map(|(header, _)| Milestone { sequence, chain: header.before }))
}

impl fmt::Display for Milestone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.sequence)?;
        f.write_str(&encode_string(&self.chain))
    }
}

impl FromStr for Milestone {
    type Err = NotAMilestone;

    fn from_str(text: &str) -> Result<Self, NotAMilestone> {
        let (sequence, digits) = text.split_once(':').ok_or(NotAMilestone)?;
        let sequence = sequence.parse().map_err(|_| NotAMilestone)?;
        let chain = base16ct::mixed::decode_vec(digits).ok().and_then(|bytes| Chain::try_from(bytes).ok());
        Ok(Self { sequence, chain: chain.ok_or(NotAMilestone)? })
    }
}

impl fmt::Display for NotAMilestone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a sequence number, a colon and 64 hexadecimal digits")
    }
}

impl std::error::Error for NotAMilestone {}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Journal, MemoryDisk, Options, verify};

    /// A journal of these records, in segments of a few.
    fn journal(records: &[&str]) -> MemoryDisk {
        let disk = MemoryDisk::new();
        extend(&disk, records);
        disk
    }

    fn extend(disk: &MemoryDisk, records: &[&str]) {
        let options = Options { segment_bytes_max: 300, room_bytes: 0, ..Options::new([7; 16]) };
        let (journal, _) = Journal::open(Arc::new(disk.clone()), options).unwrap();
        for record in records {
            drop(journal.append(record.as_bytes()));
        }
        journal.close().unwrap();
    }

    #[test]
    fn a_journal_that_went_on_still_has_its_old_end() {
        let disk = journal(&["one", "two", "three", "four", "five"]);
        let end = verify(&disk, &mut |_, _| {}).unwrap().end().unwrap();
        assert_eq!((end.sequence, milestone(&disk, 5).unwrap()), (5, Some(end)));
        extend(&disk, &["six", "seven", "eight", "nine"]);
        let verdict = verify(&disk, &mut |_, _| {}).unwrap();
        assert_eq!((verdict.next_sequence, verdict.segments > 1), (10, true));
        assert_eq!(milestone(&disk, 5).unwrap(), Some(end));
    }

    #[test]
    fn a_journal_that_was_cut_or_written_anew_does_not() {
        let end = verify(&journal(&["one", "two", "three"]), &mut |_, _| {}).unwrap().end().unwrap();
        assert_eq!(milestone(&journal(&["one", "two"]), 3).unwrap(), None);
        assert_ne!(milestone(&journal(&["one", "2", "three", "four"]), 3).unwrap(), Some(end));
        assert_eq!(milestone(&journal(&[]), 3).unwrap(), None);
        assert_eq!(verify(&journal(&[]), &mut |_, _| {}).unwrap().end(), None);
    }

    #[test]
    fn a_journal_that_lost_its_beginning_still_has_the_end_of_it() {
        let disk = journal(&["one", "two", "three", "four", "five"]);
        extend(&disk, &["six", "seven", "eight", "nine"]);
        let second = crate::segments(&disk).unwrap()[1];
        let cut = milestone(&disk, second - 1).unwrap();
        assert_eq!(verify(&disk, &mut |_, _| {}).unwrap().beginning(), None);
        disk.remove(&crate::segment::name(1)).unwrap();
        assert_eq!(verify(&disk, &mut |_, _| {}).unwrap().beginning(), cut);
        assert_eq!(milestone(&disk, second - 1).unwrap(), cut);
        assert_eq!(milestone(&disk, second - 2).unwrap(), None);
    }

    #[test]
    fn a_milestone_is_read_as_it_is_written() {
        let end = Milestone { sequence: 12, chain: [0xA5; CHAIN_LEN] };
        assert_eq!(end.to_string().parse(), Ok(end));
        for text in ["", "12", "12:", "x:a5", &format!("{end}0")] {
            assert_eq!(text.parse::<Milestone>(), Err(NotAMilestone), "{text}");
        }
    }
}
