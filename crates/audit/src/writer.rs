//! The one thread that writes. It takes the records that wait, seals them into the chain, writes once, syncs once,
//! and settles the batch.
//!
//! The thread has no clock. It counts in ticks how long the queue may have kept it waiting, which bounds the time
//! that has passed. Handed-over records are thus synced within 100 ms, plus what the writes themselves take.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::chain::{CHAIN_LEN, Chain, seal};
use crate::disk::{Disk, DiskFile};
use crate::error::Refused;
use crate::journal::JournalHealth;
use crate::queue::{Batch, Found, Shared};
use crate::segment::{self, HEADER_LEN, Header, Node, Segment};
use crate::stored;

/// Handed-over records are synced when this many ticks of 2 ms have passed. A batch counts as one tick, because it
/// waits for more records at most that long, and as [`QUIET_TICKS`] more if the queue was idle before it.
const TICKS_MAX: u32 = 50;
/// When the queue has been idle for this long, the writer syncs at once what remains to be synced.
const QUIET: Duration = Duration::from_millis(20);
const QUIET_TICKS: u32 = 10;
/// How often handed-over records are tried again after a failed write; without any, whether the disk takes bytes again.
const RETRY: Duration = Duration::from_millis(100);
/// So many bytes have to find room before records are taken again.
const PROBE_BYTES: usize = 64 * 1024;

/// The end of the journal, where the next record goes.
pub(crate) struct Tail {
    file: Box<dyn DiskFile>,
    node: Node,
    /// Sequence number of the segment's first record.
    first: u64,
    /// Bytes in the segment up to the last whole frame.
    len: u64,
    /// Bytes in the file: zeroes behind `len`, room for the next frames.
    end: u64,
    chain: Chain,
    /// Sequence number of the next record.
    pub(crate) next: u64,
    /// All of the file is durable.
    synced: bool,
    /// A failed write may have left bytes behind `len`.
    dirty: bool,
    /// Bytes of all other files of the journal, or more: nobody but the writer makes them grow for long.
    others: u64,
}

/// How long segments get.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) segment_bytes_max: u64,
    pub(crate) room_bytes: u64,
    /// Of all files together.
    pub(crate) bytes_max: Option<u64>,
}

pub(crate) enum Failure {
    /// Nothing was added to the journal; the write can be tried again.
    Write(io::Error),
    /// Nothing was added, because the journal's files may get no longer together.
    Limit,
    /// What is on disk is unknown; the journal must stop.
    Sync(io::Error),
}

impl Failure {
    /// What the journal says of itself then; `None` if it has to stop.
    fn health(&self) -> Option<JournalHealth> {
        match self {
            Self::Write(error) => Some(JournalHealth::NotWriting(error.kind())),
            Self::Limit => Some(JournalHealth::AtLimit),
            Self::Sync(_) => None,
        }
    }
}

