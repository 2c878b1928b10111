//! `ListGrants`: the grants on a key, of one grantee if that is asked for.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html>

use std::sync::Arc;

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{
    arn::{GrantId, Partition},
    kms::{ListGrantsRequest, ListGrantsResponse},
};

use crate::{
    Kms, faults,
    gate::{self, Asked, ToListGrants},
    grants::{self, Grant, Party},
    limits::LIST_GRANTS,
    pages, principals,
};

/// The operation.
pub(super) struct ListGrants;

impl Operation for ListGrants {
    type Service = Kms;
    type Input = ListGrantsRequest;
    type Output = ListGrantsResponse;
    const FACTS: Facts = Facts::reading("ListGrants", r#"{"KeyId":"{key}"}"#)
        .forwarded()
        .on_managed()
        .at(Rate::PerSecond(100))
        .shows(&["limit", "marker", "keyId", "grantId", "granteePrincipal", "granteeServicePrincipal"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let limit = LIST_GRANTS.check(input.limit)?;
        let id = input.grant_id.as_deref().map(parse).transpose()?;
        let grantee = grantee(kms, cx.partition(), &input)?;
        let asked = Asked::nothing().with("kms:GrantIsForAWSResource", cx.origin.for_user().is_some());
        let key = gate::key::<ToListGrants>(kms, cx, &input.key_id, &asked)?;

        let filter = format!(
            "{} {} {}",
            key.arn(),
            input.grant_id.as_deref().unwrap_or_default(),
            grantee.as_deref().unwrap_or_default()
        );
        let listing = pages::Listing { kms, cx, name: "ListGrants", of: &filter };
        let last = listing.resume(input.marker.as_deref())?;
        let last = last.as_deref().map(GrantId::parse).transpose().map_err(|_| faults::invalid_marker())?;
        let tables = kms.tables();
        let grants = tables.grants(&key.record().place(), key.id());
        let found: Box<dyn Iterator<Item = &Arc<Grant>> + Send> = match (grants, id, &grantee) {
            (None, _, _) => Box::new(std::iter::empty()),
            (Some(grants), Some(id), grantee) => Box::new(grants.get(id).into_iter().filter(move |grant| {
                last.is_none_or(|last| id > last)
                    && grantee.as_ref().is_none_or(|grantee| grant.grantee.name() == *grantee)
            })),
            (Some(grants), None, Some(grantee)) => Box::new(grants.held_by(grantee, last)),
            (Some(grants), None, None) => Box::new(grants.after(last)),
        };
        let page = listing.page(found, limit, |grant| grant.id.to_string())?;

        let entry = |grant: &Arc<Grant>| grants::entry(principals(kms), grant);
        Ok(ListGrantsResponse {
            grants: Some(page.items.into_iter().map(entry).collect()),
            next_marker: page.next_marker,
            truncated: Some(page.truncated),
        }
        .into())
    }
}

/// A grant's id.
pub(super) fn parse(sent: &str) -> Result<GrantId, Fault> {
    GrantId::parse(sent).map_err(|_| faults::invalid_grant_id(sent))
}

/// The name under which the grants of the grantee are filed that was asked for: by an ARN, or by a unique id, as grants
/// of those who are gone are shown.
fn grantee(kms: &Kms, partition: Partition, input: &ListGrantsRequest) -> Result<Option<String>, Fault> {
    match (&input.grantee_principal, &input.grantee_service_principal) {
        (Some(_), Some(_)) => Err(faults::validation(
            "GranteePrincipal and GranteeServicePrincipal cannot be specified together.",
        )),
        (Some(sent), None) => {
            let name = Party::name_of(principals(kms), partition, sent);
            name.map(Some).ok_or_else(|| faults::invalid_arn(sent))
        }
        (None, service) => Ok(service.clone()),
    }
}
