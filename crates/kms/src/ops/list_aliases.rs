//! `ListAliases`: the aliases of the caller's account in the Region, those of AWS managed keys among them also before
//! there are the keys; or the aliases of one of its keys.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html>

use std::{
    collections::BTreeMap,
    ops::{Bound, RangeBounds},
};

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{
    arn::{AliasArn, AliasName},
    kms::{AliasListEntry, ListAliasesRequest, ListAliasesResponse},
};

use crate::{
    Kms,
    aliases::Alias,
    faults,
    gate::{self},
    layout::Place,
    limits::LIST_ALIASES,
    managed, pages,
};

/// The operation.
pub(super) struct ListAliases;

impl Operation for ListAliases {
    type Service = Kms;
    type Input = ListAliasesRequest;
    type Output = ListAliasesResponse;
    const FACTS: Facts = Facts::reading("ListAliases", r#"{"KeyId":"{key}"}"#)
        .forwarded()
        .at(Rate::PerSecond(500))
        .shows(&["keyId", "limit", "marker"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let limit = LIST_ALIASES.check(input.limit)?;
        gate::permit(kms, cx, "kms:ListAliases", "*", &())?;
        let of = input.key_id.as_deref().map(|id| gate::own_key(kms, cx, id)).transpose()?;

        let filter = of.map(|id| id.to_string()).unwrap_or_default();
        let place = Place::of(cx);
        let listing = pages::Listing { kms, cx, name: "ListAliases", of: &filter };
        let after = match listing.resume(input.marker.as_deref())? {
            Some(last) => Bound::Excluded(AliasName::parse(&last).map_err(|_| faults::invalid_marker())?),
            None => Bound::Unbounded,
        };
        let tables = kms.tables();
        let made = tables
            .shelf(&place)
            .into_iter()
            .flat_map(|shelf| shelf.aliases.range((after.clone(), Bound::Unbounded)))
            .filter(|(_, alias)| of.is_none_or(|id| alias.target == id))
            .map(|(name, alias)| (name.clone(), Some(&**alias)));
        // One more than a page, in which those that every account has find their places.
        let mut aliases: BTreeMap<AliasName, Option<&Alias>> = made.take(limit.saturating_add(1)).collect();
        if of.is_none() {
            for name in managed::aliases().filter(|name| (after.clone(), Bound::Unbounded).contains(name)) {
                aliases.entry(name).or_default();
            }
        }
        let page = listing.page(aliases.into_iter(), limit, |(name, _)| name.to_string())?;

        let entry = |(name, alias): (AliasName, Option<&Alias>)| AliasListEntry {
            alias_name: Some(name.to_string()),
            alias_arn: Some(
                AliasArn { region: place.region.clone(), account: place.account, name }.to_string(),
            ),
            target_key_id: alias.map(|alias| alias.target.to_string()),
            creation_date: alias.map(|alias| alias.created),
            last_updated_date: alias.map(|alias| alias.updated),
        };
        Ok(ListAliasesResponse {
            aliases: Some(page.items.into_iter().map(entry).collect()),
            next_marker: page.next_marker,
            truncated: Some(page.truncated),
        }
        .into())
    }
}
