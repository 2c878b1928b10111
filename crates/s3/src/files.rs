//! Sealed data in files of a directory: one file for each part, under a random name, synced before its row is committed.
//!
//! ```text
//! data/3f/3f…   header, then chunks of 64 KiB, each with its tag (docs/object-format.md)
//! unnamed/3f…   files that no row named at a start, for a week
//! ```

use std::{
    fs::{self, DirBuilder, DirEntry, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use catalog::FileId;
use envelope::{
    CHUNK_BYTES, EnvelopeError, HEADER_BYTES, ObjectKey, PartHeader, PartOpener, PartSealer, PartSize,
    Randomness, SEALED_CHUNK_BYTES, Slot, TAG_BYTES,
};

/// Chunks that are sealed or opened at a time: a quarter of a mebibyte.
pub(crate) const BATCH: usize = 4;

/// Seconds for which a file is kept that no row named at a start: a week.
const PUT_AWAY_SECONDS: i64 = 7 * 24 * 3600;

/// The directory of the gateway's data, for its files.
#[derive(Debug, Clone)]
pub(crate) struct DataFiles(PathBuf);

/// A part that is being written.
pub(crate) struct PartWriter {
    file: File,
    sealer: PartSealer,
    header: PartHeader,
    /// Plaintext, with room for a tag behind each chunk.
    batch: Box<[u8]>,
    /// Chunks of the batch that are full, and bytes of the next one.
    full: usize,
    filled: usize,
}

/// A part that was written.
pub(crate) struct WrittenPart {
    pub(crate) header: PartHeader,
    pub(crate) size: PartSize,
}

/// What is read of a part: chunks of it, one batch at a time.
pub(crate) struct PartReader {
    file: File,
    opener: PartOpener,
    stretch: envelope::Stretch,
    next: u64,
}

/// Chunks that were opened.
pub(crate) struct OpenedBatch {
    /// Everything that was read.
    pub(crate) buffer: Vec<u8>,
    /// What is wanted of each chunk, as places in the buffer.
    pub(crate) wanted: Vec<std::ops::Range<usize>>,
}

/// Why sealed data cannot be read or written.
#[derive(Debug)]
pub(crate) enum FileError {
    /// The file is not there: its object was replaced or deleted since its row was read.
    Gone,
    Io(io::Error),
    Envelope(EnvelopeError),
}

impl DataFiles {
    /// Opens the files of a directory, and makes their places if they are not there.
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        let files = Self(directory.to_owned());
        let make = |path: &Path| DirBuilder::new().recursive(true).mode(0o700).create(path);
        if !directory.is_dir() {
            make(directory)?;
            // Its name is an entry of the directory above.
            let above = directory.parent().filter(|above| !above.as_os_str().is_empty());
            File::open(above.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        let data = directory.join("data");
        for first in 0..=u8::MAX {
            make(&data.join(format!("{first:02x}")))?;
        }
        make(&files.put_away())?;
        File::open(&data)?.sync_all()?;
        File::open(directory)?.sync_all()?;
        Ok(files)
    }

    /// Begins a part in a new file.
    pub(crate) fn create(
        &self,
        id: FileId,
        key: &ObjectKey,
        randomness: &dyn Randomness,
    ) -> Result<PartWriter, FileError> {
        let (sealer, header) = PartSealer::start(key, randomness)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(self.path(id))?;
        file.write_all(header.as_bytes())?;
        let batch = vec![0; BATCH * SEALED_CHUNK_BYTES].into();
        Ok(PartWriter { file, sealer, header, batch, full: 0, filled: 0 })
    }

    /// Makes what was written under a name survive a crash.
    pub(crate) fn sync_name(&self, id: FileId) -> io::Result<()> {
        self.path(id).parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
    }

    /// Opens a part to read a range of it. `voucher` says that it has this place in its object.
    pub(crate) fn read(
        &self,
        id: FileId,
        key: &ObjectKey,
        (slot, voucher): (&Slot, &[u8]),
        range: std::ops::Range<u64>,
    ) -> Result<PartReader, FileError> {
        let file = File::open(self.path(id)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => FileError::Gone,
            _ => error.into(),
        })?;
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, 0)?;
        let header = PartHeader::parse(&header)?;
        key.check_voucher(&header, slot, voucher)?;
        let opener = PartOpener::new(key, &header, slot.size)?;
        let stretch = slot.size.covering(range)?;
        let next = stretch.chunks().start;
        Ok(PartReader { file, opener, stretch, next })
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

    /// Whether there are no files, neither in their places nor put away.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn is_empty(&self) -> io::Result<bool> {
        Ok(self.in_place()?.is_empty() && files_of(&self.put_away())?.is_empty())
    }

    /// Puts files away that no row names, and returns how many: uploads that never ended left them, or the catalog is older than they
    /// are. Those of earlier starts come back to their places if a row names them now, and are removed after a week.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn sort_out(&self, is_named: impl Fn(&FileId) -> bool, now_seconds: i64) -> io::Result<usize> {
        for (id, file) in files_of(&self.put_away())? {
            if is_named(&id) {
                fs::rename(file.path(), self.path(id))?;
            } else if file.metadata()?.ctime() < now_seconds - PUT_AWAY_SECONDS {
                fs::remove_file(file.path())?;
            }
        }
        let mut unnamed = self.in_place()?;
        unnamed.retain(|(id, _)| !is_named(id));
        for (id, file) in &unnamed {
            fs::rename(file.path(), self.put_away().join(id.to_string()))?;
        }
        Ok(unnamed.len())
    }

    fn in_place(&self) -> io::Result<Vec<(FileId, DirEntry)>> {
        let mut all = Vec::new();
        for directory in fs::read_dir(self.0.join("data"))? {
            all.extend(files_of(&directory?.path())?);
        }
        Ok(all)
    }

    fn put_away(&self) -> PathBuf {
        self.0.join("unnamed")
    }

    fn path(&self, id: FileId) -> PathBuf {
        let name = id.to_string();
        let first = name.get(..2).unwrap_or_default();
        self.0.join("data").join(first).join(&name)
    }
}

