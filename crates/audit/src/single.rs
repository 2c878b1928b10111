//! Single records, wherever they are in the journal, for who knows where.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zstd::bulk::Decompressor;

use crate::chain::{CHAIN_LEN, frame_at};
use crate::compressed::{Piece, Table, decompressor};
use crate::disk::Disk;
use crate::error::{Damage, JournalError, Reason};
use crate::reader::FRAME_BYTES_MAX;
use crate::segment::name;

/// Bytes that are read first; most records are shorter.
const RECORD_BYTES: usize = 2048;
/// Pieces of compressed segments that are remembered: 8 MiB of them, for lookups that come again.
const PIECES_REMEMBERED: usize = 256;
/// Tables of compressed segments that are remembered, of 32 KiB each.
const TABLES_REMEMBERED: usize = 256;

/// Reads single records. It remembers what it made of compressed segments lately.
pub struct RecordReader {
    disk: Arc<dyn Disk>,
    tables: Mutex<Remembered<u64, Arc<Table>>>,
    pieces: Mutex<Remembered<(u64, usize), Piece>>,
    /// As many as were in use at the same time.
    idle: Mutex<Vec<Decompressor<'static>>>,
}

/// The values that were asked for last.
struct Remembered<K, V> {
    /// The latest at the end.
    values: VecDeque<(K, V)>,
    most: usize,
}

impl RecordReader {
    /// Of the journal on this disk.
    #[must_use]
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self {
            disk,
            tables: Mutex::new(Remembered::most(TABLES_REMEMBERED)),
            pieces: Mutex::new(Remembered::most(PIECES_REMEMBERED)),
            idle: Mutex::default(),
        }
    }

    /// The bytes of the record whose frame begins at `offset` in the segment that begins with record `first`.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if no frame there verifies, [`JournalError::Io`] if the segment cannot be read.
    pub fn record_at(&self, first: u64, offset: u64) -> Result<Vec<u8>, JournalError> {
        let start = offset.saturating_sub(CHAIN_LEN as u64);
        for len in [RECORD_BYTES, CHAIN_LEN + FRAME_BYTES_MAX] {
            let mut bytes = vec![0; len];
            let read = self.read_at(first, start, &mut bytes)?;
            if let Some(frame) = frame_at(bytes.get(..read).unwrap_or_default(), CHAIN_LEN) {
                return Ok(frame.payload.to_vec());
            }
        }
        Err(JournalError::Damaged(Damage { file: name(first), offset, reason: Reason::Frame }))
    }

    fn read_at(&self, first: u64, offset: u64, buffer: &mut [u8]) -> Result<usize, JournalError> {
        let file = name(first);
        let table = match self.known_table(first) {
            Some(table) => table,
            None => match self.disk.read_at(&file, offset, buffer) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.table(first, &file)?,
                read => return read.map_err(JournalError::io(&file)),
            },
        };
        table.read_at(offset, buffer, &mut |index| self.piece(first, &table, index))
    }

    /// The table of a compressed segment that is there. One that was moved away is not answered from memory.
    fn known_table(&self, first: u64) -> Option<Arc<Table>> {
        let known = lock(&self.tables).get(&first);
        known.filter(|table| table.is_there(&*self.disk))
    }

    fn table(&self, first: u64, file: &str) -> Result<Arc<Table>, JournalError> {
        let table = Arc::new(Table::read(&*self.disk, file)?);
        lock(&self.tables).put(first, Arc::clone(&table));
        Ok(table)
    }

    fn piece(&self, first: u64, table: &Table, index: usize) -> Result<Piece, JournalError> {
        let known = lock(&self.pieces).get(&(first, index));
        if let Some(piece) = known {
            return Ok(piece);
        }
        let idle = lock(&self.idle).pop();
        let mut decompressor = idle.map_or_else(decompressor, Ok)?;
        let piece = table.piece(&*self.disk, index, &mut decompressor)?;
        lock(&self.idle).push(decompressor);
        lock(&self.pieces).put((first, index), Arc::clone(&piece));
        Ok(piece)
    }
}

impl<K: PartialEq, V: Clone> Remembered<K, V> {
    fn most(most: usize) -> Self {
        Self { values: VecDeque::new(), most }
    }

    fn get(&mut self, key: &K) -> Option<V> {
        let at = self.values.iter().position(|(known, _)| known == key)?;
        let (known, value) = self.values.remove(at)?;
        self.values.push_back((known, value.clone()));
        Some(value)
    }

    fn put(&mut self, key: K, value: V) {
        self.values.retain(|(known, _)| *known != key);
        self.values.push_back((key, value));
        while self.values.len() > self.most {
            self.values.pop_front();
        }
    }
}

/// Nothing panics under these locks. If something did, what is remembered would still be right.
fn lock<T>(remembered: &Mutex<T>) -> MutexGuard<'_, T> {
    remembered.lock().unwrap_or_else(PoisonError::into_inner)
}
