//! Sealed parts in files of a directory: one file for each part, under a random name, synced before its row is committed.
//!
//! ```text
//! data/3f/3f…   header, then chunks of 64 KiB, each with its tag (docs/object-format.md)
//! unnamed/3f…   files that no row named at a start, for a week
//! ```

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{self, IoSliceMut, Write as _},
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use catalog::FileId;
use envelope::{HEADER_BYTES, ObjectKey};
use rustix::io::{Errno, ReadWriteFlags, preadv2};

use super::{
    batch::{BatchOpener, OpenedBatch, PartPiece},
    error::FileError,
    folders::{PresentParts, UnnamedParts, ids_in, make_folder, sync_folder},
};

/// A directory with sealed parts.
#[derive(Debug, Clone)]
pub(crate) struct DataDirectory {
    data: PathBuf,
    unnamed: UnnamedParts,
}

/// A file that is being written.
pub(crate) struct PartFile {
    file: File,
    path: PathBuf,
}

/// What is read of a file.
pub(crate) struct FileReader {
    file: File,
    opener: BatchOpener,
    /// Whether the file system says what it has in memory.
    tells: bool,
}

impl DataDirectory {
    /// Opens a directory, and makes what is not there of it.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let unnamed = UnnamedParts::open(directory)?;
        let data = directory.join("data");
        for first in 0..=u8::MAX {
            make_folder(&data.join(format!("{first:02x}")))?;
        }
        sync_folder(&data)?;
        sync_folder(directory)?;
        Ok(Self { data, unnamed })
    }

    /// A new file, with this at its beginning.
    pub(crate) fn create(&self, id: FileId, header: &[u8]) -> io::Result<PartFile> {
        let path = self.path(id);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let mut file = PartFile { file, path };
        file.append(header)?;
        Ok(file)
    }

    /// Opens a part, to read what is wanted of it.
    pub(crate) fn read(&self, key: &ObjectKey, piece: &PartPiece) -> Result<FileReader, FileError> {
        let file = File::open(self.path(piece.file)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => FileError::Gone,
            _ => error.into(),
        })?;
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, 0)?;
        let opener = BatchOpener::start(key, &header, piece)?;
        Ok(FileReader { file, opener, tells: true })
    }

    /// Removes files. One that stays is put away at the next start.
    pub(crate) fn remove(&self, ids: &[FileId]) {
        for id in ids {
            if let Err(error) = fs::remove_file(self.path(*id))
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, "a file of an object that is gone could not be removed");
            }
        }
    }

    /// The files that there are.
    pub(crate) fn present(&self) -> io::Result<PresentParts> {
        let mut in_place = BTreeSet::new();
        for folder in fs::read_dir(&self.data)? {
            in_place.extend(ids_in(&folder?.path())?);
        }
        Ok(PresentParts { in_place, unnamed: self.unnamed.ids()? })
    }

    /// Puts files away that no row names, and returns how many. Those of earlier starts come back to their places if a row names them
    /// now, and are removed after a week.
    pub(crate) fn sort_out(
        &self,
        present: &PresentParts,
        named: &BTreeSet<FileId>,
        now_seconds: i64,
    ) -> io::Result<usize> {
        for id in &present.unnamed {
            if named.contains(id) {
                fs::rename(self.unnamed.path(*id), self.path(*id))?;
            } else if self.unnamed.is_over(*id, now_seconds)? {
                fs::remove_file(self.unnamed.path(*id))?;
            }
        }
        let mut count = 0;
        for id in present.in_place.difference(named) {
            fs::rename(self.path(*id), self.unnamed.path(*id))?;
            count += 1;
        }
        Ok(count)
    }

    fn path(&self, id: FileId) -> PathBuf {
        let name = id.to_string();
        let first = name.get(..2).unwrap_or_default();
        self.data.join(first).join(&name)
    }
}

impl PartFile {
    pub(crate) fn append(&mut self, sealed: &[u8]) -> io::Result<()> {
        self.file.write_all(sealed)
    }

    /// Makes the file survive a crash, under its name.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_all()?;
        self.path.parent().map_or(Ok(()), sync_folder)
    }
}

impl FileReader {
    /// The next batch of chunks; none at the end. What is in memory is read at once. Only what is not is worth a change of threads.
    pub(crate) async fn next(mut self) -> Result<(Self, Option<OpenedBatch>), FileError> {
        let Some(place) = self.opener.next_place()? else { return Ok((self, None)) };
        let mut buffer = self.opener.buffer(&place);
        let read = self.read_from_memory(buffer.as_mut(), place.start)?;
        if read < buffer.as_ref().len() {
            let read_rest = move || {
                let rest = buffer.as_mut().get_mut(read..).unwrap_or_default();
                self.file.read_exact_at(rest, place.start + read as u64)?;
                Ok((self, buffer))
            };
            (self, buffer) = blocking(read_rest).await?;
        }
        let opened = self.opener.open(buffer)?;
        Ok((self, Some(opened)))
    }

    /// Reads what the kernel has in memory, and returns how many bytes that are.
    fn read_from_memory(&mut self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        if !self.tells {
            return Ok(0);
        }
        match preadv2(&self.file, &mut [IoSliceMut::new(buffer)], at, ReadWriteFlags::NOWAIT) {
            Ok(read) => Ok(read),
            Err(Errno::AGAIN | Errno::INTR) => Ok(0),
            // preadv2(2): not every file system does.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
                self.tells = false;
                Ok(0)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Work with a file, off the threads that answer.
///
/// # Errors
/// What the work answers.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FileError> + Send + 'static,
) -> Result<T, FileError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| FileError::Io(io::Error::other(error)))?
}
