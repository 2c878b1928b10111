//! What becomes of full segments: each is compressed, and removed when its time is over.
//!
//! The work has time. Whoever calls gives a pause, which is taken between small pieces of work and may end it. A crash at any
//! moment leaves a journal that says the same: a compressed form counts only when the segment itself is gone, and the segment
//! goes only when the compressed form was read back and is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::compressed::{self, Pause};
use crate::disk::Disk;
use crate::error::{Damage, JournalError, Reason};
use crate::milestone::Milestone;
use crate::reader::{SegmentReader, segments};
use crate::record::time_of;
use crate::segment::{HEADER_LEN, Header, name};
use crate::single::RecordReader;
use crate::stored;

/// Looks after the full segments of a journal. Only the process that writes the journal may.
pub struct Upkeep {
    disk: Arc<dyn Disk>,
    records: RecordReader,
    known: Mutex<KnownSegments>,
}

/// What need not be found out again.
#[derive(Default)]
struct KnownSegments {
    /// Segments that stay as they are: they do not hold, and the operator has been told.
    left_alone: BTreeSet<u64>,
    /// The time of a segment's latest record.
    latest: BTreeMap<u64, i64>,
    /// Bytes of a compressed segment before it was.
    lengths: BTreeMap<u64, u64>,
}

/// A segment that was compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompressedSegment {
    /// Sequence number of its first record.
    pub first: u64,
    /// Its bytes before.
    pub bytes: u64,
    /// Its bytes now.
    pub compressed_bytes: u64,
}

/// The oldest segment of a journal, whose time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutdatedSegment {
    /// Sequence number of its first record.
    pub first: u64,
    /// Its last record, and the chain value behind it, on which the next segment builds.
    pub end: Milestone,
    /// When its latest record was, in milliseconds since 1970, UTC.
    pub latest_ms: i64,
}

/// How large a journal is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Inventory {
    /// How many segments there are.
    pub segments: u64,
    /// How many of them are compressed.
    pub compressed_segments: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Bytes of all files, if no segment were compressed.
    pub uncompressed_bytes: u64,
    /// When the oldest record was, in milliseconds since 1970, UTC.
    pub oldest_ms: Option<i64>,
}

impl OutdatedSegment {
    /// Whether a record of this segment, or one before it, still has to be delivered somewhere: `undelivered` is the first such
    /// record.
    #[must_use]
    pub fn is_held(&self, undelivered: Option<u64>) -> bool {
        undelivered.is_some_and(|undelivered| undelivered <= self.end.sequence)
    }
}

