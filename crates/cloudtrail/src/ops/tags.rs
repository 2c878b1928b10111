//! `AddTags`, `RemoveTags` and `ListTags`: the tags of trails.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AddTags.html>

use std::sync::Arc;

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Permission, require};
use model::cloudtrail::{
    AddTagsRequest, AddTagsResponse, ListTagsRequest, ListTagsResponse, RemoveTagsRequest,
    RemoveTagsResponse, ResourceTag, Tag,
};
use state::replaced;

use crate::{Trails, faults, named::parse_arn, trail_id::TrailId, trails::Trail, written};

/// Adds tags, or gives new values to those that are there.
pub(super) struct AddTags;

/// Takes tags off.
pub(super) struct RemoveTags;

/// Tells the tags of several trails.
pub(super) struct ListTags;

/// Trails whose tags are told at a time.
const LISTED_MAX: usize = 20;

impl Operation for AddTags {
    type Service = Trails;
    type Input = AddTagsRequest;
    type Output = AddTagsResponse;
    const FACTS: Facts = Facts::changing(
        "AddTags",
        r#"{"ResourceId":"{trail-arn}","TagsList":[{"Key":"team","Value":"pay"}]}"#,
    )
    .shows(&["resourceId", "tagsList"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let trail = tagged(trails, cx, "cloudtrail:AddTags", &input.resource_id)?;
        let mut new = Trail::clone(&trail);
        new.tags.extend(written::tags(&input.tags_list)?);
        written::check_count(&new.tags)?;
        Ok(Outcome::changing(AddTagsResponse {}, replaced(&*trail, &new)))
    }
}

impl Operation for RemoveTags {
    type Service = Trails;
    type Input = RemoveTagsRequest;
    type Output = RemoveTagsResponse;
    const FACTS: Facts =
        Facts::changing("RemoveTags", r#"{"ResourceId":"{trail-arn}","TagsList":[{"Key":"team"}]}"#)
            .shows(&["resourceId", "tagsList"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let trail = tagged(trails, cx, "cloudtrail:RemoveTags", &input.resource_id)?;
        written::check_keys(&input.tags_list)?;
        let mut new = Trail::clone(&trail);
        // A tag with a value is taken off if it has this value.
        for Tag { key, value } in &input.tags_list {
            new.tags.retain(|has, has_value| {
                has != key || value.as_ref().is_some_and(|value| value != has_value)
            });
        }
        Ok(Outcome::changing(RemoveTagsResponse {}, replaced(&*trail, &new)))
    }
}

impl Operation for ListTags {
    type Service = Trails;
    type Input = ListTagsRequest;
    type Output = ListTagsResponse;
    const FACTS: Facts = Facts::reading("ListTags", r#"{"ResourceIdList":["{trail-arn}"]}"#)
        .shows(&["resourceIdList", "nextToken"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        if input.resource_id_list.is_empty() || input.resource_id_list.len() > LISTED_MAX {
            return Err(faults::tag("The tags of 1 to 20 trails are listed at a time."));
        }
        let mut listed = Vec::new();
        for arn in &input.resource_id_list {
            let trail = tagged(trails, cx, "cloudtrail:ListTags", arn)?;
            let tags =
                trail.tags.iter().map(|(key, value)| Tag { key: key.clone(), value: Some(value.clone()) });
            listed.push(ResourceTag { resource_id: Some(trail.id.arn()), tags_list: Some(tags.collect()) });
        }
        Ok(ListTagsResponse { resource_tag_list: Some(listed), next_token: None }.into())
    }
}

/// The trail with this ARN, in its home Region, once the caller may do it.
fn tagged(trails: &Trails, cx: &mut Cx<'_>, action: &str, arn: &str) -> Result<Arc<Trail>, Fault> {
    let id: TrailId = parse_arn(arn).ok_or_else(|| faults::no_arn(arn))?;
    if id.home != *cx.region {
        return Err(faults::other_region(cx.region));
    }
    if id.account != cx.account() {
        return Err(faults::unknown_resource(arn));
    }
    require(cx, &Permission::on(action, arn, &()))?;
    cx.notes.resource(arn.to_owned());
    trails.tables().trail(&id).cloned().ok_or_else(|| faults::unknown_resource(arn))
}
