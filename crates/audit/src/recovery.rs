//! Opening: what the last run left, and where this one goes on.
//!
//! Opening checks the last two segments whole. It cuts off what a crash can leave behind (a torn tail, a segment
//! without its header) and keeps it beside the segment. Anything else is damage; opening then touches nothing.

use std::io;
use std::sync::Arc;

use crate::chain::CHAIN_LEN;
use crate::disk::{Disk, DiskFile};
use crate::error::{JournalError, is_full};
use crate::record::time_of;
use crate::segment::{self, Frames, HEADER_LEN, Header, Node, Segment};
use crate::stored::{self, segment_files};
use crate::writer::{Failure, Tail};

/// At most this many bytes of a torn tail are kept.
const TORN_KEPT_MAX: usize = 1024 * 1024;

/// What opening a journal found.
pub struct Recovery {
    disk: Arc<dyn Disk>,
    /// The last one or two segments, oldest first, with their checked lengths.
    recent: Vec<(String, usize)>,
    next: u64,
    latest_ms: Option<i64>,
    torn_bytes: usize,
}

impl Recovery {
    /// The sequence number that the next record gets.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.next
    }

    /// When the last record was, in milliseconds since 1970, UTC; `None` if there is none that tells.
    #[must_use]
    pub fn latest_ms(&self) -> Option<i64> {
        self.latest_ms
    }

    /// How many bytes a crash left behind the last whole record. Nobody was promised them. A file named after the
    /// segment and the offset, ending in `.torn`, keeps the first MiB of them.
    #[must_use]
    pub fn torn_bytes(&self) -> usize {
        self.torn_bytes
    }

    /// Shows the payloads of the last two segments as they were at opening, and of as many segments before them as may hold
    /// the record with the sequence number `from` or a later one, oldest first. A caller that may have lost the answer to an
    /// append learns here which records are in the journal already.
    ///
    /// # Errors
    /// [`JournalError::Io`] if a segment can no longer be read, [`JournalError::Damaged`] if an older one is damaged.
    pub fn payloads_from(&self, from: u64, visit: &mut dyn FnMut(&[u8])) -> Result<(), JournalError> {
        for file in self.older_from(from)? {
            let bytes = stored::read(&*self.disk, &file)?;
            Segment::check(&file, &bytes, false, &mut |_, payload| visit(payload))
                .map_err(JournalError::Damaged)?;
        }
        for (file, len) in &self.recent {
            let bytes = stored::read(&*self.disk, file)?;
            Frames::new(bytes.get(..*len).unwrap_or(&bytes)).for_each(|frame| visit(frame.payload));
        }
        Ok(())
    }
}

impl Recovery {
    /// The segments older than the last two, from the one on that holds the record `from` if there is such a record.
    fn older_from(&self, from: u64) -> Result<Vec<String>, JournalError> {
        let Some((oldest_recent, _)) = self.recent.first() else { return Ok(Vec::new()) };
        let mut older = segment_files(&*self.disk)?;
        older.retain(|file| file < oldest_recent);
        let holds_none = |next: &String| segment::parse_name(next).is_some_and(|first| first <= from);
        let ends = older.iter().skip(1).chain([oldest_recent]);
        let skipped = ends.take_while(|next| holds_none(next)).count().min(older.len());
        Ok(older.split_off(skipped))
    }
}

/// What lies on a disk.
struct Found {
    /// The last one or two segments, oldest first.
    segments: Vec<Segment>,
    /// A newer segment with its bytes, if a crash interrupted its making.
    unfinished: Option<(String, Vec<u8>)>,
    /// When the last record was.
    latest_ms: Option<i64>,
}

