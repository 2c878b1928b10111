//! The last use of a key, and its stored form.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html>

use bytes::Bytes;
use dispatch::Ids;
use minicbor::{Decode, Encode};
use model::{
    Timestamp,
    kms::{KeyLastUsageData, KeyLastUsageTrackingOperation},
};
use state::{Use, encode};

/// Milliseconds in a day.
pub(crate) const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// A use of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// What for.
    pub operation: KeyLastUsageTrackingOperation,
    /// When the call was received.
    pub at: Timestamp,
    /// The call's ids.
    pub ids: Ids,
}

impl Use for Used {
    fn at(&self) -> Timestamp {
        self.at
    }
}

/// As answers carry it.
impl From<Used> for KeyLastUsageData {
    fn from(used: Used) -> Self {
        Self {
            operation: Some(used.operation),
            timestamp: Some(used.at),
            cloud_trail_event_id: Some(used.ids.event_id()),
            kms_request_id: Some(used.ids.request_id()),
        }
    }
}

impl Used {
    /// The stored form.
    pub(crate) fn encode(&self) -> Bytes {
        encode(&UsageRecord::of(self))
    }

    /// From the stored form. `None` when it does not decode.
    pub(crate) fn decode(value: &[u8]) -> Option<Self> {
        let record: UsageRecord<'_> = minicbor::decode(value).ok()?;
        record.used()
    }
}

/// The last use of a key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct UsageRecord<'a> {
    /// The operation as on the wire.
    #[b(0)]
    operation: &'a str,
    /// When the call was received, in milliseconds since the epoch.
    #[n(1)]
    at: i64,
    /// Id of the call's record.
    #[cbor(n(2), with = "minicbor::bytes")]
    event: [u8; 16],
    /// Id of the call as its client saw it.
    #[cbor(n(3), with = "minicbor::bytes")]
    request: [u8; 16],
}

impl UsageRecord<'_> {
    fn of(used: &Used) -> Self {
        Self {
            operation: used.operation.as_str(),
            at: used.at.as_millis(),
            event: used.ids.event,
            request: used.ids.request,
        }
    }

    fn used(&self) -> Option<Used> {
        Some(Used {
            operation: KeyLastUsageTrackingOperation::parse(self.operation)?,
            at: Timestamp::from_millis(self.at),
            ids: Ids { event: self.event, request: self.request },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(at: i64) -> Used {
        Used {
            operation: KeyLastUsageTrackingOperation::Encrypt,
            at: Timestamp::from_millis(at),
            ids: Ids { event: [1; 16], request: [2; 16] },
        }
    }

    #[test]
    fn stored_forms_come_back() {
        assert_eq!(Used::decode(&used(5).encode()), Some(used(5)));
    }
}
