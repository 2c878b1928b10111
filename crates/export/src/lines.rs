//! Records as lines of JSON, one for each event.

use audit::Record;
use trail::{Event, events};

use crate::follower::ReadRecord;

/// Hands each event of the records, as JSON, to `each`. What belongs to no account, such as a stranger's call, is an event whose
/// `recipientAccountId` is empty.
pub(crate) fn each_event(records: &[ReadRecord], each: &mut dyn FnMut(&Event<'_>, String)) {
    for ReadRecord { sequence, payload, .. } in records {
        let Ok(record) = Record::decode(payload) else {
            // Only a later version writes such a record. The journal has it.
            tracing::error!(record = *sequence, "a record cannot be read, and is not handed on");
            continue;
        };
        for event in events(&record) {
            if let Ok(json) = event.to_json() {
                each(&event, json);
            }
        }
    }
}

/// The events as lines, and how many they are.
pub(crate) fn lines(records: &[ReadRecord]) -> (Vec<u8>, u64) {
    let (mut lines, mut count) = (Vec::new(), 0);
    each_event(records, &mut |_, json| {
        lines.extend_from_slice(json.as_bytes());
        lines.push(b'\n');
        count += 1;
    });
    (lines, count)
}
