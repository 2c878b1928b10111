//! An account's own record.

use std::borrow::Cow;

use bytes::Bytes;
use model::{Timestamp, arn::AccountId};
use state::{Kept, encode};
use store::{Key, Revision};

use crate::{layout, records::AccountRecord};

/// An account's record.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) account: AccountId,
    pub(crate) created: Timestamp,
    pub(crate) alias: Option<String>,
    pub(crate) revision: Revision,
}

impl Known {
    /// From the stored form. `None` when it does not decode.
    pub(crate) fn decode(account: AccountId, value: &[u8], revision: Revision) -> Option<Self> {
        let record: AccountRecord<'_> = minicbor::decode(value).ok()?;
        let alias = record.alias.map(Cow::into_owned);
        Some(Self { account, created: Timestamp::from_millis(record.created), alias, revision })
    }
}

impl Kept for Known {
    fn key(&self) -> Key {
        layout::account(self.account)
    }

    fn revision(&self) -> Revision {
        self.revision
    }

    fn encode(&self) -> Bytes {
        encode(&AccountRecord {
            created: self.created.as_millis(),
            alias: self.alias.as_deref().map(Into::into),
        })
    }
}
