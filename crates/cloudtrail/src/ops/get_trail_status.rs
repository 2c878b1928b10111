//! `GetTrailStatus`: whether a trail delivers, when it last did, and what went wrong.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrailStatus.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{
    Timestamp,
    cloudtrail::{GetTrailStatusRequest, GetTrailStatusResponse},
};

use crate::{Trails, named::seen};

/// The operation.
pub(super) struct GetTrailStatus;

impl Operation for GetTrailStatus {
    type Service = Trails;
    type Input = GetTrailStatusRequest;
    type Output = GetTrailStatusResponse;
    const FACTS: Facts = Facts::reading("GetTrailStatus", r#"{"Name":"{trail}"}"#).shows(&["name"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let trail = seen(trails, cx, "cloudtrail:GetTrailStatus", &input.name)?;
        let progress = || trails.tables().progress_of(&trail.id);
        let delivered = progress().filter_map(|progress| progress.record.delivered).max();
        let digested = progress().filter_map(|progress| progress.record.digested).max();
        let attempt = trails.attempts.of(&trail.id);
        let text = |time: Option<Timestamp>| Some(time.map(Timestamp::to_iso8601).unwrap_or_default());
        Ok(GetTrailStatusResponse {
            is_logging: Some(trail.is_logging()),
            latest_delivery_error: attempt.as_ref().and_then(|attempt| attempt.error.clone()),
            latest_digest_delivery_error: attempt.as_ref().and_then(|attempt| attempt.digest_error.clone()),
            latest_delivery_time: delivered.map(Timestamp::from_millis),
            latest_digest_delivery_time: digested.map(Timestamp::from_millis),
            start_logging_time: trail.started,
            stop_logging_time: trail.stopped,
            latest_delivery_attempt_time: text(attempt.as_ref().map(|attempt| attempt.at)),
            latest_delivery_attempt_succeeded: text(delivered.map(Timestamp::from_millis)),
            latest_notification_attempt_time: Some(String::new()),
            latest_notification_attempt_succeeded: Some(String::new()),
            time_logging_started: text(trail.started),
            time_logging_stopped: text(trail.stopped),
            ..GetTrailStatusResponse::default()
        }
        .into())
    }
}
