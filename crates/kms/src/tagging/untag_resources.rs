//! `UntagResources`: removes tags from keys; those they do not have are no error.
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_UntagResources.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::tagging::{UntagResourcesInput, UntagResourcesOutput};

use super::failed::{Changed, each};
use crate::{
    Kms,
    gate::{self, Asked, ToUntag},
    key::Key,
    tags,
};

/// The operation.
pub(super) struct UntagResources;

impl Operation for UntagResources {
    type Service = Kms;
    type Input = UntagResourcesInput;
    type Output = UntagResourcesOutput;
    const FACTS: Facts =
        Facts::changing("UntagResources", r#"{"ResourceARNList":["{key}"],"TagKeys":["team"]}"#)
            .shows(&["resourceARNList", "tagKeys"])
            .answers(&["failedResourcesMap"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        gate::permit(kms, cx, "tag:UntagResources", "*", &())?;
        let Changed { change, failed } = each(cx, &input.resource_arn_list, |cx, arn| {
            tags::check_keys(&input.tag_keys)?;
            let asked = Asked::nothing().untagging(&input.tag_keys);
            let key = gate::key::<ToUntag>(kms, cx, arn, &asked)?;
            let mut left = key.record().tags.clone();
            left.retain(|name, _| !input.tag_keys.contains(name));
            Ok(key.replaced(&Key { tags: left, ..Key::clone(key.record()) }))
        });
        Ok(Outcome { output: UntagResourcesOutput { failed_resources_map: Some(failed) }, change })
    }
}
