//! `UpdateTrail`: changes where and what a trail delivers.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::cloudtrail::{UpdateTrailRequest, UpdateTrailResponse};
use state::replaced;

use crate::{Trails, faults, named::changed, shown, trails::Trail, written};

/// The operation.
pub(super) struct UpdateTrail;

impl Operation for UpdateTrail {
    type Service = Trails;
    type Input = UpdateTrailRequest;
    type Output = UpdateTrailResponse;
    const FACTS: Facts = Facts::changing(
        "UpdateTrail",
        r#"{"Name":"{trail}","S3KeyPrefix":"elsewhere","KmsKeyId":"alias/logs","EnableLogFileValidation":false}"#,
    )
    .shows(&[
        "name",
        "s3BucketName",
        "s3KeyPrefix",
        "snsTopicName",
        "includeGlobalServiceEvents",
        "isMultiRegionTrail",
        "enableLogFileValidation",
        "cloudWatchLogsLogGroupArn",
        "cloudWatchLogsRoleArn",
        "kmsKeyId",
        "isOrganizationTrail",
        "recursiveLogging",
    ])
    .answers(shown::SETTINGS);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let trail = changed(trails, cx, "cloudtrail:UpdateTrail", &input.name)?;
        let asked = written::of_change(input)?;
        let settings = written::settings(trails, cx, asked, &trail.settings)?;
        if settings.multi_region && !trail.settings.multi_region {
            let tables = trails.tables();
            let mut others = tables.trails_of(cx.account()).filter(|other| other.id != trail.id);
            if let Some(other) = others.find(|other| other.id.name == trail.id.name) {
                return Err(faults::already_exists(&other.id));
            }
        }
        let new = Trail { settings, ..Trail::clone(&trail) };
        Ok(Outcome::changing(shown::changed(&new), replaced(&*trail, &new)))
    }
}
