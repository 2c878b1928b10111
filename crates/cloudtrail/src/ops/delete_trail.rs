//! `DeleteTrail`: ends a trail. What was delivered stays.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DeleteTrail.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::cloudtrail::{DeleteTrailRequest, DeleteTrailResponse};
use state::removed;

use crate::{Trails, named::changed};

/// The operation.
pub(super) struct DeleteTrail;

impl Operation for DeleteTrail {
    type Service = Trails;
    type Input = DeleteTrailRequest;
    type Output = DeleteTrailResponse;
    const FACTS: Facts = Facts::changing("DeleteTrail", r#"{"Name":"{trail}"}"#).shows(&["name"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let trail = changed(trails, cx, "cloudtrail:DeleteTrail", &input.name)?;
        let progress = trails.tables().progress_of(&trail.id);
        let change = progress.fold(removed(&*trail), |change, progress| change.and(removed(&**progress)));
        Ok(Outcome::changing(DeleteTrailResponse {}, change))
    }
}
