//! `DisableKeyRotation`: a key keeps its material until it is rotated on demand.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKeyRotation.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{
    Nothing,
    kms::{DisableKeyRotationRequest, KeySpec},
};

use crate::{
    Kms, events,
    gate::{self, Asked, ToDisableRotation},
    key::Key,
    rotation,
};

/// The operation.
pub(super) struct DisableKeyRotation;

impl Operation for DisableKeyRotation {
    type Service = Kms;
    type Input = DisableKeyRotationRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing("DisableKeyRotation", r#"{"KeyId":"{key}"}"#)
        .at(Rate::PerSecond(5))
        .shows(&["keyId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let key = gate::key::<ToDisableRotation>(kms, cx, &input.key_id, &Asked::nothing())?;
        // AWS takes the call for keys that cannot rotate at all, and changes nothing.
        if key.record().spec != KeySpec::SymmetricDefault {
            return Ok(Nothing {}.into());
        }
        rotation::check_origin(key.record())?;
        rotation::check_settable(key.record())?;

        if key.record().rotation.is_some() {
            events::synchronized(kms.tables(), key.record())
                .into_iter()
                .for_each(|event| cx.notes.event(event));
        }
        let off = || key.replaced(&Key { rotation: None, ..Key::clone(key.record()) });
        let change = key.record().rotation.is_some().then(off);
        Ok(Outcome { output: Nothing {}, change })
    }
}