pub(crate) struct Writer {
    shared: Arc<Shared>,
    disk: Arc<dyn Disk>,
    tail: Tail,
    sizes: Sizes,
    /// Frames that were handed over and could not be written yet.
    kept: Vec<u8>,
    kept_records: u64,
    ticks: u32,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, disk: Arc<dyn Disk>, tail: Tail, sizes: Sizes) -> Self {
        shared.reached(tail.next);
        shared.synced_to(tail.next);
        Self { shared, disk, tail, sizes, kept: Vec::new(), kept_records: 0, ticks: 0 }
    }

    /// Writes until the journal closes or a sync fails. Returns whether everything accepted is on disk.
    pub(crate) fn run(mut self) -> bool {
        let _stop = StopOnUnwind(Arc::clone(&self.shared));
        let mut batch = Batch::new();
        loop {
            let found = self.shared.take(&mut batch, self.patience());
            let written = match found {
                Found::Records { was_idle } => {
                    self.ticks += if was_idle { 1 + QUIET_TICKS } else { 1 };
                    self.write(&mut batch)
                }
                Found::Nothing | Found::Closed if self.kept_records > 0 => self.write(&mut batch),
                Found::Nothing if !self.is_writing() => self.probe(),
                Found::Nothing | Found::Closed => self.sync(),
            };
            match written {
                Err(Failure::Sync(error)) => {
                    self.shared.stop(error.kind());
                    batch.settle(Err(Refused::Stopped));
                    return false;
                }
                // The batch was put back or refused. Kept records are tried again, unless this is the end.
                Err(Failure::Write(_) | Failure::Limit) | Ok(()) => {}
            }
            if found == Found::Closed {
                return self.kept_records == 0 && self.sync().is_ok() && self.tail.finish().is_ok();
            }
        }
    }

    /// Tells at once that a disk is full, before a record finds out.
    pub(crate) fn look_for_room(&mut self) {
        let is_short = self.disk.free_bytes().is_some_and(|free| free < PROBE_BYTES as u64);
        let probed = if is_short {
            self.tail.probe(&*self.disk, self.sizes)
        } else {
            self.tail.permit(&*self.disk, PROBE_BYTES as u64, self.sizes).map(drop)
        };
        if let Some(health) = probed.err().as_ref().and_then(Failure::health) {
            self.shared.set_health(health);
        }
    }

    /// How long to wait for records before there is something else to do.
    fn patience(&self) -> Option<Duration> {
        if self.kept_records > 0 || !self.is_writing() {
            Some(RETRY)
        } else if self.tail.synced {
            None
        } else {
            Some(QUIET)
        }
    }

    /// Writes the kept records and, behind them, the batch. Settles the batch, whatever comes of the write.
    fn write(&mut self, batch: &mut Batch) -> Result<(), Failure> {
        if !self.kept.is_empty() {
            batch.bytes.splice(CHAIN_LEN..CHAIN_LEN, self.kept.iter().copied());
        }
        let records = self.kept_records + batch.records as u64;
        let first_awaited = self.tail.next + self.kept_records;
        // Handed-over records are synced ten times in a second: room would cost more than it saves.
        let room_bytes = if batch.is_awaited() { self.sizes.room_bytes } else { 0 };
        let sizes = Sizes { room_bytes, ..self.sizes };
        if let Err(failure) = self.tail.write(&*self.disk, &mut batch.bytes, records, sizes) {
            return self.put_back(batch, failure);
        }
        self.shared.reached(self.tail.next);
        self.kept.clear();
        self.kept_records = 0;
        if batch.is_awaited() || self.ticks >= TICKS_MAX {
            self.sync()?;
        }
        if !self.is_writing() {
            self.shared.set_health(JournalHealth::Good);
        }
        self.shared.left(0);
        batch.settle(Ok(first_awaited));
        Ok(())
    }

    /// After a failed write: refuses the records that someone waits for, and keeps those handed over, because
    /// nobody can refuse these any more. The kept records are bounded: no other record is accepted until they are
    /// written.
    fn put_back(&mut self, batch: &mut Batch, failure: Failure) -> Result<(), Failure> {
        let Some(health) = failure.health() else { return Err(failure) };
        self.shared.set_health(health);
        let shift = self.kept.len();
        for range in &batch.handed_over {
            let frame = batch.bytes.get(range.start + shift..range.end + shift).unwrap_or_default();
            self.kept.extend_from_slice(frame);
        }
        self.kept_records += batch.handed_over.len() as u64;
        self.shared.left(usize::try_from(self.kept_records).unwrap_or(usize::MAX));
        batch.settle(Err(Refused::NotWritten));
        Err(failure)
    }

    /// Whether the last write succeeded.
    fn is_writing(&self) -> bool {
        self.shared.health() == JournalHealth::Good
    }

    /// Looks whether the disk takes bytes again. While it does not, calls are refused before they have anything to record,
    /// so that no record would find out.
    fn probe(&mut self) -> Result<(), Failure> {
        self.tail.probe(&*self.disk, self.sizes)?;
        self.shared.set_health(JournalHealth::Good);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Failure> {
        self.ticks = 0;
        self.tail.sync()?;
        self.shared.synced_to(self.tail.next);
        Ok(())
    }
}

impl Tail {
    /// Makes the segment that `header` describes, durably.
    pub(crate) fn begin(disk: &dyn Disk, header: &Header) -> Result<Self, Failure> {
        let name = segment::name(header.first);
        let bytes = header.encode();
        let mut file = disk.create(&name).map_err(Failure::Write)?;
        if let Err(error) = file.write_at(0, &bytes) {
            // If the file cannot be removed, it stays, and the next attempts fail until a restart clears it.
            let _ = disk.remove(&name);
            return Err(Failure::Write(error));
        }
        file.sync().map_err(Failure::Sync)?;
        disk.sync_directory().map_err(Failure::Sync)?;
        let chain = bytes.last_chunk().copied().unwrap_or_default();
        Ok(Self {
            file,
            node: header.node,
            first: header.first,
            len: HEADER_LEN as u64,
            end: HEADER_LEN as u64,
            chain,
            next: header.first,
            synced: true,
            dirty: false,
            others: stored::bytes_besides(disk, &name).map_err(Failure::Write)?,
        })
    }

