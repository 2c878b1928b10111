//! `EnableKey`: makes a disabled key usable again.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKey.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{Nothing, kms::EnableKeyRequest};

use crate::{
    Kms,
    gate::{self, Asked, ToEnable},
    lifecycle::State,
};

/// The operation.
pub(super) struct EnableKey;

impl Operation for EnableKey {
    type Service = Kms;
    type Input = EnableKeyRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts::changing("EnableKey", r#"{"KeyId":"{key}"}"#).at(Rate::PerSecond(5)).shows(&["keyId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let key = gate::key::<ToEnable>(kms, cx, &input.key_id, &Asked::nothing())?;
        let change = key.moved(State::enabled)?;
        Ok(Outcome { output: Nothing {}, change })
    }
}
