//! The journal as its users see it: open, append, ask how it is, close.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use crate::disk::Disk;
use crate::error::{CloseError, JournalError, Refused, is_full};
use crate::queue::{Appended, Shared};
use crate::recovery::{Recovery, recover};
use crate::segment::Node;
use crate::stored;
use crate::writer::{Sizes, Writer};

/// What a journal may use, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// When a segment would grow beyond this many bytes, a new one follows it. Opening reads up to two
    /// segments.
    pub segment_bytes_max: u64,
    /// The newest segment is up to this many bytes longer than its frames; 0 for none. Most syncs then need
    /// not make a new length of the file durable, which would take as long again.
    pub room_bytes: u64,
    /// All files of the journal together get no longer than this. Records that would make them longer are refused, until
    /// there is room.
    pub bytes_max: Option<u64>,
    /// How many records may wait for the writer; more are refused.
    pub queue_records_max: usize,
    /// How many bytes of records may wait for the writer; more are refused.
    pub queue_bytes_max: usize,
    /// The node whose chain this is.
    pub node: Node,
}

/// Whether records can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalHealth {
    /// The last write succeeded.
    Good,
    /// The last write failed. Appends try again; records to be handed over are refused until a write succeeds.
    NotWriting(io::ErrorKind),
    /// The files of the journal are as long as they may be together. Records are refused until there is room.
    AtLimit,
    /// A sync failed, so that nobody knows what is on disk. Everything is refused until a new start has looked.
    Stopped(io::ErrorKind),
}

/// The journal of one node. Dropping the journal writes and syncs what is queued; [`Journal::close`] also
/// says whether that worked.
pub struct Journal {
    shared: Arc<Shared>,
    disk: Arc<dyn Disk>,
    bytes_max: Option<u64>,
    writer: Mutex<Option<JoinHandle<bool>>>,
}

impl fmt::Display for JournalHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good => f.write_str("writing"),
            Self::NotWriting(kind) if is_full(*kind) => f.write_str("not writing: its disk is full"),
            Self::AtLimit => f.write_str(
                "not writing: its files have reached journal.max_bytes; raise the limit, or move the oldest segments elsewhere",
            ),
            Self::NotWriting(kind) => write!(f, "not writing: {kind}"),
            Self::Stopped(kind) => write!(f, "stopped until the next start: a sync failed: {kind}"),
        }
    }
}

impl Options {
    /// The usual limits: segments of 64 MiB with room of 256 KiB, as many as the disk takes, a queue of 65,536 records and 16 MiB.
    #[must_use]
    pub fn new(node: Node) -> Self {
        Self {
            segment_bytes_max: 64 * 1024 * 1024,
            room_bytes: 256 * 1024,
            bytes_max: None,
            queue_records_max: 65_536,
            queue_bytes_max: 16 * 1024 * 1024,
            node,
        }
    }
}

impl Journal {
    /// Opens the journal on `disk`, or begins one, and starts its writer thread. Reads and checks the last two segments. A
    /// journal on a full disk opens, takes no records, and takes them once there is room.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] and [`JournalError::OtherNode`] leave everything as it was. [`JournalError::Io`] is the system's.
    pub fn open(disk: Arc<dyn Disk>, options: Options) -> Result<(Self, Recovery), JournalError> {
        let Options { segment_bytes_max, room_bytes, bytes_max, queue_records_max, queue_bytes_max, node } =
            options;
        let (tail, recovery) = recover(&disk, node)?;
        let shared = Arc::new(Shared::new(queue_records_max, queue_bytes_max));
        let mut writer = Writer::new(
            Arc::clone(&shared),
            Arc::clone(&disk),
            tail,
            Sizes { segment_bytes_max, room_bytes, bytes_max },
        );
        writer.look_for_room();
        let thread = thread::Builder::new()
            .name("audit-journal".to_owned())
            .spawn(move || writer.run())
            .map_err(JournalError::io("writer thread"))?;
        shared.set_writer(thread.thread().clone());
        Ok((Self { shared, disk, bytes_max, writer: Mutex::new(Some(thread)) }, recovery))
    }

    /// Queues a record and returns at once. The returned future resolves when the record is on disk. Never
    /// blocks on I/O.
    pub fn append(&self, payload: &[u8]) -> Appended {
        self.shared.append(payload)
    }

    /// Queues a record that nobody waits for: it is written within about 2 ms and synced within about 100 ms.
    /// A crash of the process loses the record before it is written, a loss of power before it is synced.
    ///
    /// # Errors
    /// [`Refused`], at once.
    pub fn hand_over(&self, payload: &[u8]) -> Result<(), Refused> {
        self.shared.hand_over(payload)
    }

    /// Whether records can be written, as far as the last attempt showed.
    #[must_use]
    pub fn health(&self) -> JournalHealth {
        self.shared.health()
    }

    /// Bytes that can still be written to the journal's disk; `None` if nobody knows. Asks the system.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        self.disk.free_bytes()
    }

    /// Bytes that can still be written to the journal: the disk's, or fewer where the journal's files may not get so long.
    /// `None` if nobody knows. Asks the system.
    #[must_use]
    pub fn room_bytes(&self) -> Option<u64> {
        let left = |max: u64| Some(max.saturating_sub(stored::bytes_besides(&*self.disk, "").ok()?));
        let free = self.free_bytes();
        let Some(limit) = self.bytes_max.and_then(left) else { return free };
        Some(free.map_or(limit, |free| free.min(limit)))
    }

    /// The sequence number that a record gets at least that is appended from now on.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.shared.next()
    }

    /// The sequence number after the last record that no crash can take away any more.
    #[must_use]
    pub fn synced_sequence(&self) -> u64 {
        self.shared.synced()
    }

    /// How many records wait to be written, or are being written.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.waiting()
    }

    /// Takes no more records, writes and syncs those queued, and ends the writer thread. Blocks until that is
    /// done. A second call has nothing left to do.
    ///
    /// # Errors
    /// [`CloseError`] if records that had been accepted could not be written and synced.
    pub fn close(&self) -> Result<(), CloseError> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(writer) = writer else { return Ok(()) };
        self.shared.close();
        if writer.join().unwrap_or(false) { Ok(()) } else { Err(CloseError) }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // Who wants to know whether it worked calls `close`.
        let _ = self.close();
    }
}
