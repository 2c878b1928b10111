//! `GetKeyLastUsage`: when a key was last used, what for, and in which call.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{GetKeyLastUsageRequest, GetKeyLastUsageResponse};

use crate::{
    Kms,
    gate::{self, Asked, ToGetLastUsage},
};

/// The operation.
pub(super) struct GetKeyLastUsage;

impl Operation for GetKeyLastUsage {
    type Service = Kms;
    type Input = GetKeyLastUsageRequest;
    type Output = GetKeyLastUsageResponse;
    const FACTS: Facts = Facts::reading("GetKeyLastUsage", r#"{"KeyId":"{key}"}"#)
        .on_managed()
        .at(Rate::PerSecond(5))
        .shows(&["keyId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let key = gate::key::<ToGetLastUsage>(kms, cx, &input.key_id, &Asked::nothing())?;
        // Uses are tracked from a key's first day on.
        let created = key.record().created;
        Ok(GetKeyLastUsageResponse {
            key_id: Some(key.arn()),
            key_last_usage: Some(key.record().last_use.get().map(Into::into).unwrap_or_default()),
            tracking_start_date: Some(created),
            key_creation_date: Some(created),
        }
        .into())
    }
}
