//! `GenerateDataKeyPair` and `GenerateDataKeyPairWithoutPlaintext`: a fresh key pair for use outside the service, its
//! private key encrypted under a KMS key, with and without that in plaintext.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKeyPair.html>

use std::collections::BTreeMap;

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{
    DataKeyPairSpec, EncryptionAlgorithmSpec, GenerateDataKeyPairRequest, GenerateDataKeyPairResponse,
    GenerateDataKeyPairWithoutPlaintextRequest, GenerateDataKeyPairWithoutPlaintextResponse, KeySpec,
};

use super::create_key::check_region;
use crate::{
    Kms,
    gate::{self, Asked, ToGenerateDataKeyPair, ToGenerateDataKeyPairWithoutPlaintext},
    making, materials, parameters,
};

/// The operation with plaintext.
pub(super) struct GenerateDataKeyPair;

impl Operation for GenerateDataKeyPair {
    type Service = Kms;
    type Input = GenerateDataKeyPairRequest;
    type Output = GenerateDataKeyPairResponse;
    const FACTS: Facts =
        Facts::reading("GenerateDataKeyPair", r#"{"KeyId":"{key}","KeyPairSpec":"ECC_NIST_P256"}"#)
            .forwarded()
            .on_managed()
            .at(Rate::DataKeyPair)
            .shows(&["encryptionContext", "keyId", "keyPairSpec", "dryRun"])
            .adds(&["keyMaterialId", "recipient"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let spec = key_spec(cx, input.key_pair_spec)?;
        let recipient = gate::recipient(kms, cx, input.recipient).await?;
        let context = gate::context(cx, "encryptionContext", input.encryption_context.as_ref())?;

        let asked = asked(input.key_pair_spec, context)
            .with_tokens(input.grant_tokens.as_ref())
            .for_recipient(recipient.as_ref());
        let key = gate::key::<ToGenerateDataKeyPair>(kms, cx, &input.key_id, &asked)?;
        key.supports(EncryptionAlgorithmSpec::SymmetricDefault)?;
        parameters::dry_run(input.dry_run)?;
        let pair = making::pair(kms, cx, spec).await?;
        let blob = key.encrypt(cx, &pair.private, context)?;
        materials::note(cx, "keyMaterialId", key.material_id());
        let handed = gate::hand(cx, recipient, pair.private)?;

        let output = GenerateDataKeyPairResponse {
            private_key_ciphertext_blob: Some(blob),
            private_key_plaintext: handed.plaintext,
            public_key: Some(pair.public.into()),
            key_id: Some(key.arn()),
            key_pair_spec: Some(input.key_pair_spec),
            ciphertext_for_recipient: handed.for_recipient,
            key_material_id: key.material_id().map(|id| id.text()),
        };
        Ok(output.into())
    }
}

/// The operation without plaintext.
pub(super) struct GenerateDataKeyPairWithoutPlaintext;

impl Operation for GenerateDataKeyPairWithoutPlaintext {
    type Service = Kms;
    type Input = GenerateDataKeyPairWithoutPlaintextRequest;
    type Output = GenerateDataKeyPairWithoutPlaintextResponse;
    const FACTS: Facts = Facts::reading(
        "GenerateDataKeyPairWithoutPlaintext",
        r#"{"KeyId":"{key}","KeyPairSpec":"ECC_NIST_P256"}"#,
    )
    .forwarded()
    .on_managed()
    .at(Rate::DataKeyPair)
    .shows(&["encryptionContext", "keyId", "keyPairSpec", "dryRun"])
    .adds(&["keyMaterialId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let spec = key_spec(cx, input.key_pair_spec)?;
        let context = gate::context(cx, "encryptionContext", input.encryption_context.as_ref())?;

        let asked = asked(input.key_pair_spec, context).with_tokens(input.grant_tokens.as_ref());
        let key = gate::key::<ToGenerateDataKeyPairWithoutPlaintext>(kms, cx, &input.key_id, &asked)?;
        key.supports(EncryptionAlgorithmSpec::SymmetricDefault)?;
        parameters::dry_run(input.dry_run)?;
        let pair = making::pair(kms, cx, spec).await?;
        let blob = key.encrypt(cx, &pair.private, context)?;
        materials::note(cx, "keyMaterialId", key.material_id());

        let output = GenerateDataKeyPairWithoutPlaintextResponse {
            private_key_ciphertext_blob: Some(blob),
            public_key: Some(pair.public.into()),
            key_id: Some(key.arn()),
            key_pair_spec: Some(input.key_pair_spec),
            key_material_id: key.material_id().map(|id| id.text()),
        };
        Ok(output.into())
    }
}

fn asked(spec: DataKeyPairSpec, context: Option<&BTreeMap<String, String>>) -> Asked<'_> {
    Asked::symmetric(context).with("kms:DataKeyPairSpec", spec)
}

/// The spec, as of a KMS key, if it is made in this Region.
fn key_spec(cx: &Cx<'_>, spec: DataKeyPairSpec) -> Result<KeySpec, Fault> {
    let spec =
        KeySpec::parse(spec.as_str()).ok_or_else(|| Fault::internal(format!("{spec} is no KeySpec")))?;
    check_region(spec, cx.region)?;
    Ok(spec)
}
