//! Volumes of LUKS2 as targets: KMS re-encrypts the data key, and the header gets the new token in one write. The tokens of
//! directories are records.

use std::path::Path;

use super::{
    goal::{CampaignGoal, Moved},
    target::{OpeningKey, TargetEnvelope, material_of},
};
use crate::{
    client::Client,
    ending::ClientFailure,
    record::WrapRecord,
    volume::{place::Volume, rewrapping},
};

/// With a way for each key slot of a passphrase.
pub(super) fn inspect(path: &Path) -> Result<TargetEnvelope, ClientFailure> {
    let volume = Volume::at(path)?;
    let way = |WrapRecord { key, material, wrapped, .. }: &WrapRecord| OpeningKey {
        key: key.clone(),
        material: material_of(&wrapped.0).or_else(|| material.clone()),
    };
    let mut ways: Vec<OpeningKey> = volume.records().map(way).collect();
    let slots = volume.slots_of_passphrases()?;
    let of_slot = |slot| OpeningKey { key: format!("a passphrase, in key slot {slot}"), material: None };
    ways.extend(slots.into_iter().map(of_slot));
    Ok(TargetEnvelope { ways, hindrance: None, digest: None })
}

pub(super) fn put_under(client: &Client, path: &Path, goal: &CampaignGoal) -> Result<Moved, ClientFailure> {
    rewrapping::rewrap(client, &Volume::at(path)?, Some(&goal.to), Some(&goal.from))?;
    Ok(Moved::Done)
}

/// By each of its tokens that is under the key.
pub(super) fn try_to_open(client: &Client, path: &Path, key: &str) -> Result<(), ClientFailure> {
    let volume = Volume::at(path)?;
    let mut answer = Err(ClientFailure::Record(format!("`{}`: it is not under {key}", path.display())));
    for WrapRecord { wrapped, context, .. } in volume.records().filter(|record| record.key == key) {
        answer = client.decrypt(key, &wrapped.0, context).map(drop);
        if answer.is_ok() {
            break;
        }
    }
    answer
}
