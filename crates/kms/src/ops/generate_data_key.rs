//! `GenerateDataKey` and `GenerateDataKeyWithoutPlaintext`: a fresh key for use outside the service, with
//! and without its plaintext.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateDataKey.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{
    DataKeySpec, GenerateDataKeyRequest, GenerateDataKeyResponse, GenerateDataKeyWithoutPlaintextRequest,
    GenerateDataKeyWithoutPlaintextResponse, KeySpec,
};
use secret::Plaintext;

use crate::{
    Kms, faults,
    gate::{self, Asked, ToGenerateDataKey, ToGenerateDataKeyWithoutPlaintext},
    key::Key,
    materials, parameters,
};

/// The operation with plaintext.
pub(super) struct GenerateDataKey;

impl Operation for GenerateDataKey {
    type Service = Kms;
    type Input = GenerateDataKeyRequest;
    type Output = GenerateDataKeyResponse;
    const FACTS: Facts = Facts::reading("GenerateDataKey", r#"{"KeyId":"{key}","KeySpec":"AES_256"}"#)
        .forwarded()
        .on_managed()
        .at(Rate::Cryptographic)
        .shows(&["keyId", "encryptionContext", "numberOfBytes", "keySpec", "dryRun"])
        .adds(&["keyMaterialId", "recipient"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let bytes = length(input.key_spec, input.number_of_bytes)?;
        let recipient = gate::recipient(kms, cx, input.recipient).await?;
        let context = gate::context(cx, "encryptionContext", input.encryption_context.as_ref())?;

        let asked = Asked::symmetric(context)
            .with_tokens(input.grant_tokens.as_ref())
            .for_recipient(recipient.as_ref());
        let key = gate::key::<ToGenerateDataKey>(kms, cx, &input.key_id, &asked)?;
        check_symmetric(key.record())?;
        parameters::dry_run(input.dry_run)?;
        let plaintext = random(cx, bytes)?;
        let blob = key.encrypt(cx, &plaintext, context)?;
        materials::note(cx, "keyMaterialId", key.material_id());
        let material = key.material_id().filter(|_| recipient.is_none());
        let handed = gate::hand(cx, recipient, plaintext)?;

        let output = GenerateDataKeyResponse {
            ciphertext_blob: Some(blob),
            plaintext: handed.plaintext,
            key_id: Some(key.arn()),
            ciphertext_for_recipient: handed.for_recipient,
            key_material_id: material.map(|id| id.text()),
        };
        Ok(output.into())
    }
}

/// The operation without plaintext.
pub(super) struct GenerateDataKeyWithoutPlaintext;

impl Operation for GenerateDataKeyWithoutPlaintext {
    type Service = Kms;
    type Input = GenerateDataKeyWithoutPlaintextRequest;
    type Output = GenerateDataKeyWithoutPlaintextResponse;
    const FACTS: Facts =
        Facts::reading("GenerateDataKeyWithoutPlaintext", r#"{"KeyId":"{key}","NumberOfBytes":64}"#)
            .forwarded()
            .on_managed()
            .at(Rate::Cryptographic)
            .shows(&["keyId", "encryptionContext", "keySpec", "numberOfBytes", "dryRun"])
            .adds(&["keyMaterialId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let bytes = length(input.key_spec, input.number_of_bytes)?;
        let context = gate::context(cx, "encryptionContext", input.encryption_context.as_ref())?;

        let asked = Asked::symmetric(context).with_tokens(input.grant_tokens.as_ref());
        let key = gate::key::<ToGenerateDataKeyWithoutPlaintext>(kms, cx, &input.key_id, &asked)?;
        check_symmetric(key.record())?;
        parameters::dry_run(input.dry_run)?;
        let blob = key.encrypt(cx, &random(cx, bytes)?, context)?;
        materials::note(cx, "keyMaterialId", key.material_id());

        let output = GenerateDataKeyWithoutPlaintextResponse {
            ciphertext_blob: Some(blob),
            key_id: Some(key.arn()),
            key_material_id: key.material_id().map(|id| id.text()),
        };
        Ok(output.into())
    }
}

/// Data keys are encrypted under symmetric keys.
fn check_symmetric(key: &Key) -> Result<(), Fault> {
    if key.spec == KeySpec::SymmetricDefault {
        return Ok(());
    }
    let text = "You cannot generate a data key with an asymmetric CMK";
    Err(Fault::new(&faults::INVALID_KEY_USAGE, text))
}

/// Exactly one of the two says how many bytes.
fn length(spec: Option<DataKeySpec>, bytes: Option<i32>) -> Result<usize, Fault> {
    match (spec, bytes) {
        (Some(DataKeySpec::Aes256), None) => Ok(32),
        (Some(DataKeySpec::Aes128), None) => Ok(16),
        (None, Some(bytes)) => Ok(usize::try_from(bytes).unwrap_or_default()),
        _ => Err(faults::validation("Please specify either number of bytes or key spec.")),
    }
}

/// Fresh bytes from the strongroom's source.
pub(super) fn random(cx: &Cx<'_>, bytes: usize) -> Result<Plaintext, Fault> {
    Plaintext::zeroed(bytes)
        .fill(|buffer| cx.entropy.fill(buffer))
        .map_err(|_| Fault::internal("the source of random bytes failed"))
}
