//! A segment in its compressed form: pieces, each a zstd frame of its own, behind a table of where they end.
//!
//! Any tool for zstd (RFC 8878) makes the segment of it again: to such a tool the table is a frame to skip (section 3.1.2).
//! Places in the segment stay what they were, and only the pieces that are asked for are read. Nothing that the file says
//! is believed before it is checked, and no piece becomes longer than the table may say.

use std::io;
use std::sync::Arc;

use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::{CParameter, compress_bound};

use crate::chain::{CHAIN_LEN, hash};
use crate::disk::Disk;
use crate::error::{Damage, JournalError, Reason};

/// Bytes of the segment in a piece. Twice as long ones become 7 % smaller, and take twice as long to find a record in.
const PIECE_BYTES: u32 = 32 * 1024;
/// Longest piece that a table may state.
const PIECE_BYTES_MAX: u32 = 1024 * 1024;
/// Longer segments stay as they are. None is: a segment is at most as long as its limit and what may wait for the writer.
pub(crate) const SEGMENT_BYTES_MAX: u64 = 512 * 1024 * 1024;
/// Higher levels cost many times as much for records, which are short, and save a few hundredths.
const LEVEL: i32 = 1;

/// Magic number of a skippable frame.
const SKIPPABLE: [u8; 4] = 0x184D_2A50_u32.to_le_bytes();
/// What the frame is, and the version of its format.
const MAGIC: [u8; 8] = *b"KWZSTD01";
/// Bytes of a skippable frame before what it holds.
const SKIPPABLE_HEAD_LEN: usize = 8;
/// Bytes before the table's entries.
const HEAD_LEN: usize = 28;
/// Bytes of a table's entry: an end, and a check.
const ENTRY_LEN: usize = 12;
/// Bytes that are read first: most tables are shorter.
const TABLE_BYTES: usize = 32 * 1024;

/// Where the pieces of a compressed segment are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    /// Name of the compressed file.
    file: String,
    /// Bytes of the segment.
    pub(crate) segment_bytes: u64,
    piece_bytes: u32,
    entries: Vec<PieceEntry>,
}

/// Where a piece is, and what it is. It begins where the one before it ends, and the first one behind the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PieceEntry {
    /// Where the piece ends in the file.
    end: u32,
    check: Check,
}

/// The first bytes of a hash: enough to see that a disk lost something. Who changes a segment on purpose breaks its chain.
type Check = [u8; 8];

/// Fills a buffer with the bytes of the segment from a place on.
type Original<'a> = &'a mut dyn FnMut(u64, &mut [u8]) -> Result<(), JournalError>;

/// A piece of a segment.
pub(crate) type Piece = Arc<Vec<u8>>;

/// The compressed file of the segment that is called by this name.
pub(crate) fn name(segment: &str) -> String {
    format!("{segment}.zst")
}

/// The segment that a compressed file holds; `None` for other files.
pub(crate) fn segment_of(name: &str) -> Option<&str> {
    name.strip_suffix(".zst")
}

/// Taken between pieces. An error ends the work, and is answered.
pub type Pause<'a> = &'a (dyn Fn() -> io::Result<()> + Sync);

/// Writes a segment's compressed form beside the segment, durably. What is not whole after a
/// crash is found out by its table, which is written last.
///
/// # Errors
/// The system's. What has been written by then stays.
pub(crate) fn write(
    disk: &dyn Disk,
    segment: &str,
    segment_bytes: u64,
    read: Original<'_>,
    pause: Pause<'_>,
) -> Result<(), JournalError> {
    let file = name(segment);
    let failed = |error| JournalError::io(&file)(error);
    let mut table =
        Table { file: file.clone(), segment_bytes, piece_bytes: PIECE_BYTES, entries: Vec::new() };
    let mut compressor = Compressor::new(LEVEL).map_err(failed)?;
    compressor.set_parameter(CParameter::ChecksumFlag(true)).map_err(failed)?;
    let mut to = disk.create(&file).map_err(failed)?;
    let mut end = table.len();
    for index in 0..table.pieces() {
        let mut piece = vec![0; table.piece_len(index)];
        read(index as u64 * u64::from(PIECE_BYTES), &mut piece)?;
        let frame = compressor.compress(&piece).map_err(failed)?;
        to.write_at(end as u64, &frame).map_err(failed)?;
        end += frame.len();
        let stated = u32::try_from(end).map_err(|_| failed(io::ErrorKind::FileTooLarge.into()))?;
        table.entries.push(PieceEntry { end: stated, check: check(&frame) });
        pause().map_err(failed)?;
    }
    to.write_at(0, &table.encode()).map_err(failed)?;
    to.sync().map_err(failed)?;
    disk.sync_directory().map_err(failed)
}

