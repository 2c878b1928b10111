//! Data on its way into a sealed file.

use std::sync::Arc;

use bytes::Bytes;
use catalog::{Catalog, FileId, NewObject, StoredPart, WriteIf};
use envelope::{ObjectKey, PartHeader, PartSize, Slot};
use futures_util::StreamExt as _;
use s3s::{S3Error, S3ErrorCode, dto::StreamingBlob};

use crate::{
    checksums::{Hashed, Hashing},
    faults,
    gateway::Gateway,
    incoming::BodyEnd,
};

/// What was received: a file without a row yet.
pub(crate) struct ReceivedPart {
    pub(crate) file: FileId,
    pub(crate) header: PartHeader,
    pub(crate) size: PartSize,
    pub(crate) hashed: Hashed,
}

/// A file that is removed, unless it is handed over to a commit.
pub(crate) struct Unpublished<'g> {
    gateway: &'g Gateway,
    files: Vec<FileId>,
}

impl<'g> Unpublished<'g> {
    pub(crate) fn of(gateway: &'g Gateway, file: FileId) -> Self {
        Self { gateway, files: vec![file] }
    }

    /// From now on a commit decides whether the file stays.
    pub(crate) fn hand_over(mut self) -> Vec<FileId> {
        std::mem::take(&mut self.files)
    }
}

impl Drop for Unpublished<'_> {
    fn drop(&mut self) {
        self.gateway.files.forget(std::mem::take(&mut self.files));
    }
}

/// Longest object of one request, and longest part, in bytes: 5 GiB.
pub(crate) const PART_BYTES_MAX: u64 = 5 * 1024 * 1024 * 1024;

/// Seals a body into a new file, which survives a crash when this returns. `length` is how long the body says to be.
///
/// # Errors
/// Why the body is not believed, or does not have the checksum that it should have; what the disk refuses.
pub(crate) async fn receive(
    gateway: &Gateway,
    (file, length): (FileId, Option<u64>),
    key: &ObjectKey,
    mut body: Option<StreamingBlob>,
    (mut hashing, end): (Hashing, Option<&BodyEnd>),
) -> Result<ReceivedPart, S3Error> {
    let too_large = || {
        let text = "Your proposed upload exceeds the maximum allowed size";
        S3Error::with_message(S3ErrorCode::EntityTooLarge, text)
    };
    if length.is_some_and(|length| length > PART_BYTES_MAX) {
        return Err(too_large());
    }
    let mut writer =
        gateway.files.create((file, length), key, &*gateway.randomness).map_err(faults::of_file)?;
    let mut bytes = 0_u64;
    if let Some(body) = &mut body {
        while let Some(data) = body.next().await {
            let data = data.map_err(|_| broken(end))?;
            bytes += data.len() as u64;
            if bytes > PART_BYTES_MAX {
                return Err(too_large());
            }
            hashing.update(&data);
            writer = writer.write(&data).await.map_err(faults::of_file)?;
        }
    }
    let trailer = match end {
        Some(end) => end.trailer()?,
        None => None,
    };
    let hashed = hashing.finish(trailer.as_ref())?;
    let written = writer.finish().await.map_err(faults::of_file)?;
    Ok(ReceivedPart { file, header: written.header, size: written.size, hashed })
}

fn broken(end: Option<&BodyEnd>) -> S3Error {
    let told = end.and_then(BodyEnd::error);
    told.unwrap_or_else(|| {
        S3Error::with_message(S3ErrorCode::IncompleteBody, "The request body terminated unexpectedly")
    })
}

/// Publishes an object, whose files are kept then, and forgets what it replaces.
///
/// # Errors
/// What the catalog refuses. The files go then, unless nobody knows whether they are named.
pub(crate) async fn publish(
    gateway: &Gateway,
    bucket: &str,
    object: NewObject,
    (condition, unpublished): (WriteIf, Unpublished<'_>),
) -> Result<(), S3Error> {
    let bucket = bucket.to_owned();
    let put = |catalog: Arc<Catalog>| async move {
        let published = catalog.put(&bucket, object, condition).await?;
        Ok(((), published.replaced))
    };
    gateway.commit(unpublished.hand_over(), put).await
}

impl ReceivedPart {
    /// The part that an object of one request has.
    ///
    /// # Errors
    /// An internal error.
    pub(crate) fn only_part(&self, key: &ObjectKey, etag: &str) -> Result<StoredPart, S3Error> {
        let slot = Slot { part: 0, parts: 1, offset: 0, size: self.size };
        let voucher = key.vouch(&self.header, &slot).map_err(S3Error::internal_error)?;
        Ok(StoredPart {
            number: 1,
            size: self.size.plain(),
            file: self.file,
            etag: etag.to_owned(),
            note: Bytes::copy_from_slice(&voucher),
        })
    }
}
