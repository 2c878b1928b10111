//! Names of calls and records.

/// Ids of a call: random UUIDs (RFC 9562, version 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ids {
    /// The id of its record.
    pub event: [u8; 16],
    /// The id that the client sees.
    pub request: [u8; 16],
}

impl Ids {
    pub(crate) fn from_random(random: [[u8; 16]; 2]) -> Self {
        let [event, request] =
            random.map(|bytes| uuid::Builder::from_random_bytes(bytes).into_uuid().into_bytes());
        Self { event, request }
    }

    /// The id of the record, as AWS's trail shows it.
    #[must_use]
    pub fn event_id(self) -> String {
        uuid(self.event)
    }

    /// The request id as clients see it.
    #[must_use]
    pub fn request_id(self) -> String {
        uuid(self.request)
    }
}

fn uuid(bytes: [u8; 16]) -> String {
    let mut text = uuid::Uuid::encode_buffer();
    uuid::Uuid::from_bytes(bytes).hyphenated().encode_lower(&mut text).to_owned()
}
