//! `ListRetirableGrants`: the grants, on keys of any account, that name one of the caller's principals as the
//! one to retire them.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html>

use std::sync::Arc;

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{
    arn::{AccountId, GrantId, KeyId},
    kms::{ListGrantsResponse, ListRetirableGrantsRequest},
};

use crate::{
    Kms, faults,
    gate::{self},
    grants::{self, Grant, GrantName, Party},
    limits::LIST_GRANTS,
    pages, principals,
};

/// The operation.
pub(super) struct ListRetirableGrants;

impl Operation for ListRetirableGrants {
    type Service = Kms;
    type Input = ListRetirableGrantsRequest;
    type Output = ListGrantsResponse;
    const FACTS: Facts = Facts::reading("ListRetirableGrants", r#"{"RetiringPrincipal":"{root}"}"#)
        .at(Rate::PerSecond(100))
        .shows(&["limit", "marker", "retiringPrincipal", "retiringServicePrincipal"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let limit = LIST_GRANTS.check(input.limit)?;
        let sent = principal(&input)?;
        let name = own(kms, cx, sent)?;
        gate::permit(kms, cx, "kms:ListRetirableGrants", sent, &())?;

        let listing = pages::Listing { kms, cx, name: "ListRetirableGrants", of: &name };
        let last = match listing.resume(input.marker.as_deref())? {
            Some(last) => Some(resumed(&last).ok_or_else(faults::invalid_marker)?),
            None => None,
        };
        let tables = kms.tables();
        let grants = tables.retirable(cx.region, &name, last);
        let page = listing.page(grants, limit, |grant| {
            format!("{} {} {}", grant.key.account, grant.key.key_id, grant.id)
        })?;

        let entry = |grant: &Arc<Grant>| grants::entry(principals(kms), grant);
        Ok(ListGrantsResponse {
            grants: Some(page.items.into_iter().map(entry).collect()),
            next_marker: page.next_marker,
            truncated: Some(page.truncated),
        }
        .into())
    }
}

/// The principal asked for. Only services may ask for services, and none calls here.
fn principal(input: &ListRetirableGrantsRequest) -> Result<&str, Fault> {
    match (&input.retiring_principal, &input.retiring_service_principal) {
        (Some(arn), None) => Ok(arn),
        (None, Some(_)) => {
            Err(faults::validation("RetiringServicePrincipal can only be specified by a service principal."))
        }
        _ => Err(faults::validation(
            "Either RetiringPrincipal or RetiringServicePrincipal must be specified, but not both.",
        )),
    }
}

/// The name under which its grants are filed. It must belong to the caller's account.
fn own(kms: &Kms, cx: &Cx<'_>, arn: &str) -> Result<String, Fault> {
    let account = arn.split(':').nth(4).and_then(|account| AccountId::parse(account).ok());
    let own = (account == Some(cx.account()))
        .then(|| Party::name_of(principals(kms), cx.partition(), arn))
        .flatten();
    own.ok_or_else(|| faults::invalid_arn(arn))
}

fn resumed(last: &str) -> Option<GrantName> {
    let mut parts = last.split(' ');
    let account = AccountId::parse(parts.next()?).ok()?;
    let key = KeyId::parse(parts.next()?).ok()?;
    Some((account, key, GrantId::parse(parts.next()?).ok()?))
}
