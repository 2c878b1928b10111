//! `Encrypt`: up to 4,096 bytes under a KMS key, bound to an encryption context.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::kms::{EncryptRequest, EncryptResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToEncrypt},
};

/// The operation.
pub(super) struct Encrypt;

impl Operation for Encrypt {
    type Service = Kms;
    type Input = EncryptRequest;
    type Output = EncryptResponse;
    const FACTS: Facts =
        Facts { name: "Encrypt", read_only: true, example: r#"{"KeyId":"{key}","Plaintext":"aGVsbG8="}"# };

    async fn run(
        kms: &Kms,
        cx: &mut Cx<'_>,
        input: EncryptRequest,
    ) -> Result<Outcome<EncryptResponse>, Fault> {
        let algorithm = input.encryption_algorithm.unwrap_or_default();
        let asked = Asked::encryption(algorithm, input.encryption_context.as_ref())
            .with_tokens(input.grant_tokens.as_ref());

        let key = gate::key::<ToEncrypt>(kms, cx, &input.key_id, &asked)?;
        key.supports(algorithm)?;
        gate::dry_run(input.dry_run)?;
        let blob = key.encrypt(cx, &input.plaintext, input.encryption_context.as_ref())?;

        let output = EncryptResponse {
            ciphertext_blob: Some(blob),
            key_id: Some(key.arn()),
            encryption_algorithm: Some(algorithm),
        };
        Ok(output.into())
    }
}
