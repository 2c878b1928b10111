//! `Encrypt`: up to 4,096 bytes under a symmetric KMS key, bound to an encryption context, or what a public key takes.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{EncryptRequest, EncryptResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToEncrypt},
    materials, parameters,
};

/// The operation.
pub(super) struct Encrypt;

impl Operation for Encrypt {
    type Service = Kms;
    type Input = EncryptRequest;
    type Output = EncryptResponse;
    const FACTS: Facts = Facts::reading("Encrypt", r#"{"KeyId":"{key}","Plaintext":"aGVsbG8="}"#)
        .forwarded()
        .on_managed()
        .at(Rate::Cryptographic)
        .shows(&["keyId", "encryptionContext", "encryptionAlgorithm", "dryRun"])
        .adds(&["keyMaterialId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let algorithm = input.encryption_algorithm.unwrap_or_default();
        cx.notes.parameter("encryptionAlgorithm", algorithm.as_str());
        let context = gate::context(cx, "encryptionContext", input.encryption_context.as_ref())?;
        let asked = Asked::encryption(algorithm, context).with_tokens(input.grant_tokens.as_ref());

        let key = gate::key::<ToEncrypt>(kms, cx, &input.key_id, &asked)?;
        key.supports(algorithm)?;
        key.takes(algorithm, &input.plaintext)?;
        parameters::takes_context(algorithm, context)?;
        parameters::dry_run(input.dry_run)?;
        let blob = key.encrypt_by(kms, cx, algorithm, input.plaintext, context).await?;
        materials::note(cx, "keyMaterialId", key.material_id());

        let output = EncryptResponse {
            ciphertext_blob: Some(blob),
            key_id: Some(key.arn()),
            encryption_algorithm: Some(algorithm),
        };
        Ok(output.into())
    }
}
