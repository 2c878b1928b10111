//! `ListTrails`: the trails of the account, of all Regions.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListTrails.html>

use dispatch::{Cx, Facts, Fault, Listing, Operation, Outcome, Permission, require};
use model::cloudtrail::{ListTrailsRequest, ListTrailsResponse, TrailInfo};

use crate::{Trails, faults};

/// The operation.
pub(super) struct ListTrails;

/// Trails on a page.
const PAGE: usize = 100;

impl Operation for ListTrails {
    type Service = Trails;
    type Input = ListTrailsRequest;
    type Output = ListTrailsResponse;
    const FACTS: Facts = Facts::reading("ListTrails", "{}").shows(&["nextToken"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        require(cx, &Permission::on("cloudtrail:ListTrails", "*", &()))?;
        let strongroom = &trails.strongroom;
        let listing = Listing { strongroom, cx, name: "ListTrails", of: "" };
        let last = listing.resume(input.next_token.as_deref()).map_err(faults::no_list_page)?;
        let place = |arn: String| last.as_ref().is_none_or(|last| arn > *last);
        let rest = trails.tables().trails_of(cx.account()).filter(|trail| place(trail.id.arn()));
        let page = listing.page(rest, PAGE, |trail| trail.id.arn()).map_err(faults::no_list_page)?;
        let info = page.items.into_iter().map(|trail| TrailInfo {
            trail_arn: Some(trail.id.arn()),
            name: Some(trail.id.name.clone()),
            home_region: Some(trail.id.home.to_string()),
        });
        Ok(ListTrailsResponse { trails: Some(info.collect()), next_token: page.next_marker }.into())
    }
}