    /// Continues behind a segment that was checked, cut and synced.
    pub(crate) fn resume(file: Box<dyn DiskFile>, last: &Segment, others: u64) -> Self {
        Self {
            file,
            node: last.header.node,
            first: last.header.first,
            len: last.len as u64,
            end: last.len as u64,
            chain: last.chain,
            next: last.next,
            synced: true,
            dirty: false,
            others,
        }
    }

    /// Seals the frames in `buffer` (behind room for a chain value) and writes them, into a new segment if this one
    /// is full. A group is never split: a segment exceeds its limit only when a single group does.
    fn write(
        &mut self,
        disk: &dyn Disk,
        buffer: &mut [u8],
        records: u64,
        sizes: Sizes,
    ) -> Result<(), Failure> {
        self.clean()?;
        let added = buffer.len().saturating_sub(CHAIN_LEN) as u64;
        let is_full = self.len > HEADER_LEN as u64 && self.len + added > sizes.segment_bytes_max;
        let header = if is_full { HEADER_LEN as u64 } else { 0 };
        let room = self.permit(disk, header + added, sizes)?;
        if is_full {
            // Only the newest segment may be torn.
            self.sync()?;
            self.finish()?;
            *self = Self::begin(disk, &Header { node: self.node, first: self.next, before: self.chain })?;
        }
        let not_frames = || Failure::Write(io::ErrorKind::InvalidData.into());
        let chain = seal(buffer, &self.chain, self.synced).ok_or_else(not_frames)?;
        let frames = buffer.get(CHAIN_LEN..).ok_or_else(not_frames)?;
        self.synced = false;
        let written = self.make_room(added, room).and_then(|()| self.file.write_at(self.len, frames));
        if let Err(error) = written {
            self.dirty = true;
            // If cleaning fails here, the next write tries it again.
            let _ = self.clean();
            return Err(Failure::Write(error));
        }
        self.chain = chain;
        self.len += added;
        self.next += records;
        Ok(())
    }

    /// Whether the journal may get so much longer: then how much room there may be behind, else [`Failure::Limit`].
    fn permit(&mut self, disk: &dyn Disk, added: u64, sizes: Sizes) -> Result<u64, Failure> {
        let Some(bytes_max) = sizes.bytes_max else { return Ok(sizes.room_bytes) };
        let left = |tail: &Self| bytes_max.checked_sub(tail.others + tail.len + added);
        if left(self).is_none() {
            // Others may have been compressed, removed or moved away meanwhile.
            self.others = stored::bytes_besides(disk, &segment::name(self.first)).map_err(Failure::Write)?;
        }
        left(self).map(|left| left.min(sizes.room_bytes)).ok_or(Failure::Limit)
    }

    /// Writes zeroes behind the last frame. They are room.
    fn probe(&mut self, disk: &dyn Disk, sizes: Sizes) -> Result<(), Failure> {
        self.clean()?;
        self.permit(disk, PROBE_BYTES as u64, sizes)?;
        self.synced = false;
        if let Err(error) = self.file.write_at(self.len, &[0; PROBE_BYTES]) {
            self.dirty = true;
            let _ = self.clean();
            return Err(Failure::Write(error));
        }
        self.end = self.end.max(self.len + PROBE_BYTES as u64);
        Ok(())
    }

    /// Lengthens the file by zeroes when it has no room for the added bytes. The zeroes are written, not just a
    /// length set: the file system would otherwise have to note the first write to each block.
    fn make_room(&mut self, added: u64, room_bytes: u64) -> io::Result<()> {
        let needed = self.len + added;
        if needed <= self.end || room_bytes == 0 {
            self.end = self.end.max(needed);
            return Ok(());
        }
        let end = needed + room_bytes;
        let zeroes = usize::try_from(end - self.end).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.file.write_at(self.end, &vec![0; zeroes])?;
        self.end = end;
        Ok(())
    }

    /// Cuts off the room: nothing more is written into this segment.
    fn finish(&mut self) -> Result<(), Failure> {
        self.dirty |= self.end > self.len;
        self.clean()
    }

    /// Cuts off what a failed write left, and the room.
    fn clean(&mut self) -> Result<(), Failure> {
        if self.dirty {
            self.file.truncate(self.len).map_err(Failure::Write)?;
            self.end = self.len;
            self.dirty = false;
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Failure> {
        if !self.synced {
            self.file.sync().map_err(Failure::Sync)?;
            self.synced = true;
        }
        Ok(())
    }
}

/// Refuses everything from now on if the writer panics.
struct StopOnUnwind(Arc<Shared>);

impl Drop for StopOnUnwind {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop(io::ErrorKind::Other);
        }
    }
}
