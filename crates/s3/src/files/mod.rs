//! Sealed parts, wherever they lie. Of each there is one file in a directory, or one object in a bucket, under a random name and with the
//! same bytes in it (docs/object-format.md). It is there for good before its row is committed.
//!
//! ```text
//! BatchSealer ──► PartFile      ──► data/3f/3f…          of a directory
//!             └─► ObjectUpload ──► prefix/data/3f…      of a bucket
//! BatchOpener ◄── FileReader, ObjectReader
//! ```

mod batch;
mod bucket;
mod bucket_client;
mod bucket_error;
mod bucket_place;
mod directory;
mod error;
mod folders;
mod listed;
mod sent_body;
mod upload;

use std::{collections::BTreeSet, io, path::Path, sync::Arc};

use catalog::FileId;
use envelope::{EnvelopeError, ObjectKey, PartHeader, PartSize, Randomness};

pub use self::bucket_place::DataBucketPlace;
use self::{
    batch::BatchSealer,
    bucket::{DataBucket, ObjectReader},
    directory::{DataDirectory, FileReader, PartFile, blocking},
    upload::ObjectUpload,
};
pub(crate) use self::{
    batch::{OpenedBatch, PartPiece},
    bucket_client::BucketClient,
    bucket_error::BucketError,
    error::FileError,
    folders::PresentParts,
};

/// Where sealed parts lie.
#[derive(Clone)]
pub(crate) enum DataFiles {
    Directory(DataDirectory),
    Bucket(DataBucket),
}

/// A part that is being written.
pub(crate) struct PartWriter {
    sealer: BatchSealer,
    sink: PartSink,
}

enum PartSink {
    File(PartFile),
    Object(ObjectUpload),
}

/// A part that was written.
pub(crate) struct WrittenPart {
    pub(crate) header: PartHeader,
    pub(crate) size: PartSize,
}

/// What is read of a part: chunks of it, one batch at a time.
pub(crate) enum PartReader {
    File(FileReader),
    Object(ObjectReader),
}

impl DataFiles {
    /// Opens the files of a directory, and makes their places if they are not there.
    pub(crate) fn in_directory(directory: &Path) -> io::Result<Self> {
        DataDirectory::open(directory).map(Self::Directory)
    }

    /// The objects of a bucket. What the gateway has to remember of them is in a directory of its own.
    pub(crate) fn in_bucket(client: BucketClient, directory: &Path) -> io::Result<Self> {
        DataBucket::open(client, directory).map(Self::Bucket)
    }

    /// Begins a part. `length` is how long its plaintext will be, where that is known.
    pub(crate) fn create(
        &self,
        (id, length): (FileId, Option<u64>),
        key: &ObjectKey,
        randomness: &dyn Randomness,
    ) -> Result<PartWriter, FileError> {
        let sealer = BatchSealer::start(key, length, randomness)?;
        let header = sealer.header();
        let sink = match self {
            Self::Directory(directory) => PartSink::File(directory.create(id, header.as_bytes())?),
            Self::Bucket(bucket) => {
                let size = length.map(PartSize::of_plain).transpose()?;
                PartSink::Object(bucket.create(id, header, size))
            }
        };
        Ok(PartWriter { sealer, sink })
    }

    /// Opens a part, and reads the first batch of what is wanted of it.
    pub(crate) async fn read(
        &self,
        key: &Arc<ObjectKey>,
        piece: PartPiece,
    ) -> Result<(PartReader, OpenedBatch), FileError> {
        match self {
            Self::Directory(directory) => {
                let (directory, key) = (directory.clone(), Arc::clone(key));
                let reader = blocking(move || directory.read(&key, &piece)).await?;
                let (reader, first) = reader.next().await?;
                Ok((PartReader::File(reader), first.ok_or(EnvelopeError::ImpossibleSize)?))
            }
            Self::Bucket(bucket) => {
                let (reader, first) = bucket.read(key, &piece).await?;
                Ok((PartReader::Object(reader), first))
            }
        }
    }

