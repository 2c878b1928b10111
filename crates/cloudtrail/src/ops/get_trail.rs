//! `GetTrail`: how a trail is set.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrail.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::cloudtrail::{GetTrailRequest, GetTrailResponse};

use crate::{Trails, named::seen, shown};

/// The operation.
pub(super) struct GetTrail;

impl Operation for GetTrail {
    type Service = Trails;
    type Input = GetTrailRequest;
    type Output = GetTrailResponse;
    const FACTS: Facts = Facts::reading("GetTrail", r#"{"Name":"{trail}"}"#).shows(&["name"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let trail = seen(trails, cx, "cloudtrail:GetTrail", &input.name)?;
        Ok(GetTrailResponse { trail: Some(shown::trail(&trail)) }.into())
    }
}
