//! `ScheduleKeyDeletion`: deletes a key after a waiting period in which that can be cancelled.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{ScheduleKeyDeletionRequest, ScheduleKeyDeletionResponse};

use crate::{
    Kms, faults,
    gate::{self, Asked, ToScheduleDeletion},
    limits::{DELETION_WINDOW_DAYS, DELETION_WINDOW_DAYS_DEFAULT},
};

/// The operation.
pub(super) struct ScheduleKeyDeletion;

impl Operation for ScheduleKeyDeletion {
    type Service = Kms;
    type Input = ScheduleKeyDeletionRequest;
    type Output = ScheduleKeyDeletionResponse;
    const FACTS: Facts =
        Facts::changing("ScheduleKeyDeletion", r#"{"KeyId":"{key}","PendingWindowInDays":7}"#)
            .at(Rate::PerSecond(15))
            .shows(&["keyId", "pendingWindowInDays"])
            .answers(&["deletionDate", "keyState", "pendingWindowInDays"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let window = input.pending_window_in_days.unwrap_or(DELETION_WINDOW_DAYS_DEFAULT.into());
        let days = u16::try_from(window).ok().filter(|days| DELETION_WINDOW_DAYS.contains(days)).ok_or_else(
            || {
                faults::validation(format!(
                    "PendingWindowInDays must be between {} and {}.",
                    DELETION_WINDOW_DAYS.start(),
                    DELETION_WINDOW_DAYS.end()
                ))
            },
        )?;

        let asked = Asked::days_unused().with("kms:ScheduleKeyDeletionPendingWindowInDays", days);
        let key = gate::key::<ToScheduleDeletion>(kms, cx, &input.key_id, &asked)?;
        let (now, replicas) = (cx.now, kms.tables().replicas(key.record()));
        let has_replicas = !key.record().replica && !replicas.is_empty();
        let state = key.next(|state| state.scheduled(now, days, has_replicas))?;
        let change = key.moved(|_| Ok(state))?;

        let output = ScheduleKeyDeletionResponse {
            key_id: Some(key.arn()),
            deletion_date: state.deletion_date(),
            key_state: Some(state.key_state()),
            pending_window_in_days: Some(window),
        };
        Ok(Outcome { output, change })
    }
}
