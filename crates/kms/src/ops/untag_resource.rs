//! `UntagResource`: removes tags from a key; those it does not have are no error.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_UntagResource.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{Nothing, kms::UntagResourceRequest};

use crate::{
    Kms,
    gate::{self, Asked, ToUntag},
    key::Key,
    tags,
};

/// The operation.
pub(super) struct UntagResource;

impl Operation for UntagResource {
    type Service = Kms;
    type Input = UntagResourceRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing("UntagResource", r#"{"KeyId":"{key}","TagKeys":["team"]}"#)
        .at(Rate::PerSecond(5))
        .shows(&["keyId", "tagKeys"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        tags::check_keys(&input.tag_keys)?;
        let key = gate::key::<ToUntag>(kms, cx, &input.key_id, &Asked::nothing().untagging(&input.tag_keys))?;
        let mut left = key.record().tags.clone();
        left.retain(|name, _| !input.tag_keys.contains(name));
        let change = key.replaced(&Key { tags: left, ..Key::clone(key.record()) });
        Ok(Outcome::changing(Nothing {}, change))
    }
}
