//! That reports of last calls were asked for. What a report says is found when it is fetched: it is always complete, and as new
//! as can be.

use bytes::Bytes;
use dispatch::{Cx, Fault};
use model::{Timestamp, arn::AccountId};
use state::{Kept, encode};
use store::{Key, Revision};

use crate::{
    layout::{self, Kind},
    records::AccessReportRecord,
};

/// A report that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AccessReport {
    account: AccountId,
    /// A UUID.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    /// The ARN of what it is about.
    pub(crate) about: String,
    /// The unique id of who asked, who alone may fetch it.
    asker: String,
    /// Whether single actions were asked for.
    pub(crate) actions: bool,
    /// Where the record was last changed.
    revision: Revision,
}

impl AccessReport {
    /// One that the caller asks for now.
    ///
    /// # Errors
    /// An internal fault when there is no randomness.
    pub(crate) fn asked(cx: &Cx<'_>, about: String, actions: bool) -> Result<Self, Fault> {
        let mut random = [0; 16];
        cx.entropy.fill(&mut random).map_err(|_| Fault::internal("the source of random bytes failed"))?;
        Ok(Self {
            account: cx.account(),
            id: uuid::Builder::from_random_bytes(random).into_uuid().to_string(),
            created: cx.now,
            about,
            asker: cx.caller.unique_id.clone(),
            actions,
            revision: Revision::default(),
        })
    }

    /// Whether the caller asked for it.
    pub(crate) fn is_for(&self, cx: &Cx<'_>) -> bool {
        self.asker == cx.caller.unique_id
    }

    /// From its stored form. `None` when it does not decode.
    pub(crate) fn decode((account, id): (AccountId, &str), value: &[u8], revision: Revision) -> Option<Self> {
        let record: AccessReportRecord<'_> = minicbor::decode(value).ok()?;
        Some(Self {
            account,
            id: id.to_owned(),
            created: Timestamp::from_millis(record.created),
            about: record.about.into_owned(),
            asker: record.asker.into_owned(),
            actions: record.actions,
            revision,
        })
    }
}

impl Kept for AccessReport {
    fn key(&self) -> Key {
        layout::key(self.account, Kind::AccessReport, &self.id)
    }

    fn revision(&self) -> Revision {
        self.revision
    }

    fn encode(&self) -> Bytes {
        encode(&AccessReportRecord {
            created: self.created.as_millis(),
            about: self.about.as_str().into(),
            asker: self.asker.as_str().into(),
            actions: self.actions,
        })
    }
}
