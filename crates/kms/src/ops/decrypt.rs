//! `Decrypt`: gives back what was encrypted under a KMS key with the same encryption context.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>
//!
//! The key is found in the blob, so that clients need not name it; when they do, it must be that one. What a public key
//! encrypted says nothing of the key, which has to be named then.

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{DecryptRequest, DecryptResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToDecrypt},
    materials, parameters,
};

/// The operation.
pub(super) struct Decrypt;

impl Operation for Decrypt {
    type Service = Kms;
    type Input = DecryptRequest;
    type Output = DecryptResponse;
    const FACTS: Facts = Facts::reading("Decrypt", r#"{"CiphertextBlob":"{ciphertext}"}"#)
        .forwarded()
        .on_managed()
        .at(Rate::Cryptographic)
        .shows(&["encryptionContext", "keyId", "encryptionAlgorithm", "dryRun", "dryRunModifiers"])
        .adds(&["keyMaterialId", "recipient"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let algorithm = input.encryption_algorithm.unwrap_or_default();
        cx.notes.parameter("encryptionAlgorithm", algorithm.as_str());
        let context = gate::context(cx, "encryptionContext", input.encryption_context.as_ref())?;
        let (named, blob) = (input.key_id.as_deref(), input.ciphertext_blob.as_deref());
        parameters::modifiers(input.dry_run, input.dry_run_modifiers.as_deref(), named, blob)?;
        let recipient = gate::recipient(kms, cx, input.recipient).await?;
        let asked = Asked::encryption(algorithm, context)
            .with_tokens(input.grant_tokens.as_ref())
            .for_recipient(recipient.as_ref());

        let key = gate::ciphertext::<ToDecrypt>(kms, cx, named, blob, &asked)?;
        key.supports(algorithm)?;
        parameters::takes_context(algorithm, context)?;
        let Some(blob) = input.ciphertext_blob else {
            return parameters::dry_run(Some(true)).map(|()| DecryptResponse::default().into());
        };
        let opened = key.decrypt(kms, cx, algorithm, blob, context).await?;
        parameters::dry_run(input.dry_run)?;
        materials::note(cx, "keyMaterialId", opened.material);
        let material = opened.material.filter(|_| recipient.is_none());
        let handed = gate::hand(cx, recipient, opened.plaintext)?;

        let output = DecryptResponse {
            key_id: Some(key.arn()),
            plaintext: handed.plaintext,
            encryption_algorithm: Some(algorithm),
            ciphertext_for_recipient: handed.for_recipient,
            key_material_id: material.map(|id| id.text()),
        };
        Ok(output.into())
    }
}
