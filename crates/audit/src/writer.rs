//! The one thread that writes: takes what waits, seals it into the chain, writes once, syncs once, settles.
//!
//! It has no clock: how much time passes at most follows from how long the queue may keep it waiting, which it
//! counts in ticks. Handed-over records are so synced within 100 ms and what the writes themselves take.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::chain::{CHAIN_LEN, Chain, seal};
use crate::disk::{Disk, DiskFile};
use crate::error::Refused;
use crate::journal::Health;
use crate::queue::{Batch, Found, Shared};
use crate::segment::{self, HEADER_LEN, Header, Node, Segment};

/// Handed-over records are synced when so many ticks of 2 ms have passed. A batch counts for one, because it waits for
/// company at most as long, and for [`QUIET_TICKS`] more if the queue was idle before it.
const TICKS_MAX: u32 = 50;
/// How long the queue must be idle for the writer to sync at once what remains to be synced.
const QUIET: Duration = Duration::from_millis(20);
const QUIET_TICKS: u32 = 10;
/// How often handed-over records are tried again after a failed write.
const RETRY: Duration = Duration::from_millis(100);

/// The end of the journal, where the next record goes.
pub(crate) struct Tail {
    file: Box<dyn DiskFile>,
    node: Node,
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
}

/// How long segments get.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) segment_bytes_max: u64,
    pub(crate) room_bytes: u64,
}

pub(crate) enum Failure {
    /// Nothing was added to the journal; it can be tried again.
    Write(io::Error),
    /// What is on disk is unknown; the journal must stop.
    Sync(io::Error),
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
                Found::Nothing | Found::Closed => self.sync(),
            };
            match written {
                Err(Failure::Sync(error)) => {
                    self.shared.stop(error.kind());
                    batch.settle(Err(Refused::Stopped));
                    return false;
                }
                // The batch was put back or refused; kept records are tried again, unless this is the end.
                Err(Failure::Write(_)) | Ok(()) => {}
            }
            if found == Found::Closed {
                return self.kept_records == 0 && self.sync().is_ok() && self.tail.finish().is_ok();
            }
        }
    }

    /// How long to wait for records before something else has to be done.
    fn patience(&self) -> Option<Duration> {
        if self.kept_records > 0 {
            Some(RETRY)
        } else if self.tail.synced {
            None
        } else {
            Some(QUIET)
        }
    }

    /// Writes the kept records and the batch behind them, and settles the batch, whatever comes of it.
    fn write(&mut self, batch: &mut Batch) -> Result<(), Failure> {
        if !self.kept.is_empty() {
            batch.bytes.splice(CHAIN_LEN..CHAIN_LEN, self.kept.iter().copied());
        }
        let records = self.kept_records + batch.records as u64;
        let first_awaited = self.tail.next + self.kept_records;
        // Records that are only handed over are synced ten times in a second: room would cost more than it spares.
        let room_bytes = if batch.is_awaited() { self.sizes.room_bytes } else { 0 };
        let sizes = Sizes { room_bytes, ..self.sizes };
        if let Err(failure) = self.tail.write(&*self.disk, &mut batch.bytes, records, sizes) {
            return self.put_back(batch, failure);
        }
        self.kept.clear();
        self.kept_records = 0;
        if batch.is_awaited() || self.ticks >= TICKS_MAX {
            self.sync()?;
        }
        if self.shared.health() != Health::Good {
            self.shared.set_health(Health::Good);
        }
        batch.settle(Ok(first_awaited));
        Ok(())
    }

    /// After a failed write: refuses the records someone waits for, and keeps those handed over, which nobody can
    /// refuse any more. They are bounded, because none is accepted until they are written.
    fn put_back(&mut self, batch: &mut Batch, failure: Failure) -> Result<(), Failure> {
        let Failure::Write(error) = failure else { return Err(failure) };
        self.shared.set_health(Health::NotWriting(error.kind()));
        let shift = self.kept.len();
        for range in &batch.handed_over {
            let frame = batch.bytes.get(range.start + shift..range.end + shift).unwrap_or_default();
            self.kept.extend_from_slice(frame);
        }
        self.kept_records += batch.handed_over.len() as u64;
        batch.settle(Err(Refused::NotWritten));
        Err(Failure::Write(error))
    }

    fn sync(&mut self) -> Result<(), Failure> {
        self.ticks = 0;
        self.tail.sync()
    }
}

impl Tail {
    /// Makes the segment that `header` describes, durably.
    pub(crate) fn begin(disk: &dyn Disk, header: &Header) -> Result<Self, Failure> {
        let name = segment::name(header.first);
        let bytes = header.encode();
        let mut file = disk.create(&name).map_err(Failure::Write)?;
        if let Err(error) = file.write_at(0, &bytes) {
            // Left in place if it cannot be removed: then the next attempt fails until a restart clears it.
            let _ = disk.remove(&name);
            return Err(Failure::Write(error));
        }
        file.sync().map_err(Failure::Sync)?;
        disk.sync_directory().map_err(Failure::Sync)?;
        let chain = bytes.last_chunk().copied().unwrap_or_default();
        Ok(Self {
            file,
            node: header.node,
            len: HEADER_LEN as u64,
            end: HEADER_LEN as u64,
            chain,
            next: header.first,
            synced: true,
            dirty: false,
        })
    }

    /// Goes on behind a segment that was checked, cut and synced.
    pub(crate) fn resume(file: Box<dyn DiskFile>, last: &Segment) -> Self {
        Self {
            file,
            node: last.header.node,
            len: last.len as u64,
            end: last.len as u64,
            chain: last.chain,
            next: last.next,
            synced: true,
            dirty: false,
        }
    }

    /// Seals the frames in `buffer` (behind room for a chain value) and writes them, into a new segment if this one has
    /// no room. A group is never split, so a segment may exceed its limit by less than one group.
    fn write(
        &mut self,
        disk: &dyn Disk,
        buffer: &mut [u8],
        records: u64,
        sizes: Sizes,
    ) -> Result<(), Failure> {
        self.clean()?;
        let added = buffer.len().saturating_sub(CHAIN_LEN) as u64;
        if self.len > HEADER_LEN as u64 && self.len + added > sizes.segment_bytes_max {
            // Only the newest segment may be torn.
            self.sync()?;
            self.finish()?;
            *self = Self::begin(disk, &Header { node: self.node, first: self.next, before: self.chain })?;
        }
        let not_frames = || Failure::Write(io::ErrorKind::InvalidData.into());
        let chain = seal(buffer, &self.chain, self.synced).ok_or_else(not_frames)?;
        let frames = buffer.get(CHAIN_LEN..).ok_or_else(not_frames)?;
        self.synced = false;
        let written =
            self.make_room(added, sizes.room_bytes).and_then(|()| self.file.write_at(self.len, frames));
        if let Err(error) = written {
            self.dirty = true;
            // Tried again before the next write, if it fails here.
            let _ = self.clean();
            return Err(Failure::Write(error));
        }
        self.chain = chain;
        self.len += added;
        self.next += records;
        Ok(())
    }

    /// Lengthens the file by zeroes when it has no room for so many bytes. Written zeroes, not just a length: the file
    /// system would have to note of each block when it is written to first.
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

    /// Cuts off the room: nothing more is written here.
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

/// Refuses everything from now on if the writer should end in a way nobody thought of.
struct StopOnUnwind(Arc<Shared>);

impl Drop for StopOnUnwind {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop(io::ErrorKind::Other);
        }
    }
}
