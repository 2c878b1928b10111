//! `LookupEvents`: what happened in the caller's account and Region, newest first.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html>

use std::sync::Arc;

use dispatch::{Cx, Facts, Fault, Listing, Operation, Outcome, Permission, require};
use model::{
    Timestamp,
    cloudtrail::{EventCategory, LookupEventsRequest, LookupEventsResponse},
};
use tokio::task::spawn_blocking;

use crate::{
    Trails, faults,
    index::Span,
    lookup::{EventPage, Lookup, Sought, look_up},
};

/// The operation.
pub(super) struct LookupEvents;

/// How far back a lookup goes that does not say it.
const DAYS: i64 = 90;
/// Most events on a page; the page of a lookup that does not say it.
const EVENTS_MAX: usize = 50;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

impl Operation for LookupEvents {
    type Service = Trails;
    type Input = LookupEventsRequest;
    type Output = LookupEventsResponse;
    const FACTS: Facts = Facts::reading(
        "LookupEvents",
        r#"{"LookupAttributes":[{"AttributeKey":"EventName","AttributeValue":"CreateKey"}],"MaxResults":1}"#,
    )
    .shows(&["lookupAttributes", "startTime", "endTime", "eventCategory", "maxResults", "nextToken"]);

    async fn run(
        trails: &Trails,
        cx: &mut Cx<'_>,
        input: Self::Input,
    ) -> Result<Outcome<Self::Output>, Fault> {
        let sought = sought(&input)?;
        let span = span(&input, cx.now)?;
        require(cx, &Permission::on("cloudtrail:LookupEvents", "*", &()))?;
        if input.event_category == Some(EventCategory::Insight) {
            // Nothing here looks for unusual activity.
            return Ok(LookupEventsResponse { events: Some(Vec::new()), next_token: None }.into());
        }

        let of = filter(&input);
        let strongroom = &trails.strongroom;
        let listing = Listing { strongroom, cx, name: "LookupEvents", of: &of };
        let last = listing.resume(input.next_token.as_deref()).map_err(faults::no_page)?;
        let before = last.map_or(Ok(u64::MAX), |last| last.parse().map_err(|_| faults::invalid_token()))?;
        let lookup = Lookup {
            account: cx.account().to_string(),
            region: cx.region.to_string(),
            sought,
            span,
            before,
            events_max: input.max_results.and_then(|max| usize::try_from(max).ok()).unwrap_or(EVENTS_MAX),
        };
        let EventPage { events, next } = found(trails, lookup).await?;
        let next_token = next.map(|before| listing.marker(&before.to_string()).map_err(faults::no_page));
        Ok(LookupEventsResponse { events: Some(events), next_token: next_token.transpose()? }.into())
    }
}

/// Reads the journal on a thread where that may take its time.
async fn found(trails: &Trails, lookup: Lookup) -> Result<EventPage, Fault> {
    let gone = |_| Fault::internal("the thread of a lookup ended");
    let _turn = trails.lookups.acquire().await.map_err(|_| Fault::internal("lookups are closed"))?;
    let index = Arc::clone(&trails.index);
    spawn_blocking(move || look_up(&index, &lookup)).await.map_err(gone)?
}

fn sought(input: &LookupEventsRequest) -> Result<Option<Sought>, Fault> {
    match input.lookup_attributes.as_deref().unwrap_or_default() {
        [] => Ok(None),
        [one] => Ok(Some(Sought { attribute: one.attribute_key, value: one.attribute_value.clone() })),
        _ => Err(faults::too_many_attributes()),
    }
}

fn span(input: &LookupEventsRequest, now: Timestamp) -> Result<Span, Fault> {
    let to = input.end_time.map_or(i64::MAX, Timestamp::as_millis);
    let from = input.start_time.map_or(now.as_millis() - DAYS * DAY_MILLIS, Timestamp::as_millis);
    if input.start_time.is_some() && from > to {
        return Err(faults::time_range());
    }
    Ok(Span { from, to })
}

/// What the tokens of a lookup are bound to. An attribute's value may have line feeds, which a token's binding must not.
fn filter(input: &LookupEventsRequest) -> String {
    let LookupEventsRequest { lookup_attributes, start_time, end_time, event_category, .. } = input;
    format!("{lookup_attributes:?} {start_time:?} {end_time:?} {event_category:?}")
}
