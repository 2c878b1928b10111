//! OpenID Connect providers in memory: who vouches for web identities.

use std::borrow::Cow;

use bytes::Bytes;
use dispatch::Fault;
use model::{
    Timestamp,
    arn::{AccountId, Partition},
};
use state::{Kept, encode};
use store::{Key, Revision};

use crate::{
    entities::{Tags, read_tags, write_tags},
    faults,
    layout::{self, Kind},
    limits::{CLIENT_IDS, THUMBPRINTS},
    records::ProviderRecord,
};

/// An OpenID Connect provider.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    pub(crate) partition: Partition,
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
    pub(crate) fn decode(
        (partition, account): (Partition, AccountId),
        bytes: &[u8],
        revision: Revision,
    ) -> Option<Self> {
        let record: ProviderRecord<'_> = minicbor::decode(bytes).ok()?;
        Some(Self {
            partition,
            account,
            url: record.url.into_owned(),
            created: Timestamp::from_millis(record.created),
            client_ids: record.client_ids.into_iter().map(Cow::into_owned).collect(),
            thumbprints: record.thumbprints.into_iter().map(Cow::into_owned).collect(),
            tags: read_tags(record.tags),
            revision,
        })
    }

    /// Its ARN.
    pub(crate) fn arn(&self) -> String {
        arn(self.partition, self.account, &self.url)
    }
}

impl Kept for Provider {
    fn key(&self) -> Key {
        layout::key(self.account, Kind::Provider, &self.url)
    }

    fn encode(&self) -> Bytes {
        encode(&ProviderRecord {
            created: self.created.as_millis(),
            url: self.url.as_str().into(),
            client_ids: self.client_ids.iter().map(|id| id.as_str().into()).collect(),
            thumbprints: self.thumbprints.iter().map(|print| print.as_str().into()).collect(),
            tags: write_tags(&self.tags),
        })
    }

    fn revision(&self) -> Revision {
        self.revision
    }
}

/// The ARN of a provider with this URL, without the scheme.
pub(crate) fn arn(partition: Partition, account: AccountId, url: &str) -> String {
    partition.iam_arn(account, format_args!("oidc-provider/{url}"))
}

/// The URL of a provider without its scheme, which is `https`.
pub(crate) fn check_url(sent: &str) -> Result<&str, Fault> {
    let url = sent.strip_prefix("https://").map(|url| url.trim_end_matches('/'));
    let plain = |url: &&str| !url.is_empty() && !url.contains(['?', '#', ' ', '@']) && url.is_ascii();
    url.filter(plain).ok_or_else(|| faults::validation("Invalid Open ID Connect Provider URL"))
}

/// Audiences: so many and no more, each once.
pub(crate) fn check_client_ids(sent: Vec<String>) -> Result<Vec<String>, Fault> {
    if sent.len() > CLIENT_IDS {
        return Err(faults::quota("ClientIdsPerOpenIdConnectProvider", CLIENT_IDS));
    }
    let mut kept: Vec<String> = Vec::with_capacity(sent.len());
    for id in sent {
        if !kept.contains(&id) {
            kept.push(id);
        }
    }
    Ok(kept)
}

/// Thumbprints: SHA-1 hashes in hexadecimal.
pub(crate) fn check_thumbprints(sent: Vec<String>) -> Result<Vec<String>, Fault> {
    if sent.len() > THUMBPRINTS {
        return Err(Fault::new(
            &faults::INVALID_INPUT,
            format!("Thumbprint list must contain fewer than {THUMBPRINTS} entries."),
        ));
    }
    if sent.iter().any(|print| !print.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        return Err(Fault::new(&faults::INVALID_INPUT, "Thumbprints must be hexadecimal."));
    }
    Ok(sent)
}
