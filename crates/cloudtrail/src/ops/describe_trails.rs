//! `DescribeTrails`: how trails are set.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Permission, require};
use model::cloudtrail::{DescribeTrailsRequest, DescribeTrailsResponse};

use crate::{
    Trails, faults,
    named::{check_name, is_seen_in, parse_arn},
    shown,
    trails::Trail,
};

/// The operation.
pub(super) struct DescribeTrails;

impl Operation for DescribeTrails {
    type Service = Trails;
    type Input = DescribeTrailsRequest;
    type Output = DescribeTrailsResponse;
    const FACTS: Facts = Facts::reading("DescribeTrails", r#"{"includeShadowTrails":false}"#)
        .shows(&["trailNameList", "includeShadowTrails"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let names = input.trail_name_list.unwrap_or_default();
        for name in &names {
            check(name)?;
        }
        require(cx, &Permission::on("cloudtrail:DescribeTrails", "*", &()))?;
        let shadows = input.include_shadow_trails.unwrap_or(true);
        let is_meant = |trail: &Trail| {
            is_seen_in(trail, cx.region)
                && (shadows || trail.id.home == *cx.region)
                && (names.is_empty()
                    || names.iter().any(|name| *name == trail.id.name || *name == trail.id.arn()))
        };
        // Who is not there is left out, as in AWS.
        let meant = trails.tables().trails_of(cx.account()).filter(|trail| is_meant(trail));
        let trail_list = meant.map(|trail| shown::trail(trail)).collect();
        Ok(DescribeTrailsResponse { trail_list: Some(trail_list) }.into())
    }
}

fn check(name: &str) -> Result<(), Fault> {
    if name.starts_with("arn:") {
        return parse_arn(name).map(drop).ok_or_else(|| faults::no_arn(name));
    }
    check_name(name)
}