/// Finds the end of the journal on `disk`, or begins a new one.
pub(crate) fn recover(disk: &Arc<dyn Disk>, node: Node) -> Result<(Tail, Recovery), JournalError> {
    let Found { segments, unfinished, latest_ms } = look(&**disk)?;
    if segments.last().is_some_and(|last| last.header.node != node) {
        return Err(JournalError::OtherNode);
    }

    // Nothing has been changed up to here, and nothing is damaged.
    let mut torn_bytes = 0;
    if let Some((file, bytes)) = &unfinished {
        torn_bytes += bytes.len();
        discard_unfinished(&**disk, file, bytes).map_err(JournalError::io(file))?;
    }
    let tail = match segments.last() {
        Some(last) if stored::is_plain(&**disk, &last.file)? => {
            torn_bytes += last.torn;
            reopen(&**disk, last).map_err(JournalError::io(&last.file))?
        }
        // Nothing is added to a compressed segment.
        Some(last) => begin(&**disk, &Header { node, first: last.next, before: last.chain })?,
        None => begin(&**disk, &Header { node, first: 1, before: [0; CHAIN_LEN] })?,
    };
    let next = tail.next;
    let recent = segments.into_iter().map(|segment| (segment.file, segment.len)).collect();
    Ok((tail, Recovery { disk: Arc::clone(disk), recent, next, latest_ms, torn_bytes }))
}

/// Checks the last two segments and that one follows the other.
fn look(disk: &dyn Disk) -> Result<Found, JournalError> {
    let mut found = Found { segments: Vec::new(), unfinished: None, latest_ms: None };
    let files = segment_files(disk)?;
    for file in files.iter().rev() {
        if found.segments.len() == 2 {
            break;
        }
        let bytes = stored::read(disk, file)?;
        let is_newest = found.segments.is_empty() && found.unfinished.is_none();
        if is_newest && segment::is_unfinished(&bytes) {
            found.unfinished = Some((file.clone(), bytes));
            continue;
        }
        let mut latest_ms = None;
        let segment = Segment::check(file, &bytes, is_newest, &mut |_, payload| latest_ms = time_of(payload));
        let segment = segment.map_err(JournalError::Damaged)?;
        found.latest_ms = found.latest_ms.or(latest_ms);
        if let Some(after) = found.segments.first() {
            after.check_follows(&segment).map_err(JournalError::Damaged)?;
        }
        found.segments.insert(0, segment);
    }
    if let Some((file, _)) = &found.unfinished {
        let next = found.segments.last().map_or(1, |last| last.next);
        segment::check_number(file, next).map_err(JournalError::Damaged)?;
    }
    Ok(found)
}

fn begin(disk: &dyn Disk, header: &Header) -> Result<Tail, JournalError> {
    Tail::begin(disk, header).map_err(|failure| {
        let error = match failure {
            Failure::Write(error) | Failure::Sync(error) => error,
            Failure::Limit => io::ErrorKind::QuotaExceeded.into(),
        };
        JournalError::io(&segment::name(header.first))(error)
    })
}

fn discard_unfinished(disk: &dyn Disk, file: &str, bytes: &[u8]) -> io::Result<()> {
    disk.remove(file)?;
    disk.sync_directory()?;
    keep_torn(disk, file, 0, bytes)
}

/// Opens the newest segment to continue behind its last whole frame. It makes durable what was found: the next
/// frame will claim that everything before it is durable.
fn reopen(disk: &dyn Disk, last: &Segment) -> io::Result<Tail> {
    let mut file = disk.open(&last.file)?;
    let bytes = if last.torn > 0 { disk.read(&last.file)? } else { Vec::new() };
    if last.torn + last.room > 0 {
        file.truncate(last.len as u64)?;
    }
    file.sync()?;
    disk.sync_directory()?;
    keep_torn(disk, &last.file, last.len, bytes.get(last.len..last.len + last.torn).unwrap_or_default())?;
    Ok(Tail::resume(file, last, stored::bytes_besides(disk, &last.file)?))
}

/// Saves bytes that were cut off beside the segment, replacing those of an earlier crash at the same place. They were cut off
/// first, which makes room. Where there is none all the same, they are given up: nobody was promised them, and a full disk
/// must not keep a server from starting.
fn keep_torn(disk: &dyn Disk, segment: &str, offset: usize, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    let name = format!("{}-{offset}.torn", segment.trim_end_matches(".journal"));
    match disk.remove(&name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    match write_torn(disk, &name, bytes.get(..TORN_KEPT_MAX).unwrap_or(bytes)) {
        Err(error) if is_full(error.kind()) => match disk.remove(&name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        },
        written => written,
    }
}

fn write_torn(disk: &dyn Disk, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file: Box<dyn DiskFile> = disk.create(name)?;
    file.write_at(0, bytes)?;
    file.sync()?;
    disk.sync_directory()
}

const _: () = assert!(HEADER_LEN < TORN_KEPT_MAX, "an unfinished header is kept whole");
