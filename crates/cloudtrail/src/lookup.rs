//! Events that were looked up, read from the journal where the index says that they are.

use dispatch::Fault;
use model::{
    Timestamp,
    cloudtrail::{Event as ShownEvent, LookupAttributeKey, Resource as ShownResource},
};
use trail::{Event, EventId, EventResource, events};

use crate::{
    faults,
    index::{Candidate, FoundBy, Index, Span, Term},
};

/// Most records that one lookup reads. Most that the index finds are wanted; those of a time that is wanted in part are not.
const RECORDS_MAX: usize = 2000;

/// What is looked up.
pub(crate) struct Lookup {
    pub(crate) account: String,
    pub(crate) region: String,
    /// `None` for all events.
    pub(crate) sought: Option<Sought>,
    pub(crate) span: Span,
    /// Records with smaller sequence numbers.
    pub(crate) before: u64,
    pub(crate) events_max: usize,
}

/// The value of an attribute.
pub(crate) struct Sought {
    pub(crate) attribute: LookupAttributeKey,
    pub(crate) value: String,
}

/// Events, newest first.
pub(crate) struct EventPage {
    pub(crate) events: Vec<ShownEvent>,
    /// The next page is of records before this one; `None` when there is no next page.
    pub(crate) next: Option<u64>,
}

/// Looks events up.
///
/// # Errors
/// The journal cannot be read, or the index does not reach back far enough yet.
pub(crate) fn look_up(index: &Index, lookup: &Lookup) -> Result<EventPage, Fault> {
    let Lookup { account, region, span, before, events_max, .. } = lookup;
    let by = match &lookup.sought {
        Some(Sought { attribute: LookupAttributeKey::EventId, value }) => match EventId::parse(value) {
            Some(id) => FoundBy::Id(id),
            None => return Ok(EventPage { events: Vec::new(), next: None }),
        },
        Some(Sought { attribute, value }) => {
            FoundBy::Term(Term::of(account, region, Some(*attribute), value))
        }
        None => FoundBy::Term(Term::of(account, region, None, "")),
    };
    let mut page = EventPage { events: Vec::new(), next: None };
    let (mut last, mut read) = (*before, 0);
    let complete = index.find(by, *span, *before, &mut |Candidate { sequence, record }| {
        if page.events.len() == *events_max || read == RECORDS_MAX {
            page.next = Some(last);
            return false;
        }
        (last, read) = (sequence, read + 1);
        let found = events(&record).into_iter().find(|event| lookup.wants(event));
        page.events.extend(found.map(|event| shown(&event)));
        true
    });
    if complete.map_err(|error| faults::unreadable(&error))? {
        return Ok(page);
    }
    // What was found is told; who asks for what follows learns that it is not known yet.
    if page.events.is_empty() {
        return Err(faults::reaches_back_to(index.reaches_back_to()));
    }
    page.next = Some(last);
    Ok(page)
}

impl Lookup {
    /// The index may have found an event by another value, of another account's or from another time.
    fn wants(&self, event: &Event<'_>) -> bool {
        event.account() == self.account
            && event.region() == self.region
            && self.span.contains(event.time_ms())
            && self.sought.as_ref().is_none_or(|sought| sought.is_of(event))
    }
}

impl Sought {
    fn is_of(&self, event: &Event<'_>) -> bool {
        if self.attribute == LookupAttributeKey::EventId {
            return EventId::parse(&self.value) == Some(event.id());
        }
        let mut has = false;
        event.attributes(&mut |attribute, value| has |= attribute == self.attribute && value == self.value);
        has
    }
}

/// An event as lookups answer it.
fn shown(event: &Event<'_>) -> ShownEvent {
    let resource = |resource: &EventResource<'_>| ShownResource {
        resource_type: Some(resource.kind.to_owned()).filter(|kind| !kind.is_empty()),
        resource_name: Some(if resource.is_of_kms() { resource.arn } else { resource.name() }.to_owned()),
    };
    ShownEvent {
        event_id: Some(event.id().to_string()),
        event_name: Some(event.name().to_owned()),
        read_only: Some(event.read_only().to_owned()),
        access_key_id: event.user_identity.access_key_id.map(str::to_owned),
        event_time: Some(Timestamp::from_millis(event.time_ms().div_euclid(1000) * 1000)),
        event_source: Some(event.source().to_owned()),
        username: event.user_identity.username().map(str::to_owned),
        resources: Some(event.named().iter().map(resource).collect()),
        cloud_trail_event: event.to_json().ok(),
    }
}
