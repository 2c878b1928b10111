//! `DisableKey`: takes a key out of use until it is enabled again.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKey.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{Nothing, kms::DisableKeyRequest};

use crate::{
    Kms,
    gate::{self, Asked, ToDisable},
    lifecycle::State,
};

/// The operation.
pub(super) struct DisableKey;

impl Operation for DisableKey {
    type Service = Kms;
    type Input = DisableKeyRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts::changing("DisableKey", r#"{"KeyId":"{key}"}"#).at(Rate::PerSecond(5)).shows(&["keyId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let key = gate::key::<ToDisable>(kms, cx, &input.key_id, &Asked::days_unused())?;
        let change = key.moved(State::disabled)?;
        Ok(Outcome { output: Nothing {}, change })
    }
}
