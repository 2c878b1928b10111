//! How segments lie on a disk: as they were written, or compressed. Nobody else knows which.
//!
//! A segment is called by the name under which it was written. While both forms are there, that one is the segment: the other
//! may not be whole.

use std::io;

use crate::compressed::{self, Table};
use crate::disk::Disk;
use crate::error::JournalError;
use crate::segment::parse_name;

/// Names of all segments, oldest first, each once.
///
/// # Errors
/// [`JournalError::Io`] if the directory cannot be read.
pub(crate) fn segment_files(disk: &dyn Disk) -> Result<Vec<String>, JournalError> {
    let mut files = disk.list().map_err(JournalError::io("directory"))?;
    for file in &mut files {
        if let Some(segment) = compressed::segment_of(file) {
            *file = segment.to_owned();
        }
    }
    files.retain(|file| parse_name(file).is_some());
    files.sort_unstable();
    files.dedup();
    Ok(files)
}

/// A segment's whole contents.
///
/// # Errors
/// [`JournalError::Io`] if it cannot be read, [`JournalError::Damaged`] if its compressed form does not hold.
pub(crate) fn read(disk: &dyn Disk, segment: &str) -> Result<Vec<u8>, JournalError> {
    match disk.read(segment) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let table = Table::read(disk, segment)?;
            let mut decompressor = compressed::decompressor()?;
            let mut bytes = Vec::new();
            for index in 0..table.pieces() {
                bytes.extend_from_slice(&table.piece(disk, index, &mut decompressor)?);
            }
            Ok(bytes)
        }
        bytes => bytes.map_err(JournalError::io(segment)),
    }
}

/// Fills `buffer` with a segment's bytes from `offset` on, and says how many there were: fewer where the segment ends.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_at(
    disk: &dyn Disk,
    segment: &str,
    offset: u64,
    buffer: &mut [u8],
) -> Result<usize, JournalError> {
    match disk.read_at(segment, offset, buffer) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let table = Table::read(disk, segment)?;
            let mut decompressor = compressed::decompressor()?;
            table.read_at(offset, buffer, &mut |index| table.piece(disk, index, &mut decompressor))
        }
        read => read.map_err(JournalError::io(segment)),
    }
}

/// Whether a segment is there as it was written.
///
/// # Errors
/// [`JournalError::Io`] if the system does not say.
pub(crate) fn is_plain(disk: &dyn Disk, segment: &str) -> Result<bool, JournalError> {
    match disk.size(segment) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(JournalError::io(segment)(error)),
    }
}

/// Bytes of all files of a disk but one.
///
/// # Errors
/// The system's. A file that goes meanwhile has none.
pub(crate) fn bytes_besides(disk: &dyn Disk, besides: &str) -> io::Result<u64> {
    let mut bytes = 0_u64;
    for file in disk.list()?.iter().filter(|file| *file != besides) {
        match disk.size(file) {
            Ok(size) => bytes = bytes.saturating_add(size),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

/// Removes a file, if it is there.
///
/// # Errors
/// The system's.
pub(crate) fn remove(disk: &dyn Disk, file: &str) -> Result<(), JournalError> {
    match disk.remove(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(JournalError::io(file)(error)),
        _ => Ok(()),
    }
}
