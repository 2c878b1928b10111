//! What secrets and tags are for, and the keys of tags.

use aws_lc_rs::hmac;
use secret::Plaintext;

use crate::aead::KEY_BYTES;
use crate::envelope::Broken;
use crate::kdf::{self, Label};

/// What a secret or a tag is for. A token or tag of one purpose is refused for every other purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Secret access keys of users and of the root user.
    SecretAccessKey,
    /// Markers that list operations hand out to be continued.
    PaginationMarker,
    /// Tokens that name a grant.
    GrantToken,
    /// The contents of session tokens, for temporary credentials.
    SessionToken,
    /// Records of the store: each is tagged with its key and its version.
    StoredRecord,
    /// The terms by which the records of the store are summed up.
    StoredTerm,
    /// Those sums, which nobody but the server may know.
    StoreLedger,
}

/// The keys of one domain key for stored records.
pub(crate) struct RecordKeys {
    pub(crate) tag: hmac::Key,
    pub(crate) term: hmac::Key,
}

impl RecordKeys {
    pub(crate) fn derive(domain_key: &Plaintext) -> Result<Self, Broken> {
        let prepared = |purpose| {
            let key = tag_key(domain_key, purpose)?;
            Ok::<_, Broken>(hmac::Key::new(hmac::HMAC_SHA256, key.reveal()))
        };
        Ok(Self { tag: prepared(Purpose::StoredRecord)?, term: prepared(Purpose::StoredTerm)? })
    }
}

impl Purpose {
    /// The name that is bound into sealed secrets and tags. It never changes.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SecretAccessKey => "secret-access-key",
            Self::PaginationMarker => "pagination-marker",
            Self::GrantToken => "grant-token",
            Self::SessionToken => "session-token",
            Self::StoredRecord => "stored-record",
            Self::StoredTerm => "stored-term",
            Self::StoreLedger => "store-ledger",
        }
    }

    /// Purpose and name as associated data. Purposes contain no zero byte.
    pub(crate) fn named(self, name: &[u8]) -> Vec<u8> {
        [self.name().as_bytes(), &[0], name].concat()
    }
}

/// The key for the tags of one purpose.
pub(crate) fn tag_key(domain_key: &Plaintext, purpose: Purpose) -> Result<Plaintext, Broken> {
    let derive =
        |out: &mut [u8]| kdf::derive(domain_key.reveal(), Label::TAG, purpose.name().as_bytes(), out);
    Ok(Plaintext::zeroed(KEY_BYTES).fill(derive)?)
}
