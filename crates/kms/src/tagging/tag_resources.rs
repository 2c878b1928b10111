//! `TagResources`: adds tags to keys, or gives new values to those they have.
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html>

use audit::Value;
use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::tagging::{TagResourcesInput, TagResourcesOutput};

use super::failed::{Changed, each};
use crate::{
    Kms,
    gate::{self, Asked, ToTag},
    key::Key,
    tags,
};

/// The operation.
pub(super) struct TagResources;

impl Operation for TagResources {
    type Service = Kms;
    type Input = TagResourcesInput;
    type Output = TagResourcesOutput;
    const FACTS: Facts =
        Facts::changing("TagResources", r#"{"ResourceARNList":["{key}"],"Tags":{"team":"pay"}}"#)
            .shows(&["resourceARNList", "tags"])
            .answers(&["failedResourcesMap"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        cx.notes.parameter("tags", Value::map(input.tags.clone()));
        gate::permit(kms, cx, "tag:TagResources", "*", &())?;
        let Changed { change, failed } = each(cx, &input.resource_arn_list, |cx, arn| {
            let new = tags::check(&input.tags)?;
            let key = gate::key::<ToTag>(kms, cx, arn, &Asked::nothing().tagging(&new))?;
            let merged = tags::merge(&key.record().tags, new)?;
            Ok(key.replaced(&Key { tags: merged, ..Key::clone(key.record()) }))
        });
        Ok(Outcome { output: TagResourcesOutput { failed_resources_map: Some(failed) }, change })
    }
}
