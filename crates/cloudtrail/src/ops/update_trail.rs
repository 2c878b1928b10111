//! `UpdateTrail`: changes where and what a trail delivers.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::cloudtrail::{UpdateTrailRequest, UpdateTrailResponse};
use state::replaced;

use crate::{
    Trails, faults,
    named::changed,
    shown,
    trails::{Trail, TrailSettings},
    written,
};

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
        let TrailSettings { bucket, prefix, global_services, multi_region, validated, kms_key } =
            new.settings.clone();
        let output = UpdateTrailResponse {
            name: Some(new.id.name.clone()),
            s3_bucket_name: Some(bucket),
            s3_key_prefix: prefix,
            include_global_service_events: Some(global_services),
            is_multi_region_trail: Some(multi_region),
            trail_arn: Some(new.id.arn()),
            log_file_validation_enabled: Some(validated),
            kms_key_id: kms_key,
            is_organization_trail: Some(false),
            ..UpdateTrailResponse::default()
        };
        Ok(Outcome::changing(output, replaced(&*trail, &new)))
    }
}
