//! `EnableKeyRotation`: new material for a key every so many days, from now on.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html>
//!
//! Called again it sets the period, the default if none is sent, and the clock starts anew.

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{Nothing, kms::EnableKeyRotationRequest};

use crate::{
    Kms, events, faults,
    gate::{self, Asked, ToEnableRotation},
    key::Key,
    key::Rotation,
    limits::{ROTATION_PERIOD_DAYS, ROTATION_PERIOD_DAYS_DEFAULT},
    rotation,
};

/// The operation.
pub(super) struct EnableKeyRotation;

impl Operation for EnableKeyRotation {
    type Service = Kms;
    type Input = EnableKeyRotationRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts::changing("EnableKeyRotation", r#"{"KeyId":"{key}","RotationPeriodInDays":180}"#)
            .at(Rate::PerSecond(15))
            .shows(&["keyId", "rotationPeriodInDays"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let period_days = period(input.rotation_period_in_days)?;
        let asked = match input.rotation_period_in_days {
            Some(days) => Asked::nothing().with("kms:RotationPeriodInDays", days),
            None => Asked::nothing(),
        };
        let key = gate::key::<ToEnableRotation>(kms, cx, &input.key_id, &asked)?;
        rotation::check_kind(key.record())?;
        rotation::check_origin(key.record())?;
        rotation::check_settable(key.record())?;

        events::synchronized(kms.tables(), key.record()).into_iter().for_each(|event| cx.notes.event(event));
        let rotation = Some(Rotation::starting(cx.now, period_days));
        let change = key.replaced(&Key { rotation, ..Key::clone(key.record()) });
        Ok(Outcome::changing(Nothing {}, change))
    }
}

fn period(asked: Option<i32>) -> Result<u16, Fault> {
    let Some(asked) = asked else { return Ok(ROTATION_PERIOD_DAYS_DEFAULT) };
    u16::try_from(asked).ok().filter(|days| ROTATION_PERIOD_DAYS.contains(days)).ok_or_else(|| {
        faults::validation(format!(
            "RotationPeriodInDays must be between {} and {}.",
            ROTATION_PERIOD_DAYS.start(),
            ROTATION_PERIOD_DAYS.end()
        ))
    })
}