impl PartWriter {
    /// Takes as much of the data as there is room for. When the batch is full and there is more data, [`PartWriter::flush`] is due.
    pub(crate) fn take(&mut self, data: &mut &[u8]) {
        while !data.is_empty() && self.full < BATCH {
            let at = self.full * SEALED_CHUNK_BYTES + self.filled;
            let count = (CHUNK_BYTES - self.filled).min(data.len());
            let (now, rest) = data.split_at(count);
            if let Some(to) = self.batch.get_mut(at..at + count) {
                to.copy_from_slice(now);
            }
            *data = rest;
            self.filled += count;
            if self.filled == CHUNK_BYTES {
                (self.full, self.filled) = (self.full + 1, 0);
            }
        }
    }

    /// Whether there is no more room.
    pub(crate) fn is_full(&self) -> bool {
        self.full == BATCH
    }

    /// Seals and writes a full batch, behind which more follows.
    pub(crate) fn flush(&mut self) -> Result<(), FileError> {
        for sealed in self.batch.chunks_exact_mut(SEALED_CHUNK_BYTES) {
            let (chunk, tag) = sealed.split_at_mut(CHUNK_BYTES);
            tag.copy_from_slice(&self.sealer.seal_chunk(chunk)?);
        }
        self.file.write_all(&self.batch)?;
        (self.full, self.filled) = (0, 0);
        Ok(())
    }

    /// Seals and writes the rest, and syncs the file.
    pub(crate) fn finish(mut self) -> Result<WrittenPart, FileError> {
        // A part that ends with a full chunk ends with this one.
        if self.filled == 0 && self.full > 0 {
            (self.full, self.filled) = (self.full - 1, CHUNK_BYTES);
        }
        let (before, last) = self.batch.split_at_mut(self.full * SEALED_CHUNK_BYTES);
        for sealed in before.chunks_exact_mut(SEALED_CHUNK_BYTES) {
            let (chunk, tag) = sealed.split_at_mut(CHUNK_BYTES);
            tag.copy_from_slice(&self.sealer.seal_chunk(chunk)?);
        }
        let (chunk, rest) = last.split_at_mut(self.filled);
        let (made, size) = self.sealer.seal_last_chunk(chunk)?;
        if let Some(tag) = rest.first_chunk_mut::<TAG_BYTES>() {
            *tag = made;
        }
        let written = self.full * SEALED_CHUNK_BYTES + self.filled + TAG_BYTES;
        self.file.write_all(self.batch.get(..written).unwrap_or_default())?;
        self.file.sync_all()?;
        Ok(WrittenPart { header: self.header, size })
    }
}

impl PartReader {
    /// The next batch of chunks; none at the end.
    pub(crate) fn next(&mut self) -> Result<Option<OpenedBatch>, FileError> {
        let end = self.stretch.chunks().end.min(self.next + BATCH as u64);
        if self.next >= end {
            return Ok(None);
        }
        let size = self.opener.size();
        let mut bytes = 0;
        for number in self.next..end {
            bytes += size.chunk(number)? + TAG_BYTES;
        }
        let mut buffer = vec![0; bytes];
        let at = HEADER_BYTES as u64 + self.next * SEALED_CHUNK_BYTES as u64;
        self.file.read_exact_at(&mut buffer, at)?;
        let mut wanted = Vec::with_capacity(BATCH);
        let chunks = buffer.chunks_mut(SEALED_CHUNK_BYTES).zip(self.next..end).enumerate();
        for (place, (sealed, number)) in chunks {
            self.opener.open_chunk(number, sealed)?;
            let std::ops::Range { start, end } = self.stretch.wanted_of(number);
            let base = place * SEALED_CHUNK_BYTES;
            wanted.push(base + start..base + end);
        }
        self.next = end;
        Ok(Some(OpenedBatch { buffer, wanted }))
    }
}

/// The files of one directory, without what else lies there.
fn files_of(directory: &Path) -> io::Result<Vec<(FileId, DirEntry)>> {
    let mut files = Vec::new();
    for file in fs::read_dir(directory)? {
        let file = file?;
        files.extend(file.file_name().to_str().and_then(|name| name.parse().ok()).map(|id| (id, file)));
    }
    Ok(files)
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<EnvelopeError> for FileError {
    fn from(error: EnvelopeError) -> Self {
        Self::Envelope(error)
    }
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone => f.write_str("the file of the object is gone"),
            Self::Io(error) => error.fmt(f),
            Self::Envelope(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FileError {}
