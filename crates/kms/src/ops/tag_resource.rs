//! `TagResource`: adds tags to a key, or gives new values to those it has.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{Nothing, kms::TagResourceRequest};

use crate::{
    Kms,
    gate::{self, Asked, ToTag},
    key::Key,
    tags,
};

/// The operation.
pub(super) struct TagResource;

impl Operation for TagResource {
    type Service = Kms;
    type Input = TagResourceRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts::changing("TagResource", r#"{"KeyId":"{key}","Tags":[{"TagKey":"team","TagValue":"pay"}]}"#)
            .at(Rate::PerSecond(10))
            .shows(&["keyId", "tags"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let new = tags::parse(&input.tags)?;
        let key = gate::key::<ToTag>(kms, cx, &input.key_id, &Asked::nothing().tagging(&new))?;
        let merged = tags::merge(&key.record().tags, new)?;
        let change = key.replaced(&Key { tags: merged, ..Key::clone(key.record()) });
        Ok(Outcome::changing(Nothing {}, change))
    }
}
