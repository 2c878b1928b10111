//! `GenerateRandom`: random bytes for the caller.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GenerateRandom.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{GenerateRandomRequest, GenerateRandomResponse};

use super::generate_data_key::random;
use crate::{Kms, faults, gate, parameters};

/// The operation.
pub(super) struct GenerateRandom;

impl Operation for GenerateRandom {
    type Service = Kms;
    type Input = GenerateRandomRequest;
    type Output = GenerateRandomResponse;
    const FACTS: Facts = Facts::reading("GenerateRandom", r#"{"NumberOfBytes":32}"#)
        .forwarded()
        .at(Rate::Cryptographic)
        .adds(&["recipient"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let Some(bytes) = input.number_of_bytes else {
            return Err(faults::validation("NumberOfBytes is required."));
        };
        parameters::no_custom_key_store(input.custom_key_store_id.as_deref())?;
        let recipient = gate::recipient(kms, cx, input.recipient).await?;
        gate::permit(kms, cx, "kms:GenerateRandom", "*", gate::of_recipient(recipient.as_ref()))?;

        let plaintext = random(cx, usize::try_from(bytes).unwrap_or_default())?;
        let handed = gate::hand(cx, recipient, plaintext)?;
        let output = GenerateRandomResponse {
            plaintext: handed.plaintext,
            ciphertext_for_recipient: handed.for_recipient,
        };
        Ok(output.into())
    }
}
