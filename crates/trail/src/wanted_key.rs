//! The key that a report is about, and which records concern the key.

use std::fmt;

use audit::Record;
use model::arn::{KeyId, KeyRef, WrittenArn};

use crate::call::{denied_permission, keys, text};

/// A key that somebody wants to know about. An id names the keys of all Regions that have the id: of a multi-Region key,
/// the primary and its replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedKey {
    id: String,
    arn: Option<WrittenArn>,
}

/// The text names no key by its id or its ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAWantedKey {
    /// It is an alias. The same alias may have been several keys', one after the other.
    Alias,
    /// It is neither an id nor an ARN.
    Neither,
}

impl WantedKey {
    /// From an id or an ARN.
    ///
    /// # Errors
    /// [`NotAWantedKey`] for any other text.
    pub fn parse(text: &str) -> Result<Self, NotAWantedKey> {
        let of = |id: KeyId, arn| Self { id: id.to_string(), arn };
        match KeyRef::parse(text) {
            Ok(KeyRef::Id(id)) => Ok(of(id, None)),
            Ok(KeyRef::Arn(arn)) => Ok(of(arn.key_id, Some(arn.into()))),
            Ok(KeyRef::AliasName(_) | KeyRef::AliasArn(_)) => Err(NotAWantedKey::Alias),
            Err(_) => Err(NotAWantedKey::Neither),
        }
    }

    /// Whether an ARN is the key's.
    pub(crate) fn is(&self, arn: &str) -> bool {
        match &self.arn {
            Some(wanted) => wanted.as_str() == arn,
            None => arn.rsplit_once(":key/").is_some_and(|(_, id)| id == self.id),
        }
    }

    /// Whether an ARN is of the same multi-Region key, in this or in another Region.
    pub(crate) fn is_family(&self, arn: &str) -> bool {
        self.id.starts_with("mrk-") && arn.rsplit_once(":key/").is_some_and(|(_, id)| id == self.id)
    }

    /// Whether a call or an event concerns the key. A call that was denied or failed tells what it was about by the
    /// resource that was denied, or by what the caller named. An alias that a caller named says nothing of itself.
    pub(crate) fn is_concerned(&self, record: &Record<'_>) -> bool {
        const NAMING: [&str; 4] = ["keyId", "targetKeyId", "sourceKeyId", "destinationKeyId"];
        self.is_among(record)
            || denied_permission(record).is_some_and(|(_, resource)| self.is(resource))
            || NAMING.iter().any(|name| self.is_named_by(record, name))
    }

    /// Whether the key was found for a call.
    pub(crate) fn is_among(&self, record: &Record<'_>) -> bool {
        keys(record).any(|arn| self.is(arn))
    }

    /// Whether a parameter names the key, by its ARN, or by its id in its account and Region.
    pub(crate) fn is_named_by(&self, record: &Record<'_>, parameter: &str) -> bool {
        match text(record, parameter).map(KeyRef::parse) {
            Some(Ok(KeyRef::Arn(arn))) => self.is(&arn.to_string()),
            Some(Ok(KeyRef::Id(id))) => {
                let is_at_home = self.arn.as_ref().is_none_or(|arn| {
                    record.region == arn.region.as_str()
                        && record.account.as_deref() == Some(arn.account.as_str())
                });
                is_at_home && id.to_string() == self.id
            }
            _ => false,
        }
    }
}

impl fmt::Display for WantedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.arn {
            Some(arn) => arn.fmt(f),
            None => f.write_str(&self.id),
        }
    }
}

impl fmt::Display for NotAWantedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alias => {
                "an alias may have been several keys', one after the other: name the key by its id or its ARN"
            }
            Self::Neither => "expected the id of a key, or its ARN",
        })
    }
}

impl std::error::Error for NotAWantedKey {}
