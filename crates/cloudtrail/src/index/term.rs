//! What events are found by.

use audit::{Placed, Record};
use aws_lc_rs::digest::{SHA256, digest};
use model::cloudtrail::LookupAttributeKey;
use trail::{EventId, events};

/// A value of an attribute among the events of one account and Region, or all of these events. Two terms may have the same
/// number: whoever finds an event by a term looks whether the event has the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Term(pub(crate) u64);

impl Term {
    /// The first eight bytes of the SHA-256 of account, Region, attribute and value, with line feeds between them.
    pub(crate) fn of(
        account: &str,
        region: &str,
        attribute: Option<LookupAttributeKey>,
        value: &str,
    ) -> Self {
        let attribute = attribute.map_or("", LookupAttributeKey::as_str);
        let text = [account, region, attribute, value].join("\n");
        let hash = digest(&SHA256, text.as_bytes());
        Self(hash.as_ref().first_chunk().map_or(0, |first| u64::from_be_bytes(*first)))
    }
}

/// What an index keeps of a record.
pub(crate) struct IndexEntry {
    /// Where its frame begins in its segment.
    pub(crate) offset: u64,
    pub(crate) time_ms: i64,
    /// The first bytes of its event id, which the events of all accounts have in common.
    pub(crate) id: u32,
    /// Each once.
    pub(crate) terms: Vec<Term>,
}

impl IndexEntry {
    /// What is kept of this record. One that does not decode is found by nothing, and has its number all the same.
    pub(crate) fn of(Placed { offset, payload, .. }: Placed<'_>) -> Self {
        let Ok(record) = Record::decode(payload) else {
            return Self { offset, time_ms: 0, id: 0, terms: Vec::new() };
        };
        let mut terms = Vec::with_capacity(12);
        for event in events(&record, "") {
            let (account, region) = (event.account(), event.region());
            terms.push(Term::of(account, region, None, ""));
            event.attributes(&mut |attribute, value| {
                terms.push(Term::of(account, region, Some(attribute), value));
            });
        }
        terms.sort_unstable();
        terms.dedup();
        Self { offset, time_ms: record.time_ms, id: id(EventId(record.event_id)), terms }
    }
}

/// The part of an event id that is kept.
pub(crate) fn id(event: EventId) -> u32 {
    event.0.first_chunk().map_or(0, |first| u32::from_be_bytes(*first))
}