    /// Removes parts. One that stays is sorted out at the next start.
    pub(crate) async fn remove(&self, ids: Vec<FileId>) {
        match self {
            Self::Directory(directory) => {
                let directory = directory.clone();
                let removed = tokio::task::spawn_blocking(move || directory.remove(&ids)).await;
                // What panics there is told by the runtime.
                drop(removed);
            }
            Self::Bucket(bucket) => bucket.remove(ids).await,
        }
    }

    /// Whether there is a bucket that does not answer.
    ///
    /// # Errors
    /// What the bucket says.
    pub(crate) async fn answer(&self) -> Result<(), FileError> {
        match self {
            Self::Directory(_) => Ok(()),
            Self::Bucket(bucket) => bucket.answers().await,
        }
    }

    /// The parts that there are.
    ///
    /// # Errors
    /// What the file system or the bucket says.
    pub(crate) async fn present(&self) -> Result<PresentParts, FileError> {
        match self {
            Self::Directory(directory) => Ok(directory.present()?),
            Self::Bucket(bucket) => bucket.present().await,
        }
    }

    /// Keeps parts that no row names for a week, and returns how many are new among them: uploads that never ended left them, or the
    /// catalog is older than they are. Those of earlier starts stay if a row names them now, and are removed after their week.
    ///
    /// # Errors
    /// What the file system or the bucket says.
    pub(crate) async fn sort_out(
        &self,
        present: &PresentParts,
        named: &BTreeSet<FileId>,
        now_seconds: i64,
    ) -> Result<usize, FileError> {
        match self {
            Self::Directory(directory) => Ok(directory.sort_out(present, named, now_seconds)?),
            Self::Bucket(bucket) => bucket.sort_out(present, named, now_seconds).await,
        }
    }
}

impl PartWriter {
    /// Seals data, and writes what is due.
    pub(crate) async fn write(mut self, mut data: &[u8]) -> Result<Self, FileError> {
        loop {
            self.sealer.take(&mut data);
            if data.is_empty() {
                return Ok(self);
            }
            self = self.flush().await?;
        }
    }

    async fn flush(self) -> Result<Self, FileError> {
        let Self { mut sealer, sink } = self;
        match sink {
            PartSink::File(mut file) => {
                let flush = move || {
                    file.append(sealer.seal_full()?)?;
                    Ok(Self { sealer, sink: PartSink::File(file) })
                };
                blocking(flush).await
            }
            PartSink::Object(mut upload) => {
                upload.append(sealer.seal_full()?).await?;
                Ok(Self { sealer, sink: PartSink::Object(upload) })
            }
        }
    }

    /// Seals and writes the rest. The part survives a crash when this returns.
    pub(crate) async fn finish(self) -> Result<WrittenPart, FileError> {
        let Self { sealer, sink } = self;
        let header = sealer.header();
        let size = match sink {
            PartSink::File(mut file) => {
                let finish = move || {
                    let (rest, size) = sealer.seal_rest()?;
                    file.append(&rest)?;
                    file.sync()?;
                    Ok(size)
                };
                blocking(finish).await?
            }
            PartSink::Object(upload) => {
                let (rest, size) = sealer.seal_rest()?;
                upload.finish(rest, size).await?;
                size
            }
        };
        Ok(WrittenPart { header, size })
    }
}

impl PartReader {
    /// The next batch of chunks; none at the end.
    pub(crate) async fn next(self) -> Result<(Self, Option<OpenedBatch>), FileError> {
        match self {
            Self::File(reader) => {
                let (reader, batch) = reader.next().await?;
                Ok((Self::File(reader), batch))
            }
            Self::Object(mut reader) => {
                let batch = reader.next().await?;
                Ok((Self::Object(reader), batch))
            }
        }
    }
}
