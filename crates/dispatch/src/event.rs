//! What the service does by itself, as the journal tells it.

use audit::{EventKind, Record};
use bytes::Bytes;
use model::Timestamp;
use store::{Batch, Key};
use strongroom::{Entropy, EntropyFailed};

use crate::{Ids, commit::Recorded, outbox};

/// What was done, for the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEvent {
    /// The service, such as `kms`.
    pub service: &'static str,
    /// The event's name, such as `DeleteKey`.
    pub name: &'static str,
    /// The account concerned.
    pub account: String,
    /// The Region concerned.
    pub region: String,
    /// ARN of what was changed.
    pub resource: String,
    /// CloudTrail's `serviceEventDetails`.
    pub details: Vec<(&'static str, String)>,
}

impl ServiceEvent {
    /// The change that leaves the record in a node's outbox. The node's next start brings it to the journal.
    ///
    /// # Errors
    /// When there are no random bytes for the event's id.
    pub fn left_for(
        &self,
        node: &[u8; 16],
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Batch, EntropyFailed> {
        let Recorded { event, record } = self.record(now, entropy)?;
        let key: Key = (outbox::prefix(node) + &base16ct::lower::encode_string(&event)).into();
        Ok(Batch::default().put(key, record))
    }

    /// The record of it, for a journal that is written to directly.
    ///
    /// # Errors
    /// When there are no random bytes for the event's id.
    pub fn alone(&self, now: Timestamp, entropy: &dyn Entropy) -> Result<Bytes, EntropyFailed> {
        self.record(now, entropy).map(|recorded| recorded.record)
    }

    /// The record of it, with an id of its own.
    pub(crate) fn record(&self, now: Timestamp, entropy: &dyn Entropy) -> Result<Recorded, EntropyFailed> {
        let mut random = [[0; 16]; 2];
        entropy.fill(random.as_flattened_mut())?;
        let id = Ids::from_random(random).event;
        let mut record = Record::new(EventKind::ServiceEvent, id, now.as_millis());
        record.service = self.service.into();
        record.operation = self.name.into();
        record.region = self.region.as_str().into();
        record.account = Some(self.account.as_str().into());
        record.read_only = false;
        record.resources = vec![self.resource.as_str().into()];
        record.parameters =
            self.details.iter().map(|(name, value)| ((*name).into(), value.as_str().into())).collect();
        let mut bytes = Vec::new();
        record.encode(&mut bytes);
        Ok(Recorded { event: id, record: bytes.into() })
    }
}
