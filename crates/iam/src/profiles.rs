//! Instance profiles in memory: roles for machines. Nothing here assumes them; tools list and make them.

use std::borrow::Cow;

use bytes::Bytes;
use model::{
    Timestamp,
    arn::{AccountId, Partition},
};
use state::{Kept, encode};
use store::{Key, Revision};

use crate::{
    entities::{self, Tags, fold, read_tags, write_tags},
    layout::{self, Kind},
    records::InstanceProfileRecord,
};

/// An instance profile.
#[derive(Debug, Clone)]
pub(crate) struct InstanceProfile {
    pub(crate) partition: Partition,
    pub(crate) account: AccountId,
    /// As it was given; unique without regard to case.
    pub(crate) name: String,
    /// From `/` to `/`.
    pub(crate) path: String,
    /// The unique id.
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    /// Unique id of the role in it.
    pub(crate) role: Option<String>,
    pub(crate) tags: Tags,
    /// Where the record was last changed.
    pub(crate) revision: Revision,
}

impl InstanceProfile {
    /// From its stored form.
    pub(crate) fn decode(
        (partition, account): (Partition, AccountId),
        bytes: &[u8],
        revision: Revision,
    ) -> Option<Self> {
        let record: InstanceProfileRecord<'_> = minicbor::decode(bytes).ok()?;
        Some(Self {
            partition,
            account,
            name: record.name.into_owned(),
            path: record.path.into_owned(),
            id: record.id.into_owned(),
            created: Timestamp::from_millis(record.created),
            role: record.role.map(Cow::into_owned),
            tags: read_tags(record.tags),
            revision,
        })
    }

    /// Its ARN.
    pub(crate) fn arn(&self) -> String {
        entities::arn(self.partition, self.account, "instance-profile", &self.path, &self.name)
    }
}

impl Kept for InstanceProfile {
    fn key(&self) -> Key {
        layout::key(self.account, Kind::InstanceProfile, &fold(&self.name))
    }

    fn encode(&self) -> Bytes {
        encode(&InstanceProfileRecord {
            created: self.created.as_millis(),
            name: self.name.as_str().into(),
            path: self.path.as_str().into(),
            id: self.id.as_str().into(),
            role: self.role.as_deref().map(Into::into),
            tags: write_tags(&self.tags),
        })
    }

    fn revision(&self) -> Revision {
        self.revision
    }
}
