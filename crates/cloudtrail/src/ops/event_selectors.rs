//! `PutEventSelectors` and `GetEventSelectors`: which events a trail delivers.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::cloudtrail::{
    EventSelector, GetEventSelectorsRequest, GetEventSelectorsResponse, PutEventSelectorsRequest,
    PutEventSelectorsResponse, ReadWriteType,
};
use state::replaced;

use crate::{
    Trails, faults,
    named::{changed, seen},
    trails::{Selector, Trail},
};

/// The operation that says which.
pub(super) struct PutEventSelectors;

/// The operation that tells which.
pub(super) struct GetEventSelectors;

/// Most selectors of a trail.
const SELECTORS_MAX: usize = 5;
/// The sources whose management events a trail may leave out.
const EXCLUDABLE: [&str; 2] = ["kms.amazonaws.com", "rdsdata.amazonaws.com"];

impl Operation for PutEventSelectors {
    type Service = Trails;
    type Input = PutEventSelectorsRequest;
    type Output = PutEventSelectorsResponse;
    const FACTS: Facts = Facts::changing(
        "PutEventSelectors",
        r#"{"TrailName":"{trail}","EventSelectors":[{"ReadWriteType":"All","IncludeManagementEvents":true,"DataResources":[],"ExcludeManagementEventSources":["kms.amazonaws.com"]}]}"#,
    )
    .shows(&["trailName", "eventSelectors", "advancedEventSelectors"])
    .answers(&["trailARN", "eventSelectors"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let trail = changed(trails, cx, "cloudtrail:PutEventSelectors", &input.trail_name)?;
        if input.advanced_event_selectors.is_some_and(|advanced| !advanced.is_empty()) {
            return Err(faults::selectors("Advanced event selectors are not offered. Use event selectors."));
        }
        let selectors = selectors(&input.event_selectors.unwrap_or_default())?;
        let new = Trail { selectors: Some(selectors), ..Trail::clone(&trail) };
        let output = PutEventSelectorsResponse {
            trail_arn: Some(new.id.arn()),
            event_selectors: Some(shown(&new)),
            advanced_event_selectors: None,
        };
        Ok(Outcome::changing(output, replaced(&*trail, &new)))
    }
}

impl Operation for GetEventSelectors {
    type Service = Trails;
    type Input = GetEventSelectorsRequest;
    type Output = GetEventSelectorsResponse;
    const FACTS: Facts =
        Facts::reading("GetEventSelectors", r#"{"TrailName":"{trail}"}"#).shows(&["trailName"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let trail = seen(trails, cx, "cloudtrail:GetEventSelectors", &input.trail_name)?;
        Ok(GetEventSelectorsResponse {
            trail_arn: Some(trail.id.arn()),
            event_selectors: Some(shown(&trail)),
            advanced_event_selectors: None,
        }
        .into())
    }
}

fn selectors(sent: &[EventSelector]) -> Result<Vec<Selector>, Fault> {
    if sent.is_empty() {
        return Err(faults::selectors("There must be at least one event selector."));
    }
    if sent.len() > SELECTORS_MAX {
        return Err(faults::selectors("A trail has five event selectors at most."));
    }
    sent.iter().map(selector).collect()
}

fn selector(sent: &EventSelector) -> Result<Selector, Fault> {
    if sent.data_resources.as_ref().is_some_and(|resources| !resources.is_empty()) {
        return Err(faults::selectors("There are management events alone, and no events of data resources."));
    }
    let excluded = sent.exclude_management_event_sources.clone().unwrap_or_default();
    let management = sent.include_management_events.unwrap_or(true);
    if !excluded.iter().all(|source| EXCLUDABLE.contains(&&**source)) {
        return Err(faults::selectors(
            "Of management events, those of kms.amazonaws.com and rdsdata.amazonaws.com can be left out.",
        ));
    }
    if !management && !excluded.is_empty() {
        return Err(faults::selectors(
            "A selector without management events has no sources of management events to leave out.",
        ));
    }
    let kind = sent.read_write_type.unwrap_or(ReadWriteType::All);
    Ok(Selector {
        reads: kind != ReadWriteType::WriteOnly,
        writes: kind != ReadWriteType::ReadOnly,
        management,
        excluded,
    })
}

/// The selectors of a trail; everything is selected where nobody said otherwise.
fn shown(trail: &Trail) -> Vec<EventSelector> {
    let all = [Selector { reads: true, writes: true, management: true, excluded: Vec::new() }];
    let selectors = trail.selectors.as_deref().unwrap_or(&all);
    let shown = selectors.iter().map(|Selector { reads, writes, management, excluded }| EventSelector {
        read_write_type: Some(match (reads, writes) {
            (true, false) => ReadWriteType::ReadOnly,
            (false, true) => ReadWriteType::WriteOnly,
            _ => ReadWriteType::All,
        }),
        include_management_events: Some(*management),
        data_resources: Some(Vec::new()),
        exclude_management_event_sources: Some(excluded.clone()),
    });
    shown.collect()
}
