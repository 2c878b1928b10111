//! Objects as targets: S3 puts them under another key itself, and their data does not move.

use forward::{ListedObjects, ObjectEncryption, ObjectStore, ObjectsError};

use super::{
    goal::{CampaignGoal, Moved},
    options::BucketPrefix,
    target::{ObjectPlace, OpeningKey, TargetEnvelope},
};
use crate::{client::Client, ending::ClientFailure};

/// Objects, and who waits for answers about them.
pub(crate) struct ReachedObjects<'a> {
    pub(crate) client: &'a Client,
    pub(crate) store: &'a ObjectStore,
}

impl ReachedObjects<'_> {
    /// Hands on each object of a bucket whose name begins so.
    ///
    /// # Errors
    /// [`ClientFailure::Objects`], and what `hand_on` says.
    pub(super) fn each(
        &self,
        BucketPrefix { bucket, prefix }: &BucketPrefix,
        hand_on: &mut dyn FnMut(ObjectPlace) -> Result<(), ClientFailure>,
    ) -> Result<(), ClientFailure> {
        let mut after: Option<String> = None;
        loop {
            let ListedObjects { names, next } =
                self.wait(self.store.list(bucket, prefix, after.as_deref()))?;
            for name in names {
                hand_on(ObjectPlace { bucket: bucket.clone(), name })?;
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    fn encryption(
        &self,
        ObjectPlace { bucket, name }: &ObjectPlace,
    ) -> Result<Option<ObjectEncryption>, ClientFailure> {
        self.wait(self.store.encryption(bucket, name))
    }

    fn wait<T>(&self, answer: impl Future<Output = Result<T, ObjectsError>>) -> Result<T, ClientFailure> {
        Ok(self.client.wait_for(&"S3", answer)?)
    }
}

/// S3 tells the key and not the envelope.
pub(super) fn inspect(
    reached: &ReachedObjects<'_>,
    place: &ObjectPlace,
) -> Result<Option<TargetEnvelope>, ClientFailure> {
    let encryption = reached.encryption(place)?;
    Ok(encryption.map(|ObjectEncryption { key, .. }| TargetEnvelope {
        ways: vec![OpeningKey { key, material: None }],
        hindrance: None,
        digest: None,
    }))
}

/// The object keeps its bucket key, if it has one.
pub(super) fn put_under(
    reached: &ReachedObjects<'_>,
    place: &ObjectPlace,
    goal: &CampaignGoal,
) -> Result<Moved, ClientFailure> {
    let ObjectPlace { bucket, name } = place;
    let bucket_key = reached.encryption(place)?.is_some_and(|encryption| encryption.bucket_key);
    let wanted = ObjectEncryption { key: goal.to.clone(), bucket_key };
    reached.wait(reached.store.update_encryption(bucket, name, &wanted))?;
    Ok(Moved::Done)
}

pub(super) fn try_to_open(reached: &ReachedObjects<'_>, place: &ObjectPlace) -> Result<(), ClientFailure> {
    reached.wait(reached.store.read_first_byte(&place.bucket, &place.name))
}
