//! `StartLogging` and `StopLogging`.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StartLogging.html>
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_StopLogging.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::cloudtrail::{StartLoggingRequest, StartLoggingResponse, StopLoggingRequest, StopLoggingResponse};
use state::replaced;

use crate::{Trails, named::changed, trails::Trail};

/// From now on, events are delivered.
pub(super) struct StartLogging;

/// What happens from now on is not delivered.
pub(super) struct StopLogging;

impl Operation for StartLogging {
    type Service = Trails;
    type Input = StartLoggingRequest;
    type Output = StartLoggingResponse;
    const FACTS: Facts = Facts::changing("StartLogging", r#"{"Name":"{trail}"}"#).shows(&["name"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let trail = changed(trails, cx, "cloudtrail:StartLogging", &input.name)?;
        if trail.is_logging() {
            return Ok(StartLoggingResponse {}.into());
        }
        let new = Trail { started: Some(cx.now), stopped: None, ..Trail::clone(&trail) };
        Ok(Outcome::changing(StartLoggingResponse {}, replaced(&*trail, &new)))
    }
}

impl Operation for StopLogging {
    type Service = Trails;
    type Input = StopLoggingRequest;
    type Output = StopLoggingResponse;
    const FACTS: Facts = Facts::changing("StopLogging", r#"{"Name":"{trail}"}"#).shows(&["name"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let trail = changed(trails, cx, "cloudtrail:StopLogging", &input.name)?;
        if !trail.is_logging() {
            return Ok(StopLoggingResponse {}.into());
        }
        let new = Trail { stopped: Some(cx.now), ..Trail::clone(&trail) };
        Ok(Outcome::changing(StopLoggingResponse {}, replaced(&*trail, &new)))
    }
}
