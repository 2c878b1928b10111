//! `ReplicateKey`: the key with the same id and the same material in another Region.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html>
//!
//! The answer says `Creating`, as AWS's does; the replica is complete when it is sent. Policy, description, tags and
//! aliases are each key's own. Imported material is not copied: it is imported into the replica as well.

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{
    arn::{KeyArn, Region},
    kms::{KeyMetadata, KeyState, MultiRegionKeyType, OriginType, ReplicateKeyRequest, ReplicateKeyResponse},
};
use state::{created, touched};
use store::Batch;

use crate::{
    Kms, events, family, faults,
    gate::{self, Asked, NewKey, ToReplicate, Usable},
    key::Key,
    layout::Place,
    lifecycle::State,
    limits::{MATERIALS_REPLICATED, REPLICAS_PER_KEY},
    materials::StoredMaterial,
    metadata::metadata,
    policies,
    tags::{self, Tags},
};

/// The operation.
pub(super) struct ReplicateKey;

impl Operation for ReplicateKey {
    type Service = Kms;
    type Input = ReplicateKeyRequest;
    type Output = ReplicateKeyResponse;
    const FACTS: Facts =
        Facts::changing("ReplicateKey", r#"{"KeyId":"{primary-key}","ReplicaRegion":"eu-central-1"}"#)
            .at(Rate::PerSecond(5))
            .shows(&[
                "keyId",
                "replicaRegion",
                "policy",
                "bypassPolicyLockoutSafetyCheck",
                "description",
                "tags",
            ])
            .answers(&["replicaKeyMetadata", "replicaPolicy", "replicaTags"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let tags = tags::parse(input.tags.as_deref().unwrap_or_default())?;
        let bypass = input.bypass_policy_lockout_safety_check;
        let mut asked = Asked::nothing().with("kms:ReplicaRegion", &input.replica_region).tagging(&tags);
        if let Some(bypass) = bypass {
            asked = asked.with("kms:BypassPolicyLockoutSafetyCheck", bypass);
        }
        let primary = gate::key::<ToReplicate>(kms, cx, &input.key_id, &asked)?;
        family::check_primary(primary.record())?;
        let region = family::other_region(kms, primary.record(), &input.replica_region)?;
        check_room(kms, &primary, &region)?;

        let mut there = gate::elsewhere(cx, &region);
        permit_creation(kms, &mut there, primary.record(), &tags, bypass)?;
        let policy = match &input.policy {
            Some(text) => policies::accept(kms, &region, text)?,
            None => policies::default(kms, there.account(), &region)?,
        };
        kms.quotas.check_keys(kms.tables(), &Place::of(&there))?;
        let arn = KeyArn { region: region.clone(), ..KeyArn::clone(&primary.record().arn) };
        let replica = Key {
            arn: arn.clone().into(),
            created: there.now,
            description: input.description.unwrap_or_default(),
            state: match primary.record().origin {
                OriginType::External => State::PendingImport,
                _ => State::Enabled,
            },
            policy,
            tags,
            pending_material: None,
            rotation: None,
            on_demand_rotations: 0,
            replica: true,
            ..Key::clone(primary.record())
        };
        if !bypass.unwrap_or_default() {
            gate::check_lockout(kms, &there, &replica)?;
        }
        cx.notes.resource(arn.to_string());
        cx.notes.event(events::about(&arn, "CreateKey", vec![("keyId", arn.key_id.to_string())]));
        let output = ReplicateKeyResponse {
            replica_key_metadata: Some(creating(metadata(kms.tables(), &replica))),
            replica_policy: Some(replica.policy.parsed.text().to_owned()),
            replica_tags: input.tags.filter(|tags| !tags.is_empty()),
        };
        Ok(Outcome::changing(output, change(&primary, &replica)))
    }
}

/// There is no key with this id in the Region yet, and all that it is made of fits into a commit.
fn check_room(kms: &Kms, primary: &Usable<ToReplicate>, region: &Region) -> Result<(), Fault> {
    let key = primary.record();
    let replicas = kms.tables().replicas(key);
    if let Some(replica) = replicas.iter().find(|replica| replica.arn.region == *region) {
        return Err(faults::replica_exists(&replica.arn));
    }
    if replicas.len() >= REPLICAS_PER_KEY {
        return Err(faults::too_many(&key.arn, "replica keys", REPLICAS_PER_KEY));
    }
    if primary.shelf().materials(primary.id()).count() > MATERIALS_REPLICATED {
        return Err(faults::too_many(&key.arn, "key materials of a replicated key", MATERIALS_REPLICATED));
    }
    Ok(())
}

/// In the replica's Region the caller makes a key.
fn permit_creation(
    kms: &Kms,
    there: &mut Cx<'_>,
    primary: &Key,
    tags: &Tags,
    bypass: Option<bool>,
) -> Result<(), Fault> {
    let wanted = NewKey {
        account: there.account().to_string(),
        spec: primary.spec,
        usage: primary.usage,
        origin: primary.origin,
        tags,
        bypass,
        family_role: Some(MultiRegionKeyType::Replica),
    };
    gate::permit(kms, there, "kms:CreateKey", "*", &wanted)?;
    if tags.is_empty() { Ok(()) } else { gate::permit(kms, there, "kms:TagResource", "*", &wanted) }
}

/// The replica with its material. The primary's record is replaced by itself, so that this and other changes of the
/// family exclude each other.
fn change(primary: &Usable<ToReplicate>, replica: &Key) -> Batch {
    let (at, id) = (replica.place(), primary.id());
    let mut change = touched(primary.record()).and(created(replica));
    for (name, material) in primary.shelf().materials(id) {
        // What only waits to become current is imported into the replica before it does.
        if primary.record().pending_material == Some(name) {
            continue;
        }
        let copy = match replica.origin {
            OriginType::External => StoredMaterial { token: None, ..material.unopened() },
            _ => material.unopened(),
        };
        change.puts.push((at.material(id, name), copy.encode()));
    }
    change
}

/// As AWS answers: the replica as it is for a moment.
fn creating(metadata: KeyMetadata) -> KeyMetadata {
    KeyMetadata {
        key_state: Some(KeyState::Creating),
        enabled: Some(false),
        current_key_material_id: None,
        ..metadata
    }
}
