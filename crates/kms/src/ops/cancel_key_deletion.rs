//! `CancelKeyDeletion`: keeps a key whose deletion is scheduled and not due yet. It comes back disabled.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{CancelKeyDeletionRequest, CancelKeyDeletionResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToCancelDeletion},
};

/// The operation.
pub(super) struct CancelKeyDeletion;

impl Operation for CancelKeyDeletion {
    type Service = Kms;
    type Input = CancelKeyDeletionRequest;
    type Output = CancelKeyDeletionResponse;
    const FACTS: Facts = Facts::changing("CancelKeyDeletion", r#"{"KeyId":"{pending-key}"}"#)
        .at(Rate::PerSecond(5))
        .shows(&["keyId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let key = gate::key::<ToCancelDeletion>(kms, cx, &input.key_id, &Asked::nothing())?;
        let missing = key.shelf().is_missing_material(key.record(), None);
        let now = cx.now;
        let change = key.moved(|state| state.cancelled(now, missing))?;
        Ok(Outcome { output: CancelKeyDeletionResponse { key_id: Some(key.arn()) }, change })
    }
}
