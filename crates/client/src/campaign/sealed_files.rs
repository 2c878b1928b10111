//! Sealed files as targets: opened and sealed anew, frame by frame, into a file that takes their place.
//!
//! A header alone cannot be put under another key: its tag would be made anew with the nonce of the first tag, and two such tags
//! give away what authenticates all frames.

use std::path::Path;

use envelope::message::{EncryptedDataKey, Suite};
use forward::Context;

use super::{
    goal::{CampaignGoal, Moved},
    lines::unusable,
    target::{EnvelopeDigest, OpeningKey, TargetEnvelope, material_of},
};
use crate::{
    client::Client,
    ending::ClientFailure,
    new_file::FileMark,
    opening::{SealedFile, of_kms},
    sealing::{FrameSealer, begin_message, data_key},
    streams::{InputBytes, OutputBytes},
};

pub(super) fn inspect(path: &Path) -> Result<TargetEnvelope, ClientFailure> {
    let sealed = SealedFile::begin(InputBytes::open(path)?)?;
    let data_keys = sealed.header.encrypted_data_keys();
    let hindrance = if sealed.header.suite() == Suite::CommitsAndSigns {
        Some("it is signed by its writer, who has to seal it anew")
    } else if data_keys.iter().any(|data_key| of_kms(data_key).is_none()) {
        Some("its data key is also under a key that is none of KMS")
    } else {
        None
    };
    let digest = Some(EnvelopeDigest::of(&sealed.header_bytes));
    Ok(TargetEnvelope { ways: data_keys.iter().map(way).collect(), hindrance, digest })
}

/// Seals a file anew under the key of a goal, and under the others by which it opens.
pub(super) fn put_under(
    client: &Client,
    path: &Path,
    goal: &CampaignGoal,
    unique: &str,
) -> Result<Moved, ClientFailure> {
    let seen = FileMark::of(path).map_err(|error| unusable(path, error))?;
    let mut sealed = SealedFile::begin(InputBytes::open(path)?)?;
    let (old, context) = (of_key(&sealed, &goal.from)?, sealed.header.context().clone());
    let opened = client.wait(client.kms.decrypt(&client.act_for, Some(&goal.from), old, &context))?;
    if goal.reached_by(&OpeningKey { key: opened.key, material: opened.material }) {
        return Ok(Moved::Already);
    }
    let opener = sealed.opener(&opened.plaintext)?;
    drop(opened.plaintext);
    let (data_key, data_keys) = data_key(client, &keys_after(&sealed, goal), &context)?;
    let (sealer, header) = begin_message(&data_key, &context, &data_keys)?;
    drop(data_key);
    let mut out = OutputBytes::replace(path, seen, unique)?;
    out.write(&[&header])?;
    let mut frames = FrameSealer::new(sealer, &mut out);
    sealed.open_frames(opener, |plaintext| frames.push(plaintext))?;
    frames.finish()?;
    out.finish()?;
    Ok(Moved::Done)
}

pub(super) fn try_to_open(client: &Client, path: &Path, key: &str) -> Result<(), ClientFailure> {
    let sealed = SealedFile::begin(InputBytes::open(path)?)?;
    let context: &Context = sealed.header.context();
    client.decrypt(key, of_key(&sealed, key)?, context).map(drop)
}

/// The data key as this KMS key has encrypted it.
fn of_key<'a>(sealed: &'a SealedFile, key: &str) -> Result<&'a [u8], ClientFailure> {
    let mut of_kms = sealed.header.encrypted_data_keys().iter().filter_map(of_kms);
    let found = of_kms.find(|(name, _)| *name == key).map(|(_, blob)| blob);
    found.ok_or_else(|| sealed.is_not_opened(format!("its data key is not under {key}")))
}

/// The keys under which the new data key is to be: those of before, with the new one in the place of the old.
fn keys_after(sealed: &SealedFile, goal: &CampaignGoal) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    for (key, _) in sealed.header.encrypted_data_keys().iter().filter_map(of_kms) {
        let key = if key == goal.from { &goal.to } else { key };
        if !keys.iter().any(|known| known == key) {
            keys.push(key.to_owned());
        }
    }
    keys
}

fn way(data_key: &EncryptedDataKey) -> OpeningKey {
    match of_kms(data_key) {
        Some((key, blob)) => OpeningKey { key: key.to_owned(), material: material_of(blob) },
        None => {
            let name = String::from_utf8_lossy(&data_key.key);
            OpeningKey { key: format!("{} {name}", data_key.provider), material: None }
        }
    }
}
