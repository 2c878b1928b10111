//! `ReEncrypt`: from one key or context to another, without the plaintext leaving the service.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{ReEncryptRequest, ReEncryptResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToReEncryptFrom, ToReEncryptTo},
    materials, parameters,
};

/// The operation.
pub(super) struct ReEncrypt;

impl Operation for ReEncrypt {
    type Service = Kms;
    type Input = ReEncryptRequest;
    type Output = ReEncryptResponse;
    const FACTS: Facts =
        Facts::reading("ReEncrypt", r#"{"CiphertextBlob":"{ciphertext}","DestinationKeyId":"{key}"}"#)
            .forwarded()
            .on_managed()
            .at(Rate::Cryptographic)
            .shows(&[
                "sourceEncryptionContext",
                "sourceKeyId",
                "destinationKeyId",
                "destinationEncryptionContext",
                "sourceEncryptionAlgorithm",
                "destinationEncryptionAlgorithm",
                "dryRun",
                "dryRunModifiers",
            ])
            .adds(&["sourceKeyMaterialId", "destinationKeyMaterialId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let from = input.source_encryption_algorithm.unwrap_or_default();
        let to = input.destination_encryption_algorithm.unwrap_or_default();
        let (named, blob) = (input.source_key_id.as_deref(), input.ciphertext_blob.as_deref());
        parameters::modifiers(input.dry_run, input.dry_run_modifiers.as_deref(), named, blob)?;
        cx.notes.parameter("sourceEncryptionAlgorithm", from.as_str());
        cx.notes.parameter("destinationEncryptionAlgorithm", to.as_str());
        let old = input.source_encryption_context.as_ref();
        let old = gate::context(cx, "sourceEncryptionContext", old)?;
        let new = input.destination_encryption_context.as_ref();
        let new = gate::context(cx, "destinationEncryptionContext", new)?;
        let same = gate::same_key(kms, cx, named, blob, &input.destination_key_id);

        let tokens = input.grant_tokens.as_ref();
        let asked = Asked::encryption(from, old).re_encrypting(same).with_tokens(tokens);
        let source = gate::ciphertext::<ToReEncryptFrom>(kms, cx, named, blob, &asked)?;
        let asked = Asked::encryption(to, new).re_encrypting(same).with_tokens(tokens);
        let target = gate::key::<ToReEncryptTo>(kms, cx, &input.destination_key_id, &asked)?;
        source.supports(from)?;
        target.supports(to)?;
        parameters::takes_context(from, old)?;
        parameters::takes_context(to, new)?;
        let Some(blob) = input.ciphertext_blob else {
            return parameters::dry_run(Some(true)).map(|()| ReEncryptResponse::default().into());
        };
        let opened = source.decrypt(kms, cx, from, blob, old).await?;
        target.takes(to, &opened.plaintext)?;
        parameters::dry_run(input.dry_run)?;
        let blob = target.encrypt_by(kms, cx, to, opened.plaintext, new).await?;
        materials::note(cx, "sourceKeyMaterialId", opened.material);
        materials::note(cx, "destinationKeyMaterialId", target.material_id());

        let output = ReEncryptResponse {
            ciphertext_blob: Some(blob),
            source_key_id: Some(source.arn()),
            key_id: Some(target.arn()),
            source_encryption_algorithm: Some(from),
            destination_encryption_algorithm: Some(to),
            source_key_material_id: opened.material.map(|id| id.text()),
            destination_key_material_id: target.material_id().map(|id| id.text()),
        };
        Ok(output.into())
    }
}