/// Compares a segment's compressed form with the segment, byte by byte.
///
/// # Errors
/// [`JournalError::Damaged`] with the first piece that differs; as [`Table::read`] and [`Table::piece`].
pub(crate) fn compare(
    disk: &dyn Disk,
    segment: &str,
    segment_bytes: u64,
    read: Original<'_>,
    pause: Pause<'_>,
) -> Result<(), JournalError> {
    let table = Table::read(disk, segment)?;
    let mut decompressor = decompressor()?;
    let mut at = 0_u64;
    for index in 0..table.pieces() {
        let piece = table.piece(disk, index, &mut decompressor)?;
        let mut original = vec![0; piece.len()];
        read(at, &mut original)?;
        if *piece != *original {
            let offset = table.begin(index) as u64;
            return Err(JournalError::Damaged(Damage { file: table.file, offset, reason: Reason::Piece }));
        }
        at += piece.len() as u64;
        pause().map_err(JournalError::io(segment))?;
    }
    if at == segment_bytes {
        return Ok(());
    }
    Err(JournalError::Damaged(Damage { file: table.file, offset: 0, reason: Reason::Table }))
}

/// What decompresses pieces. To make one takes about as long as a piece.
///
/// # Errors
/// The system's, for want of memory.
pub(crate) fn decompressor() -> Result<Decompressor<'static>, JournalError> {
    Decompressor::new().map_err(JournalError::io("zstd"))
}

