//! `RotateKeyOnDemand`: new material for a key now, or the imported material that waits for it. The schedule
//! of automatic rotation stays.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html>
//!
//! AWS begins the rotation and answers; here it is over when the call is answered.

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{OriginType, RotateKeyOnDemandRequest, RotateKeyOnDemandResponse, RotationType};

use crate::{
    Kms, faults,
    gate::{self, Asked, ToRotate},
    import,
    key::Key,
    materials::Rotated,
    rotation,
};

/// The operation.
pub(super) struct RotateKeyOnDemand;

impl Operation for RotateKeyOnDemand {
    type Service = Kms;
    type Input = RotateKeyOnDemandRequest;
    type Output = RotateKeyOnDemandResponse;
    const FACTS: Facts =
        Facts::changing("RotateKeyOnDemand", r#"{"KeyId":"{key}"}"#).at(Rate::PerSecond(5)).shows(&["keyId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let key = gate::key::<ToRotate>(kms, cx, &input.key_id, &Asked::nothing())?;
        let record: &Key = key.record();
        let tables = kms.tables();
        rotation::check_kind(record)?;
        rotation::check_settable(record)?;
        if record.origin == OriginType::External {
            import::check_rotatable(tables, record)?;
        } else {
            rotation::check_origin(record)?;
        }
        if record.on_demand_rotations >= kms.quotas.on_demand_rotations {
            return Err(faults::too_many_rotations(&record.arn));
        }
        if rotation::is_imminent(record, cx.now) {
            return Err(faults::rotates_soon(&record.arn));
        }

        let how = Rotated { at: cx.now, kind: RotationType::OnDemand };
        let turn = rotation::turn(kms, tables, record, how, cx.entropy)?;
        turn.events.into_iter().for_each(|event| cx.notes.event(event));
        Ok(Outcome::changing(RotateKeyOnDemandResponse { key_id: Some(key.arn()) }, turn.change))
    }
}
