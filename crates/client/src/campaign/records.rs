//! Records as targets: KMS re-encrypts what they keep, and the file is replaced.

use std::path::Path;

use super::{
    goal::{CampaignGoal, Moved},
    lines::unusable,
    target::{EnvelopeDigest, OpeningKey, TargetEnvelope, material_of},
};
use crate::{client::Client, ending::ClientFailure, new_file::FileMark, record::WrapRecord};

pub(super) fn inspect(path: &Path) -> Result<TargetEnvelope, ClientFailure> {
    let (WrapRecord { key, material, wrapped, .. }, text) = WrapRecord::read_with_text(path, &[])?;
    let material = material_of(&wrapped.0).or(material);
    Ok(TargetEnvelope {
        ways: vec![OpeningKey { key, material }],
        hindrance: None,
        digest: Some(EnvelopeDigest::of(&text)),
    })
}

pub(super) fn put_under(
    client: &Client,
    path: &Path,
    goal: &CampaignGoal,
    unique: &str,
) -> Result<Moved, ClientFailure> {
    let seen = FileMark::of(path).map_err(|error| unusable(path, error))?;
    let record = WrapRecord::read(path, &[])?;
    client.rewrap(&record, &goal.to)?.replace_seen(path, seen, unique)?;
    Ok(Moved::Done)
}

pub(super) fn try_to_open(client: &Client, path: &Path, key: &str) -> Result<(), ClientFailure> {
    let WrapRecord { wrapped, context, .. } = WrapRecord::read(path, &[])?;
    client.decrypt(key, &wrapped.0, &context).map(drop)
}
