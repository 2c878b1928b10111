//! Trails as answers show them.

use model::cloudtrail;

use crate::trails::{Trail, TrailSettings};

/// What answers show of a trail that was made or changed.
pub(crate) const SETTINGS: &[&str] = &[
    "name",
    "s3BucketName",
    "s3KeyPrefix",
    "includeGlobalServiceEvents",
    "isMultiRegionTrail",
    "trailARN",
    "logFileValidationEnabled",
    "kmsKeyId",
    "isOrganizationTrail",
];

/// The answers to `CreateTrail` and `UpdateTrail` have the same members.
macro_rules! answers {
    ($($answer:ident: $name:ident;)*) => {
        $(
            /// What is answered of a trail that was made or changed.
            pub(crate) fn $name(trail: &Trail) -> cloudtrail::$answer {
                let TrailSettings { bucket, prefix, global_services, multi_region, validated, kms_key } =
                    trail.settings.clone();
                cloudtrail::$answer {
                    name: Some(trail.id.name.clone()),
                    s3_bucket_name: Some(bucket),
                    s3_key_prefix: prefix,
                    include_global_service_events: Some(global_services),
                    is_multi_region_trail: Some(multi_region),
                    trail_arn: Some(trail.id.arn()),
                    log_file_validation_enabled: Some(validated),
                    kms_key_id: kms_key,
                    is_organization_trail: Some(false),
                    ..cloudtrail::$answer::default()
                }
            }
        )*
    };
}

answers! {
    CreateTrailResponse: made;
    UpdateTrailResponse: changed;
}

/// How a trail is set.
pub(crate) fn trail(trail: &Trail) -> cloudtrail::Trail {
    let TrailSettings { bucket, prefix, global_services, multi_region, validated, kms_key } =
        trail.settings.clone();
    cloudtrail::Trail {
        name: Some(trail.id.name.clone()),
        s3_bucket_name: Some(bucket),
        s3_key_prefix: prefix,
        include_global_service_events: Some(global_services),
        is_multi_region_trail: Some(multi_region),
        home_region: Some(trail.id.home.to_string()),
        trail_arn: Some(trail.id.arn()),
        log_file_validation_enabled: Some(validated),
        kms_key_id: kms_key,
        has_custom_event_selectors: Some(trail.selectors.is_some()),
        has_insight_selectors: Some(false),
        is_organization_trail: Some(false),
        ..cloudtrail::Trail::default()
    }
}
