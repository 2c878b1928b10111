//! `DeriveSharedSecret`: agrees on a secret with the owner of another public key, by ECDH.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DeriveSharedSecret.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{DeriveSharedSecretRequest, DeriveSharedSecretResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToDeriveSharedSecret},
    parameters,
};

/// The operation.
pub(super) struct DeriveSharedSecret;

impl Operation for DeriveSharedSecret {
    type Service = Kms;
    type Input = DeriveSharedSecretRequest;
    type Output = DeriveSharedSecretResponse;
    const FACTS: Facts = Facts::reading(
        "DeriveSharedSecret",
        r#"{"KeyId":"{agree-key}","KeyAgreementAlgorithm":"ECDH","PublicKey":"{peer-public-key}"}"#,
    )
    .forwarded()
    .at(Rate::Cryptographic)
    .shows(&["keyId", "keyAgreementAlgorithm", "dryRun"])
    .adds(&["recipient"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let algorithm = input.key_agreement_algorithm;
        let recipient = gate::recipient(kms, cx, input.recipient).await?;
        let asked = Asked::nothing()
            .with("kms:KeyAgreementAlgorithm", algorithm)
            .with_tokens(input.grant_tokens.as_ref())
            .for_recipient(recipient.as_ref());

        let key = gate::key::<ToDeriveSharedSecret>(kms, cx, &input.key_id, &asked)?;
        key.supports(algorithm)?;
        let secret = key.agree(kms, cx, input.public_key).await?;
        parameters::dry_run(input.dry_run)?;
        let handed = gate::hand(cx, recipient, secret)?;

        let output = DeriveSharedSecretResponse {
            key_id: Some(key.arn()),
            shared_secret: handed.plaintext,
            key_agreement_algorithm: Some(algorithm),
            key_origin: Some(key.record().origin),
            ciphertext_for_recipient: handed.for_recipient,
        };
        Ok(output.into())
    }
}