impl Table {
    /// Reads and checks the table of a compressed segment.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if there is none that holds. [`JournalError::Io`] if the file cannot be read; if there is
    /// no such file, the error names the segment.
    pub(crate) fn read(disk: &dyn Disk, segment: &str) -> Result<Self, JournalError> {
        let file = name(segment);
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => JournalError::io(segment)(error),
            _ => JournalError::io(&file)(error),
        };
        let mut bytes = vec![0; TABLE_BYTES];
        let read = disk.read_at(&file, 0, &mut bytes).map_err(failed)?;
        bytes.truncate(read);
        let stated = Self::stated(file.clone(), &bytes);
        let len = stated.as_ref().map_or(0, Self::len);
        if len > TABLE_BYTES && read == TABLE_BYTES {
            bytes.resize(len, 0);
            let read = disk.read_at(&file, 0, &mut bytes).map_err(failed)?;
            bytes.truncate(read);
        }
        let file_bytes = disk.size(&file).map_err(failed)?;
        let damage = || Damage { file: file.clone(), offset: 0, reason: Reason::Table };
        let table = stated.and_then(|stated| stated.checked(&bytes, file_bytes));
        table.ok_or_else(|| JournalError::Damaged(damage()))
    }

    /// Whether the compressed segment is there, and as long as it was.
    pub(crate) fn is_there(&self, disk: &dyn Disk) -> bool {
        let end = self.entries.last().map(|entry| u64::from(entry.end));
        disk.size(&self.file).is_ok_and(|size| Some(size) == end)
    }

    /// How many pieces there are.
    pub(crate) fn pieces(&self) -> usize {
        usize::try_from(self.segment_bytes.div_ceil(u64::from(self.piece_bytes))).unwrap_or(usize::MAX)
    }

    /// A piece of the segment, and no more than that.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if the file does not have it, [`JournalError::Io`] if it cannot be read.
    pub(crate) fn piece(
        &self,
        disk: &dyn Disk,
        index: usize,
        decompressor: &mut Decompressor<'_>,
    ) -> Result<Piece, JournalError> {
        let failed = |error| JournalError::io(&self.file)(error);
        let begin = self.begin(index);
        let damage = || {
            let file = self.file.clone();
            JournalError::Damaged(Damage { file, offset: begin as u64, reason: Reason::Piece })
        };
        let PieceEntry { end, check: stated } = self.entries.get(index).ok_or_else(damage)?;
        let mut frame = vec![0; (*end as usize).checked_sub(begin).ok_or_else(damage)?];
        let read = disk.read_at(&self.file, begin as u64, &mut frame).map_err(failed)?;
        let mut piece = Vec::with_capacity(self.piece_len(index));
        let is_whole = read == frame.len()
            && check(&frame) == *stated
            && decompressor
                .decompress_to_buffer(&frame, &mut piece)
                .is_ok_and(|len| len == self.piece_len(index));
        if is_whole { Ok(piece.into()) } else { Err(damage()) }
    }

    /// Fills `buffer` with the segment's bytes from `offset` on, and says how many there were. `piece` gives the pieces.
    ///
    /// # Errors
    /// What `piece` answers.
    pub(crate) fn read_at(
        &self,
        offset: u64,
        buffer: &mut [u8],
        piece: &mut dyn FnMut(usize) -> Result<Piece, JournalError>,
    ) -> Result<usize, JournalError> {
        let piece_bytes = u64::from(self.piece_bytes);
        let mut read = 0;
        while read < buffer.len() && offset + (read as u64) < self.segment_bytes {
            let at = offset + read as u64;
            let (index, within) = (at / piece_bytes, at % piece_bytes);
            let whole = piece(usize::try_from(index).unwrap_or(usize::MAX))?;
            let found = whole.get(within as usize..).unwrap_or_default();
            let (to, from) = match (buffer.get_mut(read..), found) {
                (Some(to), from) if !from.is_empty() => (to, from),
                _ => break,
            };
            let count = to.len().min(from.len());
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
            read += count;
        }
        Ok(read)
    }

    /// Where a piece begins in the file.
    fn begin(&self, index: usize) -> usize {
        let before = index.checked_sub(1).and_then(|before| self.entries.get(before));
        before.map_or(self.len(), |entry| entry.end as usize)
    }

    /// Bytes of the table in the file.
    fn len(&self) -> usize {
        HEAD_LEN + self.pieces() * ENTRY_LEN + CHAIN_LEN
    }

    /// Bytes of the segment in a piece.
    fn piece_len(&self, index: usize) -> usize {
        let begin = index as u64 * u64::from(self.piece_bytes);
        self.segment_bytes.saturating_sub(begin).min(u64::from(self.piece_bytes)) as usize
    }

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::from(SKIPPABLE);
        let rest = u32::try_from(self.len() - SKIPPABLE_HEAD_LEN).unwrap_or(u32::MAX);
        bytes.extend(rest.to_le_bytes());
        bytes.extend(MAGIC);
        bytes.extend(self.segment_bytes.to_le_bytes());
        bytes.extend(self.piece_bytes.to_le_bytes());
        for PieceEntry { end, check } in &self.entries {
            bytes.extend(end.to_le_bytes());
            bytes.extend(check);
        }
        let check = hash(&bytes);
        bytes.extend(check);
        bytes
    }

    /// What the head of a file states, with bounds that hold; without the places of the pieces.
    fn stated(file: String, bytes: &[u8]) -> Option<Self> {
        let (skippable, rest) = bytes.split_first_chunk::<4>()?;
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let (magic, rest) = rest.split_first_chunk::<8>()?;
        let (segment_bytes, rest) = rest.split_first_chunk::<8>()?;
        let segment_bytes = u64::from_le_bytes(*segment_bytes);
        let piece_bytes = u32::from_le_bytes(*rest.first_chunk()?);
        let is_known = *skippable == SKIPPABLE && *magic == MAGIC;
        let is_bounded =
            (1..=PIECE_BYTES_MAX).contains(&piece_bytes) && (1..=SEGMENT_BYTES_MAX).contains(&segment_bytes);
        if !is_known || !is_bounded {
            return None;
        }
        let table = Self { file, segment_bytes, piece_bytes, entries: Vec::new() };
        (u32::from_le_bytes(*len) as usize + SKIPPABLE_HEAD_LEN == table.len()).then_some(table)
    }

    /// The whole table, if its hash and its places hold.
    fn checked(mut self, bytes: &[u8], file_bytes: u64) -> Option<Self> {
        let (stated, check) = bytes.get(..self.len())?.split_last_chunk::<CHAIN_LEN>()?;
        let (entries, _) = stated.get(HEAD_LEN..)?.as_chunks::<ENTRY_LEN>();
        self.entries = entries.iter().filter_map(PieceEntry::decode).collect();
        let longest = compress_bound(self.piece_bytes as usize);
        let mut begin = self.len();
        for PieceEntry { end, .. } in &self.entries {
            let len = (*end as usize).checked_sub(begin)?;
            if len == 0 || len > longest {
                return None;
            }
            begin = *end as usize;
        }
        (hash(stated) == *check && begin as u64 == file_bytes).then_some(self)
    }
}

impl PieceEntry {
    fn decode(bytes: &[u8; ENTRY_LEN]) -> Option<Self> {
        let (end, check) = bytes.split_first_chunk::<4>()?;
        Some(Self { end: u32::from_le_bytes(*end), check: *check.first_chunk()? })
    }
}

fn check(frame: &[u8]) -> Check {
    hash(frame).first_chunk().copied().unwrap_or_default()
}
