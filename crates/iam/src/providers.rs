//! OpenID Connect providers in memory: who vouches for web identities.

use std::borrow::Cow;

use bytes::Bytes;
use model::{Timestamp, arn::AccountId};
use store::{Key, Revision};

use crate::{
    entities::{Tags, read_tags, write_tags},
    layout::{self, Kind},
    records::{ProviderRecord, encode},
};

/// An OpenID Connect provider.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    pub(crate) account: AccountId,
    /// Without the scheme.
    pub(crate) url: String,
    pub(crate) created: Timestamp,
    /// Audiences that its tokens may name, in the order they were added.
    pub(crate) client_ids: Vec<String>,
    /// SHA-1 hashes of certificates, in hexadecimal.
    pub(crate) thumbprints: Vec<String>,
    pub(crate) tags: Tags,
    /// Where the record was last changed.
    pub(crate) revision: Revision,
}

impl Provider {
    /// From its stored form.
    pub(crate) fn decode(account: AccountId, bytes: &[u8], revision: Revision) -> Option<Self> {
        let record: ProviderRecord<'_> = minicbor::decode(bytes).ok()?;
        Some(Self {
            account,
            url: record.url.into_owned(),
            created: Timestamp::from_millis(record.created),
            client_ids: record.client_ids.into_iter().map(Cow::into_owned).collect(),
            thumbprints: record.thumbprints.into_iter().map(Cow::into_owned).collect(),
            tags: read_tags(record.tags),
            revision,
        })
    }

    /// The stored form.
    pub(crate) fn encode(&self) -> Bytes {
        encode(&ProviderRecord {
            created: self.created.as_millis(),
            url: self.url.as_str().into(),
            client_ids: self.client_ids.iter().map(|id| id.as_str().into()).collect(),
            thumbprints: self.thumbprints.iter().map(|print| print.as_str().into()).collect(),
            tags: write_tags(&self.tags),
        })
    }

    /// Its ARN.
    pub(crate) fn arn(&self) -> String {
        arn(self.account, &self.url)
    }

    /// Where its record stands.
    pub(crate) fn key(&self) -> Key {
        layout::key(self.account, Kind::Provider, &self.url)
    }
}

/// The ARN of a provider with this URL, without the scheme.
pub(crate) fn arn(account: AccountId, url: &str) -> String {
    format!("arn:aws:iam::{account}:oidc-provider/{url}")
}
