//! `GetPublicKey`: the public key of a pair, to be used outside the service.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetPublicKey.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate, fault};
use model::kms::{GetPublicKeyRequest, GetPublicKeyResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToGetPublicKey},
    metadata::algorithms,
};

/// The operation.
pub(super) struct GetPublicKey;

impl Operation for GetPublicKey {
    type Service = Kms;
    type Input = GetPublicKeyRequest;
    type Output = GetPublicKeyResponse;
    const FACTS: Facts = Facts::reading("GetPublicKey", r#"{"KeyId":"{sign-key}"}"#)
        .forwarded()
        .on_managed()
        .at(Rate::PerSecond(2000))
        .shows(&["keyId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let asked = Asked::nothing().with_tokens(input.grant_tokens.as_ref());
        let key = gate::key::<ToGetPublicKey>(kms, cx, &input.key_id, &asked)?;
        let Some(public_key) = key.public_key() else {
            return Err(Fault::silent(&fault::UNSUPPORTED_OPERATION));
        };

        let record = key.record();
        let output = GetPublicKeyResponse {
            key_id: Some(key.arn()),
            public_key: Some(public_key),
            customer_master_key_spec: Some(record.spec),
            key_spec: Some(record.spec),
            key_usage: Some(record.usage),
            encryption_algorithms: algorithms(record),
            signing_algorithms: algorithms(record),
            key_agreement_algorithms: algorithms(record),
            encapsulation_algorithms: algorithms(record),
        };
        Ok(output.into())
    }
}
