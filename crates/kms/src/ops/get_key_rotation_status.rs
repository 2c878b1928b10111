//! `GetKeyRotationStatus`: whether and when a key gets new material by itself.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html>
//!
//! `OnDemandRotationStartDate` is never there: a rotation on demand is over when it is answered.

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{GetKeyRotationStatusRequest, GetKeyRotationStatusResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToGetRotation},
};

/// The operation.
pub(super) struct GetKeyRotationStatus;

impl Operation for GetKeyRotationStatus {
    type Service = Kms;
    type Input = GetKeyRotationStatusRequest;
    type Output = GetKeyRotationStatusResponse;
    const FACTS: Facts = Facts::reading("GetKeyRotationStatus", r#"{"KeyId":"{key}"}"#)
        .on_managed()
        .at(Rate::PerSecond(1000))
        .shows(&["keyId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let key = gate::key::<ToGetRotation>(kms, cx, &input.key_id, &Asked::nothing())?;
        // Replicas rotate with their primary. A key on its way out does not rotate; if it is kept, its
        // setting is what it was.
        let rotation = match key.record().state.is_pending_deletion() {
            true => None,
            false => kms.tables().primary(key.record()).rotation(),
        };

        let output = GetKeyRotationStatusResponse {
            key_id: Some(key.arn()),
            key_rotation_enabled: Some(rotation.is_some()),
            rotation_period_in_days: rotation.map(|rotation| rotation.period_days.into()),
            next_rotation_date: rotation.map(|rotation| rotation.next),
            on_demand_rotation_start_date: None,
        };
        Ok(output.into())
    }
}
