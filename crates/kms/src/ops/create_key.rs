//! `CreateKey`: makes a KMS key, with its material, policy and tags.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate, fault};
use model::{
    arn::{KeyArn, KeyId, MaterialId, Partition, Region},
    kms::{CreateKeyRequest, CreateKeyResponse, KeySpec, KeyUsageType, MultiRegionKeyType, OriginType},
};
use state::created;
use store::Batch;

use crate::{
    Kms, faults,
    gate::{self, NewKey},
    import,
    key::Key,
    layout::Place,
    lifecycle::State,
    making,
    materials::StoredMaterial,
    metadata::metadata,
    parameters, policies, tags,
};

/// The operation.
pub(super) struct CreateKey;

impl Operation for CreateKey {
    type Service = Kms;
    type Input = CreateKeyRequest;
    type Output = CreateKeyResponse;
    const FACTS: Facts = Facts::changing("CreateKey", r#"{"Description":"made by its example"}"#)
        .at(Rate::PerSecond(5))
        .shows(&[
            "policy",
            "description",
            "keyUsage",
            "customerMasterKeySpec",
            "keySpec",
            "origin",
            "customKeyStoreId",
            "bypassPolicyLockoutSafetyCheck",
            "tags",
            "multiRegion",
            "xksKeyId",
        ])
        .answers(&["keyMetadata"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let spec = key_spec(&input)?;
        let usage = key_usage(&input, spec)?;
        check_region(spec, cx.region)?;
        check_offered(&input, spec)?;
        let tags = tags::parse(input.tags.as_deref().unwrap_or_default())?;
        let bypass = input.bypass_policy_lockout_safety_check;

        let account = cx.account().to_string();
        let family_role = input.multi_region.unwrap_or_default().then_some(MultiRegionKeyType::Primary);
        let origin = input.origin.unwrap_or(OriginType::AwsKms);
        let wanted = NewKey { account, spec, usage, origin, tags: &tags, bypass, family_role };
        gate::permit(kms, cx, "kms:CreateKey", "*", &wanted)?;
        if !tags.is_empty() {
            gate::permit(kms, cx, "kms:TagResource", "*", &wanted)?;
        }
        let policy = match &input.policy {
            Some(text) => policies::accept(kms, cx.region, text)?,
            None => policies::default(kms, cx.account(), cx.region)?,
        };

        let place = Place::of(cx);
        kms.quotas.check_keys(kms.tables(), &place)?;
        let mut random = [0; 16];
        cx.entropy.fill(&mut random).map_err(|_| Fault::internal("the source of random bytes failed"))?;
        let id = KeyId::generate(random, family_role.is_some());
        let arn = KeyArn { region: place.region.clone(), account: place.account, key_id: id };
        let made = match origin {
            OriginType::External => None,
            _ => Some(making::material(kms, cx, &arn, spec).await?),
        };
        let material = made.as_ref().map(|made| MaterialId::from_bytes(made.id));
        let key = Key {
            description: input.description.unwrap_or_default(),
            origin,
            state: if made.is_some() { State::Enabled } else { State::PendingImport },
            tags,
            ..Key::new(arn.clone(), cx.now, (spec, usage), policy, material)
        };
        if !bypass.unwrap_or_default() {
            gate::check_lockout(kms, cx, &key)?;
        }
        cx.notes.resource(arn.to_string());

        let change = change(&key, made);
        Ok(Outcome::changing(CreateKeyResponse { key_metadata: Some(metadata(kms.tables(), &key)) }, change))
    }
}

/// The key, with its material unless that is imported later.
fn change(key: &Key, made: Option<making::Generated>) -> Batch {
    let Some(made) = made else { return created(key) };
    let material = StoredMaterial {
        created: key.created,
        token: Some(made.token),
        public_key: made.public_key,
        ..StoredMaterial::default()
    };
    created(key).put(key.place().material(key.id(), MaterialId::from_bytes(made.id)), material.encode())
}

/// The spec, under its present or its deprecated name; not under both, even if they agree.
fn key_spec(input: &CreateKeyRequest) -> Result<KeySpec, Fault> {
    let deprecated = input.customer_master_key_spec.and_then(|spec| KeySpec::parse(spec.as_str()));
    match (input.key_spec, deprecated) {
        (Some(_), Some(_)) => Err(faults::validation(
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.",
        )),
        (spec, old) => Ok(spec.or(old).unwrap_or(KeySpec::SymmetricDefault)),
    }
}

/// The usage, which only the symmetric encryption key has a default for.
fn key_usage(input: &CreateKeyRequest, spec: KeySpec) -> Result<KeyUsageType, Fault> {
    let usage = match input.key_usage {
        Some(usage) => usage,
        None if spec == KeySpec::SymmetricDefault => KeyUsageType::EncryptDecrypt,
        None => {
            return Err(faults::validation(
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
            ));
        }
    };
    if !spec.usages().contains(&usage) {
        return Err(faults::validation(format!("KeyUsage {usage} is not compatible with KeySpec {spec}")));
    }
    Ok(usage)
}

/// SM2 is for the Regions of China, ML-KEM for all others.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html>
pub(super) fn check_region(spec: KeySpec, region: &Region) -> Result<(), Fault> {
    let wanted = match spec {
        KeySpec::Sm2 => Some(true),
        KeySpec::MlKem512 | KeySpec::MlKem768 | KeySpec::MlKem1024 => Some(false),
        _ => None,
    };
    if wanted.is_some_and(|wanted| wanted != (region.partition() == Partition::Cn)) {
        return Err(faults::validation(format!("KeySpec {spec} is not supported in this Region.")));
    }
    Ok(())
}

/// What this version makes; `docs/divergences.md` lists the rest.
fn check_offered(input: &CreateKeyRequest, spec: KeySpec) -> Result<(), Fault> {
    match input.origin {
        None | Some(OriginType::AwsKms) => {}
        Some(OriginType::External) if import::is_importable(spec) => {}
        Some(OriginType::External) => {
            let what = format!("Origin EXTERNAL is not compatible with KeySpec {spec}");
            return Err(Fault::new(&fault::UNSUPPORTED_OPERATION, what));
        }
        Some(origin) => {
            let what = format!("Origin {origin} is not offered yet.");
            return Err(Fault::new(&fault::UNSUPPORTED_OPERATION, what));
        }
    }
    parameters::no_custom_key_store(input.custom_key_store_id.as_deref())?;
    parameters::no_custom_key_store(input.xks_key_id.as_deref())
}