impl Upkeep {
    /// Of the journal on this disk.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { records: RecordReader::new(Arc::clone(&disk)), disk, known: Mutex::default() }
    }

    /// Compresses the oldest full segment that is not compressed; `None` if all are. What verified before verifies after: a
    /// segment that does not hold stays as it is, is told once, and is then passed over.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] for a segment that does not hold, [`JournalError::Io`] for what the system refuses and for the
    /// end of the work. The segment is then what it was.
    pub fn compress_next(&self, pause: Pause<'_>) -> Result<Option<CompressedSegment>, JournalError> {
        for (first, next) in self.full()? {
            if self.known().left_alone.contains(&first) || !stored::is_plain(&*self.disk, &name(first))? {
                continue;
            }
            let Some(next) = self.header(next)? else { return Ok(None) };
            let compressed = self.check(first, &next, pause, &mut |_| ());
            let compressed = compressed.and_then(|()| self.compress(first, pause));
            match self.pass_over(first, compressed)? {
                // It is too long for that.
                None => continue,
                compressed => return Ok(compressed),
            }
        }
        Ok(None)
    }

    /// The oldest segment, if another one follows it and all of its records are from before `before_ms`.
    ///
    /// # Errors
    /// As [`Upkeep::compress_next`]: a segment that does not hold is told once, and then neither it nor any behind it is outdated.
    pub fn outdated(
        &self,
        before_ms: i64,
        pause: Pause<'_>,
    ) -> Result<Option<OutdatedSegment>, JournalError> {
        let Some((first, next)) = self.full()?.into_iter().next() else { return Ok(None) };
        if self.known().left_alone.contains(&first) {
            return Ok(None);
        }
        let Some(next) = self.header(next)? else { return Ok(None) };
        let known = self.known().latest.get(&first).copied();
        let latest_ms = match known {
            Some(latest) => latest,
            None => {
                let mut latest = i64::MIN;
                let checked = self.check(first, &next, pause, &mut |payload| {
                    // What a later version may have written in another way is not known to be old.
                    latest = latest.max(time_of(payload).unwrap_or(i64::MAX));
                });
                self.pass_over(first, checked)?;
                self.known().latest.insert(first, latest);
                latest
            }
        };
        let end = Milestone { sequence: next.first.saturating_sub(1), chain: next.before };
        Ok((latest_ms < before_ms).then_some(OutdatedSegment { first, end, latest_ms }))
    }

    /// Removes the oldest segment, durably.
    ///
    /// # Errors
    /// [`JournalError::Io`] for what the system refuses.
    pub fn remove(&self, outdated: &OutdatedSegment) -> Result<(), JournalError> {
        let file = name(outdated.first);
        // The form that counts goes last.
        stored::remove(&*self.disk, &compressed::name(&file))?;
        stored::remove(&*self.disk, &file)?;
        // Before the next segment goes: a power loss must not leave a gap.
        self.disk.sync_directory().map_err(JournalError::io(&file))?;
        let mut known = self.known();
        known.latest.remove(&outdated.first);
        known.lengths.remove(&outdated.first);
        Ok(())
    }

    /// How large the journal is.
    ///
    /// # Errors
    /// [`JournalError`] if the journal cannot be read.
    pub fn inventory(&self) -> Result<Inventory, JournalError> {
        let all = segments(&*self.disk)?;
        let bytes = stored::bytes_besides(&*self.disk, "").map_err(JournalError::io("directory"))?;
        let mut inventory = Inventory {
            segments: all.len() as u64,
            bytes,
            uncompressed_bytes: bytes,
            ..Inventory::default()
        };
        for first in &all {
            let Some((compressed_bytes, len)) = self.compressed_length(*first)? else { continue };
            inventory.compressed_segments += 1;
            inventory.uncompressed_bytes =
                inventory.uncompressed_bytes.saturating_sub(compressed_bytes).saturating_add(len);
        }
        let oldest = all.first().and_then(|first| self.records.record_at(*first, HEADER_LEN as u64).ok());
        inventory.oldest_ms = oldest.and_then(|payload| time_of(&payload));
        Ok(inventory)
    }

    /// Segments that others follow, each with the next one, oldest first.
    fn full(&self) -> Result<Vec<(u64, u64)>, JournalError> {
        let all = segments(&*self.disk)?;
        Ok(all.iter().copied().zip(all.iter().copied().skip(1)).collect())
    }

    /// The header of a segment; `None` if that is the newest one, and just being made.
    fn header(&self, first: u64) -> Result<Option<Header>, JournalError> {
        match SegmentReader::open(Arc::clone(&self.disk), first) {
            Ok(reader) => Ok(Some(reader.header().clone())),
            Err(JournalError::Damaged(_)) if segments(&*self.disk)?.last() == Some(&first) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads a full segment from its beginning to its end, and checks that the next one goes on from there.
    fn check(
        &self,
        first: u64,
        next: &Header,
        pause: Pause<'_>,
        visit: &mut dyn FnMut(&[u8]),
    ) -> Result<(), JournalError> {
        let mut reader = SegmentReader::open(Arc::clone(&self.disk), first)?;
        let mut last = None;
        let mut read = |reader: &mut SegmentReader| {
            reader.read(&mut |placed| {
                visit(placed.payload);
                last = Some(placed.chain);
            })
        };
        while read(&mut reader)?.is_full {
            pause().map_err(JournalError::io(&name(first)))?;
        }
        let damage = |file: u64, offset: u64, reason: Reason| {
            Err(JournalError::Damaged(Damage { file: name(file), offset, reason }))
        };
        if reader.next_sequence() != next.first {
            return damage(first, reader.offset(), Reason::Frame);
        }
        if last.is_some_and(|chain| chain != next.before) {
            return damage(next.first, 0, Reason::Chain);
        }
        Ok(())
    }

    /// Remembers of a segment that it does not hold.
    fn pass_over<T>(&self, first: u64, done: Result<T, JournalError>) -> Result<T, JournalError> {
        if matches!(done, Err(JournalError::Damaged(_))) {
            self.known().left_alone.insert(first);
        }
        done
    }

    /// Puts a segment's compressed form in its place; `None` for a segment that is too long for that.
    fn compress(&self, first: u64, pause: Pause<'_>) -> Result<Option<CompressedSegment>, JournalError> {
        let (disk, file) = (&*self.disk, name(first));
        let form = compressed::name(&file);
        let failed = |error| JournalError::io(&file)(error);
        let bytes = disk.size(&file).map_err(failed)?;
        if bytes > compressed::SEGMENT_BYTES_MAX {
            return Ok(None);
        }
        let mut read = |offset: u64, buffer: &mut [u8]| match disk.read_at(&file, offset, buffer) {
            Ok(read) if read == buffer.len() => Ok(()),
            Ok(_) => Err(failed(io::ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(failed(error)),
        };
        // Of a crash in between.
        stored::remove(disk, &form)?;
        let written = compressed::write(disk, &file, bytes, &mut read, pause)
            .and_then(|()| compressed::compare(disk, &file, bytes, &mut read, pause));
        if let Err(error) = written {
            // It takes room that records need. One that stays does not count.
            let _ = stored::remove(disk, &form);
            return Err(error);
        }
        let compressed_bytes = disk.size(&form).map_err(failed)?;
        stored::remove(disk, &file)?;
        disk.sync_directory().map_err(failed)?;
        Ok(Some(CompressedSegment { first, bytes, compressed_bytes }))
    }

    /// Bytes of a compressed segment, now and before; `None` for one that is not compressed.
    fn compressed_length(&self, first: u64) -> Result<Option<(u64, u64)>, JournalError> {
        let file = name(first);
        if stored::is_plain(&*self.disk, &file)? {
            return Ok(None);
        }
        let known = self.known().lengths.get(&first).copied();
        let len = match known {
            Some(len) => len,
            None => {
                let table = compressed::Table::read(&*self.disk, &file)?;
                self.known().lengths.insert(first, table.segment_bytes);
                table.segment_bytes
            }
        };
        let form = compressed::name(&file);
        let bytes = self.disk.size(&form).map_err(JournalError::io(&form))?;
        Ok(Some((bytes, len)))
    }

    fn known(&self) -> MutexGuard<'_, KnownSegments> {
        // Nothing panics under the lock. If something did, what is known would still be true.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
