//! `ListKeys`: every key of the caller's account in the Region, in any state.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html>

use std::ops::Bound;

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{
    arn::KeyId,
    kms::{KeyListEntry, ListKeysRequest, ListKeysResponse},
};

use crate::{
    Kms, faults,
    gate::{self},
    layout::Place,
    limits::LIST_KEYS,
    pages,
};

/// The operation.
pub(super) struct ListKeys;

impl Operation for ListKeys {
    type Service = Kms;
    type Input = ListKeysRequest;
    type Output = ListKeysResponse;
    const FACTS: Facts = Facts::reading("ListKeys", r#"{"Limit":10}"#).at(Rate::PerSecond(500)).shows(&[
        "limit",
        "marker",
        "resourceOwners",
    ]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let limit = LIST_KEYS.check(input.limit)?;
        gate::permit(kms, cx, "kms:ListKeys", "*", &())?;

        let listing = pages::Listing { kms, cx, name: "ListKeys", of: "" };
        let after = match listing.resume(input.marker.as_deref())? {
            Some(last) => Bound::Excluded(KeyId::parse(&last).map_err(|_| faults::invalid_marker())?),
            None => Bound::Unbounded,
        };
        let tables = kms.tables();
        let shelf = tables.shelf(&Place::of(cx));
        let keys = shelf.into_iter().flat_map(|shelf| shelf.keys.range((after, Bound::Unbounded)));
        let page = listing.page(keys, limit, |(id, _)| id.to_string())?;

        let entry = |(id, key): (&KeyId, &std::sync::Arc<crate::key::Key>)| KeyListEntry {
            key_id: Some(id.to_string()),
            key_arn: Some(key.arn.to_string()),
        };
        Ok(ListKeysResponse {
            keys: Some(page.items.into_iter().map(entry).collect()),
            next_marker: page.next_marker,
            truncated: Some(page.truncated),
        }
        .into())
    }
}
