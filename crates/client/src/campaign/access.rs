//! How targets of each kind are looked at, put under another key, and tried to be opened. A new kind has its functions beside
//! those that are here, and a line in each `match`.

use forward::ObjectStore;

use super::{
    goal::{CampaignGoal, Moved, TargetVerdict},
    objects::{self, ReachedObjects},
    records, sealed_files,
    target::{CampaignTarget, TargetEnvelope},
    volumes,
};
use crate::{client::Client, ending::ClientFailure};

/// The way to targets.
pub(crate) struct TargetAccess<'a> {
    pub(crate) client: &'a Client,
    /// If there are objects among the targets.
    pub(crate) objects: Option<ObjectStore>,
}

impl TargetAccess<'_> {
    /// How a target is encrypted now, by its envelope alone. `None` if it is no such target any more.
    ///
    /// # Errors
    /// [`ClientFailure`].
    pub(crate) fn inspect(&self, target: &CampaignTarget) -> Result<Option<TargetEnvelope>, ClientFailure> {
        match target {
            CampaignTarget::Record(path) => records::inspect(path).map(Some),
            CampaignTarget::SealedFile(path) => sealed_files::inspect(path).map(Some),
            CampaignTarget::Volume(path) => volumes::inspect(path).map(Some),
            CampaignTarget::Object(place) => objects::inspect(&self.reached()?, place),
        }
    }

    /// Puts a target under the key of a goal, if its envelope says that it is not there. `unique` is the same for all tries
    /// of one campaign.
    ///
    /// # Errors
    /// [`ClientFailure`]; the target is as it was then.
    pub(crate) fn put_under(
        &self,
        target: &CampaignTarget,
        goal: &CampaignGoal,
        unique: &str,
    ) -> Result<Moved, ClientFailure> {
        let envelope = self.inspect(target)?;
        let Some(envelope) = envelope else {
            return Ok(Moved::Cannot("it is not encrypted under a KMS key any more".to_owned()));
        };
        match goal.verdict(&envelope) {
            TargetVerdict::Already => Ok(Moved::Already),
            TargetVerdict::Cannot(why) => Ok(Moved::Cannot(why.to_owned())),
            TargetVerdict::Elsewhere => {
                let keys: Vec<String> = envelope.ways.into_iter().map(|way| way.key).collect();
                Ok(Moved::Cannot(format!("it is under {} by now", keys.join(", "))))
            }
            TargetVerdict::Move => match target {
                CampaignTarget::Record(path) => records::put_under(self.client, path, goal, unique),
                CampaignTarget::SealedFile(path) => sealed_files::put_under(self.client, path, goal, unique),
                CampaignTarget::Volume(path) => volumes::put_under(self.client, path, goal),
                CampaignTarget::Object(place) => objects::put_under(&self.reached()?, place, goal),
            },
        }
    }

    /// Tries to open a target by a key, and forgets what comes.
    ///
    /// # Errors
    /// [`ClientFailure`]: what KMS says.
    pub(crate) fn try_to_open(&self, target: &CampaignTarget, key: &str) -> Result<(), ClientFailure> {
        match target {
            CampaignTarget::Record(path) => records::try_to_open(self.client, path, key),
            CampaignTarget::SealedFile(path) => sealed_files::try_to_open(self.client, path, key),
            CampaignTarget::Volume(path) => volumes::try_to_open(self.client, path, key),
            CampaignTarget::Object(place) => objects::try_to_open(&self.reached()?, place),
        }
    }

    /// Objects, and who waits for them.
    pub(crate) fn reached(&self) -> Result<ReachedObjects<'_>, ClientFailure> {
        let store = self.objects.as_ref();
        let store = store.ok_or_else(|| ClientFailure::Use("objects were not expected here".to_owned()))?;
        Ok(ReachedObjects { client: self.client, store })
    }
}
