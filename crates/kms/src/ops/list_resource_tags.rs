//! `ListResourceTags`: the tags of a key, in the order of their keys.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html>

use std::ops::Bound;

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{ListResourceTagsRequest, ListResourceTagsResponse, Tag};

use crate::{
    Kms,
    gate::{self, Asked, ToListTags},
    limits::LIST_RESOURCE_TAGS,
    pages,
};

/// The operation.
pub(super) struct ListResourceTags;

impl Operation for ListResourceTags {
    type Service = Kms;
    type Input = ListResourceTagsRequest;
    type Output = ListResourceTagsResponse;
    const FACTS: Facts = Facts::reading("ListResourceTags", r#"{"KeyId":"{key}"}"#)
        .on_managed()
        .at(Rate::PerSecond(2000))
        .shows(&["keyId", "limit", "marker"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let limit = LIST_RESOURCE_TAGS.check(input.limit)?;
        let key = gate::key::<ToListTags>(kms, cx, &input.key_id, &Asked::nothing())?;

        let of = key.id().to_string();
        let listing = pages::Listing { kms, cx, name: "ListResourceTags", of: &of };
        let after = match listing.resume(input.marker.as_deref())? {
            Some(last) => Bound::Excluded(last),
            None => Bound::Unbounded,
        };
        let tags = key.record().tags.range((after, Bound::Unbounded));
        let page = listing.page(tags, limit, |(name, _)| (*name).clone())?;

        let tag = |(key, value): (&String, &String)| Tag { tag_key: key.clone(), tag_value: value.clone() };
        Ok(ListResourceTagsResponse {
            tags: Some(page.items.into_iter().map(tag).collect()),
            next_marker: page.next_marker,
            truncated: Some(page.truncated),
        }
        .into())
    }
}
