//! `CreateTrail`: makes a trail, which delivers once logging is started.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Permission, require};
use model::cloudtrail::{CreateTrailRequest, CreateTrailResponse};
use state::created;
use store::Revision;

use crate::{
    Trails, faults,
    named::check_name,
    shown,
    trail_id::TrailId,
    trails::{Tags, Trail, TrailSettings},
    written,
};

/// The operation.
pub(super) struct CreateTrail;

/// Most trails with one home Region.
const TRAILS_MAX: usize = 5;

impl Operation for CreateTrail {
    type Service = Trails;
    type Input = CreateTrailRequest;
    type Output = CreateTrailResponse;
    const FACTS: Facts = Facts::changing(
        "CreateTrail",
        r#"{"Name":"new","S3BucketName":"audit-bucket","S3KeyPrefix":"logs","KmsKeyId":"alias/logs","IsMultiRegionTrail":true,"EnableLogFileValidation":true,"TagsList":[{"Key":"team","Value":"pay"}]}"#,
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
        "tagsList",
        "recursiveLogging",
    ])
    .answers(shown::SETTINGS);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        check_name(&input.name)?;
        let id = TrailId { account: cx.account(), home: cx.region.clone(), name: input.name.clone() };
        require(cx, &Permission::on("cloudtrail:CreateTrail", &id.arn(), &()))?;
        let tags = written::tags(input.tags_list.as_deref().unwrap_or_default())?;
        if !tags.is_empty() {
            require(cx, &Permission::on("cloudtrail:AddTags", &id.arn(), &()))?;
        }
        cx.notes.resource(id.arn());
        check_free(trails, &id, input.is_multi_region_trail == Some(true))?;
        let asked = written::of_new(input)?;
        let settings = written::settings(trails, cx, asked, &TrailSettings::NEW)?;
        let trail = made(id, cx, settings, tags);
        Ok(Outcome::changing(shown::made(&trail), created(&trail)))
    }
}

fn made(id: TrailId, cx: &Cx<'_>, settings: TrailSettings, tags: Tags) -> Trail {
    Trail {
        id,
        created: cx.now,
        settings,
        selectors: None,
        tags,
        started: None,
        stopped: None,
        revision: Revision(0),
    }
}

/// The name must be free, also among the trails that are seen in the Region, and there must be room.
fn check_free(trails: &Trails, id: &TrailId, multi_region: bool) -> Result<(), Fault> {
    let tables = trails.tables();
    let clashes = |other: &Trail| {
        other.id.name == id.name && (other.id.home == id.home || other.settings.multi_region || multi_region)
    };
    if let Some(other) = tables.trails_of(id.account).find(|other| clashes(other)) {
        return Err(faults::already_exists(&other.id));
    }
    if tables.trails_of(id.account).filter(|other| other.id.home == id.home).count() >= TRAILS_MAX {
        return Err(faults::too_many_trails(id.account, &id.home, TRAILS_MAX));
    }
    Ok(())
}
