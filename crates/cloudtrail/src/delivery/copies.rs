//! Copies of signed digests, which stay beside the journal: proofs need them, and no bucket.

use std::{io, sync::Arc};

use audit::Disk;
use model::Timestamp;
use trail::SignedDigest;

use crate::trail_id::TrailId;

/// The directory of the copies.
pub(crate) struct DigestCopies(pub(crate) Arc<dyn Disk>);

impl DigestCopies {
    /// Keeps the digest of a trail in a Region that ends at a time, durably.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn keep(
        &self,
        (trail, region): (&TrailId, &str),
        end: Timestamp,
        digest: &SignedDigest,
    ) -> io::Result<()> {
        let name = SignedDigest::file_name(trail.account.as_str(), region, &trail.name, end);
        let Self(disk) = self;
        let mut file = match disk.create(&name) {
            // A crash came before it was noted.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => disk.open(&name)?,
            made => made?,
        };
        file.truncate(0)?;
        file.write_at(0, digest.to_json()?.as_bytes())?;
        file.sync()?;
        disk.sync_directory()
    }
}
