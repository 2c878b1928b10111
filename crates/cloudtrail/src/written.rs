//! What requests write into a trail, checked.

use std::{collections::BTreeSet, convert::identity};

use dispatch::{Cx, Fault};
use model::{
    arn::{AliasName, KeyId},
    cloudtrail::{CreateTrailRequest, Tag, UpdateTrailRequest},
    is_reserved_tag_key, is_tag_text,
};

use crate::{
    Trails, faults,
    trails::{Tags, TrailSettings},
};

/// Most tags of a trail.
const TAGS_MAX: usize = 50;
/// Longest prefix, in characters.
const PREFIX_MAX: usize = 200;

/// What is asked of a trail that may not be there yet; what is absent is not asked.
pub(crate) struct AskedSettings {
    bucket: Option<String>,
    prefix: Option<String>,
    global_services: Option<bool>,
    multi_region: Option<bool>,
    validated: Option<bool>,
    kms_key: Option<String>,
}

/// `CreateTrail` and `UpdateTrail` ask for the same, the latter of a trail that is there already.
macro_rules! asked {
    ($($request:ty: $name:ident, $bucket:expr;)*) => {
        $(
            /// What a request asks of a trail, and whether it is offered.
            ///
            /// # Errors
            /// What AWS does beside delivering to a bucket.
            pub(crate) fn $name(input: $request) -> Result<AskedSettings, Fault> {
                not_offered(
                    input.sns_topic_name.as_deref(),
                    input.is_organization_trail,
                    input.cloud_watch_logs_log_group_arn.as_deref(),
                )?;
                Ok(AskedSettings {
                    bucket: $bucket(input.s3_bucket_name),
                    prefix: input.s3_key_prefix,
                    global_services: input.include_global_service_events,
                    multi_region: input.is_multi_region_trail,
                    validated: input.enable_log_file_validation,
                    kms_key: input.kms_key_id,
                })
            }
        )*
    };
}

asked! {
    CreateTrailRequest: of_new, Some;
    UpdateTrailRequest: of_change, identity;
}

/// What is asked, laid over what is there. Empty texts take a prefix or key away.
///
/// # Errors
/// A bucket that the configuration does not name, and values that do not fit.
pub(crate) fn settings(
    trails: &Trails,
    cx: &Cx<'_>,
    asked: AskedSettings,
    before: &TrailSettings,
) -> Result<TrailSettings, Fault> {
    let or = |asked: Option<String>, before: &Option<String>| match asked {
        Some(asked) => Some(asked).filter(|text| !text.is_empty()),
        None => before.clone(),
    };
    let settings = TrailSettings {
        bucket: asked.bucket.unwrap_or_else(|| before.bucket.clone()),
        prefix: or(asked.prefix, &before.prefix),
        global_services: asked.global_services.unwrap_or(before.global_services),
        multi_region: asked.multi_region.unwrap_or(before.multi_region),
        validated: asked.validated.unwrap_or(before.validated),
        kms_key: or(asked.kms_key, &before.kms_key),
    };
    if !trails.buckets.has(&settings.bucket, cx.account()) {
        return Err(faults::no_bucket(&settings.bucket));
    }
    if let Some(wrong) = settings.prefix.as_deref().and_then(wrong_prefix) {
        return Err(faults::prefix(wrong));
    }
    if settings.multi_region && !settings.global_services {
        return Err(faults::global_services());
    }
    if settings.kms_key.as_deref().is_some_and(|key| !names_key(key)) {
        return Err(faults::kms_key());
    }
    Ok(settings)
}

/// What AWS does beside delivering to a bucket. Terraform and others send empty texts and `false` for what nobody wants.
fn not_offered(
    topic: Option<&str>,
    organization: Option<bool>,
    log_group: Option<&str>,
) -> Result<(), Fault> {
    if topic.is_some_and(|topic| !topic.is_empty()) {
        return Err(faults::topic());
    }
    if organization == Some(true) {
        return Err(faults::unsupported("A trail of an organization"));
    }
    if log_group.is_some_and(|group| !group.is_empty()) {
        return Err(faults::unsupported("Delivery to CloudWatch Logs"));
    }
    Ok(())
}

/// What is wrong with a prefix.
pub(crate) fn wrong_prefix(prefix: &str) -> Option<&'static str> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "!-_.*'()/".contains(letter);
    if prefix.chars().count() > PREFIX_MAX {
        return Some("The prefix has 200 characters at most.");
    }
    let parts_hold = prefix.split('/').all(|part| !matches!(part, "" | "." | ".."));
    (!prefix.chars().all(plain) || !parts_hold).then_some(
        "The prefix can have letters, digits and ! - _ . * ' ( ) in parts between slashes, and no empty part.",
    )
}

/// Whether a text can name a KMS key.
fn names_key(text: &str) -> bool {
    let name = match text.strip_prefix("arn:") {
        Some(arn) => arn.splitn(5, ':').nth(4).unwrap_or_default(),
        None => text,
    };
    let id = name.strip_prefix("key/").unwrap_or(name);
    AliasName::parse(name).is_ok() || KeyId::parse(id).is_ok()
}

/// Tags of a request. A tag without a value has an empty one.
///
/// # Errors
/// `InvalidTagParameterException`, `TagsLimitExceededException`.
pub(crate) fn tags(sent: &[Tag]) -> Result<Tags, Fault> {
    check_keys(sent)?;
    let tags: Tags =
        sent.iter().map(|tag| (tag.key.clone(), tag.value.clone().unwrap_or_default())).collect();
    if !tags.iter().all(|(key, value)| is_tag_text(key) && is_tag_text(value)) {
        return Err(faults::tag(
            "Tag keys and values can have letters, digits, white space and _ . : / = + - @, and no other characters.",
        ));
    }
    check_count(&tags)?;
    Ok(tags)
}

/// Checks that there are not too many.
///
/// # Errors
/// `TagsLimitExceededException`.
pub(crate) fn check_count(tags: &Tags) -> Result<(), Fault> {
    if tags.len() > TAGS_MAX { Err(faults::too_many_tags(TAGS_MAX)) } else { Ok(()) }
}

/// Checks the keys of tags that are written or taken off.
///
/// # Errors
/// `InvalidTagParameterException`.
pub(crate) fn check_keys(sent: &[Tag]) -> Result<(), Fault> {
    if sent.iter().map(|tag| &tag.key).collect::<BTreeSet<_>>().len() != sent.len() {
        return Err(faults::tag("Duplicate tag keys"));
    }
    if sent.iter().any(|tag| is_reserved_tag_key(&tag.key)) {
        return Err(faults::tag("Tags beginning with aws: are reserved"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_do_not_leave_the_bucket() {
        for good in ["logs", "a/b.c", "x(1)", &"a".repeat(200)] {
            assert_eq!(wrong_prefix(good), None, "{good}");
        }
        for bad in ["/a", "a/", "a//b", "../b", "a/../b", "a b", "ä", &"a".repeat(201)] {
            assert!(wrong_prefix(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn keys_are_named_in_four_ways() {
        let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
        for good in [
            id.to_owned(),
            "alias/logs".to_owned(),
            format!("arn:aws:kms:us-east-1:111122223333:key/{id}"),
            "arn:aws:kms:us-east-1:111122223333:alias/logs".to_owned(),
        ] {
            assert!(names_key(&good), "{good}");
        }
        for bad in ["", "logs", "arn:aws:kms", "key"] {
            assert!(!names_key(bad), "{bad}");
        }
    }
}
