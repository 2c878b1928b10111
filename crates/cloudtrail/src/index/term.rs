//! What events are found by.

use std::collections::HashMap;

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
        Self::of_text(&[account, region, attribute, value].join("\n"))
    }

    fn of_text(text: &str) -> Self {
        let hash = digest(&SHA256, text.as_bytes());
        Self(hash.as_ref().first_chunk().map_or(0, |first| u64::from_be_bytes(*first)))
    }
}

/// Terms that were made lately: most records have the values of many others, and to remember costs less than to hash.
#[derive(Default)]
pub(crate) struct TermMemory {
    known: HashMap<String, Term>,
    /// Room for a text.
    text: String,
}

/// Most terms that are remembered, of at most so many bytes each: a mebibyte.
const TERMS_MAX: usize = 4096;
const TEXT_BYTES_MAX: usize = 256;

impl TermMemory {
    /// As [`Term::of`].
    fn term(
        &mut self,
        account: &str,
        region: &str,
        attribute: Option<LookupAttributeKey>,
        value: &str,
    ) -> Term {
        let Self { known, text } = self;
        text.clear();
        for part in
            [account, "\n", region, "\n", attribute.map_or("", LookupAttributeKey::as_str), "\n", value]
        {
            text.push_str(part);
        }
        if let Some(term) = known.get(text.as_str()) {
            return *term;
        }
        let term = Term::of_text(text);
        if known.len() == TERMS_MAX {
            known.clear();
        }
        if text.len() <= TEXT_BYTES_MAX {
            known.insert(text.clone(), term);
        }
        term
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
    pub(crate) fn of(Placed { offset, payload, .. }: Placed<'_>, memory: &mut TermMemory) -> Self {
        let Ok(record) = Record::decode(payload) else {
            return Self { offset, time_ms: 0, id: 0, terms: Vec::new() };
        };
        let mut terms = Vec::with_capacity(12);
        for event in events(&record) {
            let (account, region) = (event.account(), event.region());
            terms.push(memory.term(account, region, None, ""));
            event.attributes(&mut |attribute, value| {
                terms.push(memory.term(account, region, Some(attribute), value));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_would_be_made() {
        let mut memory = TermMemory::default();
        for number in 0..3 * TERMS_MAX {
            let value = format!("{}{}", number % 5000, "x".repeat(number % 400));
            for attribute in [None, Some(LookupAttributeKey::Username)] {
                let made = Term::of("1", "r", attribute, &value);
                assert_eq!(memory.term("1", "r", attribute, &value), made);
                assert_eq!(memory.term("1", "r", attribute, &value), made);
            }
            assert!(memory.known.len() <= TERMS_MAX);
        }
    }
}
