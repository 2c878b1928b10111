//! `UpdateKeyDescription`: replaces a key's free text.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateKeyDescription.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{Nothing, kms::UpdateKeyDescriptionRequest};

use crate::{
    Kms,
    gate::{self, Asked, ToUpdateDescription},
    key::Key,
};

/// The operation.
pub(super) struct UpdateKeyDescription;

impl Operation for UpdateKeyDescription {
    type Service = Kms;
    type Input = UpdateKeyDescriptionRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts::changing("UpdateKeyDescription", r#"{"KeyId":"{key}","Description":"payroll"}"#)
            .at(Rate::PerSecond(5))
            .shows(&["keyId", "description"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let key = gate::key::<ToUpdateDescription>(kms, cx, &input.key_id, &Asked::nothing())?;
        let change = key.replaced(&Key { description: input.description, ..Key::clone(key.record()) });
        Ok(Outcome::changing(Nothing {}, change))
    }
}
