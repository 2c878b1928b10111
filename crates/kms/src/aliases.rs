//! The rules of alias names and targets.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html>

use bytes::Bytes;
use dispatch::Fault;
use model::{
    Timestamp,
    arn::{AliasName, KeyId},
    kms::{KeySpec, KeyUsageType},
};
use state::{Kept, encode};
use store::Revision;

use crate::{
    faults::{self, NOT_AUTHORIZED},
    key::Key,
    layout::Place,
    records::AliasRecord,
};

/// An alias.
#[derive(Debug, Clone)]
pub struct Alias {
    /// Where it stands.
    pub place: Place,
    /// Its name.
    pub name: AliasName,
    /// The key it names.
    pub target: KeyId,
    /// When it was made.
    pub created: Timestamp,
    /// When its target was last set.
    pub updated: Timestamp,
    /// Where the record was last changed.
    pub revision: Revision,
}

impl Alias {
    /// A name that a key is given now.
    pub(crate) fn new(place: Place, name: AliasName, target: KeyId, now: Timestamp) -> Self {
        Self { place, name, target, created: now, updated: now, revision: Revision::default() }
    }

    /// From the stored form. `None` when it does not decode.
    pub(crate) fn decode(place: Place, name: AliasName, value: &[u8], revision: Revision) -> Option<Self> {
        let record: AliasRecord<'_> = minicbor::decode(value).ok()?;
        Some(Self {
            place,
            name,
            target: KeyId::parse(record.target).ok()?,
            created: Timestamp::from_millis(record.created),
            updated: Timestamp::from_millis(record.updated),
            revision,
        })
    }
}

impl Kept for Alias {
    fn key(&self) -> store::Key {
        self.place.alias(&self.name)
    }

    fn revision(&self) -> Revision {
        self.revision
    }

    fn encode(&self) -> Bytes {
        encode(&AliasRecord {
            target: &self.target.to_string(),
            created: self.created.as_millis(),
            updated: self.updated.as_millis(),
        })
    }
}

/// The name of an alias to make, move or delete.
pub(crate) fn parse(sent: &str) -> Result<AliasName, Fault> {
    let Some(rest) = sent.strip_prefix("alias/") else {
        return Err(faults::validation(
            "Alias must start with the prefix \"alias/\". Please see \
             https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        ));
    };
    if rest.starts_with("aws/") {
        return Err(Fault::silent(&NOT_AUTHORIZED));
    }
    AliasName::parse(sent)
        .map_err(|_| faults::validation(format!("{sent} contains invalid characters for an alias")))
}

/// A target is named by key id or ARN.
pub(crate) fn check_target(sent: &str) -> Result<(), Fault> {
    if sent.starts_with("alias/") || (sent.starts_with("arn:") && sent.contains(":alias/")) {
        return Err(faults::validation("Aliases must refer to keys. Not aliases"));
    }
    Ok(())
}

/// An alias may move only between keys that its users could not tell apart by what they can do.
pub(crate) fn check_same_kind(name: &AliasName, from: &Key, to: &Key) -> Result<(), Fault> {
    if from.usage != to.usage {
        return Err(faults::validation(format!(
            "Alias {name} cannot be changed from a CMK with key usage {} to a CMK with key usage {}. \
             The key usage of the current CMK and the new CMK must be the same.",
            from.usage, to.usage
        )));
    }
    if kind(from) != kind(to) {
        return Err(faults::validation(format!(
            "Alias {name} cannot be changed from a CMK of one type to a CMK of another type."
        )));
    }
    Ok(())
}

/// Symmetric, HMAC or asymmetric.
fn kind(key: &Key) -> u8 {
    match (key.spec, key.usage) {
        (KeySpec::SymmetricDefault, _) => 0,
        (_, KeyUsageType::GenerateVerifyMac) => 1,
        _ => 2,
    }
}
