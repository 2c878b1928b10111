//! The ways in which callers name a key.

use std::{fmt, ops::Deref, sync::Arc};

use super::{AccountId, AliasArn, AliasName, KeyId, Region};

/// ARN of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyArn {
    /// Its Region.
    pub region: Region,
    /// Its account.
    pub account: AccountId,
    /// Its id.
    pub key_id: KeyId,
}

/// What a `KeyId` member of a request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyRef {
    /// A key of the caller's account and the call's Region.
    Id(KeyId),
    /// A key anywhere.
    Arn(KeyArn),
    /// An alias of the caller's account and the call's Region.
    AliasName(AliasName),
    /// An alias anywhere.
    AliasArn(AliasArn),
}

/// Why a text names no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRefError {
    /// Neither an id nor an ARN nor an alias.
    InvalidKeyId,
    /// It begins like an ARN and is none of a key or an alias.
    InvalidArn,
}

impl KeyRef {
    /// Reads what a caller sent. Callers may write the digits of an id in capitals.
    ///
    /// # Errors
    /// [`KeyRefError`].
    pub fn parse(sent: &str) -> Result<Self, KeyRefError> {
        if sent.starts_with("arn:") {
            return Self::parse_arn(sent).ok_or(KeyRefError::InvalidArn);
        }
        if sent.starts_with("alias/") {
            return AliasName::parse(sent).map(Self::AliasName).map_err(|_| KeyRefError::InvalidKeyId);
        }
        key_id(sent).map(Self::Id).ok_or(KeyRefError::InvalidKeyId)
    }

    fn parse_arn(sent: &str) -> Option<Self> {
        let mut parts = sent.splitn(6, ':').skip(1);
        let (partition, service) = (parts.next()?, parts.next()?);
        let region = Region::parse(parts.next()?).ok()?;
        let account = AccountId::parse(parts.next()?).ok()?;
        let resource = parts.next()?;
        if partition != region.partition().as_str() || service != "kms" {
            return None;
        }
        if let Some(id) = resource.strip_prefix("key/") {
            return Some(Self::Arn(KeyArn { region, account, key_id: key_id(id)? }));
        }
        Some(Self::AliasArn(AliasArn { region, account, name: AliasName::parse(resource).ok()? }))
    }
}

/// A UUID in small letters or in capitals (RFC 9562 section 4); the id of a multi-Region key has one form.
fn key_id(sent: &str) -> Option<KeyId> {
    let small = sent.to_ascii_lowercase();
    KeyId::parse(&small).ok().filter(|id| !id.is_multi_region() || small == sent)
}

/// An ARN with its text, which is written once: calls show it several times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenArn {
    arn: KeyArn,
    text: Arc<str>,
}

impl WrittenArn {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<KeyArn> for WrittenArn {
    fn from(arn: KeyArn) -> Self {
        Self { text: arn.to_string().into(), arn }
    }
}

impl Deref for WrittenArn {
    type Target = KeyArn;

    fn deref(&self) -> &KeyArn {
        &self.arn
    }
}

impl fmt::Display for WrittenArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, account, key_id } = self;
        write!(f, "arn:{}:kms:{region}:{account}:key/{key_id}", region.partition())
    }
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Arn(arn) => arn.fmt(f),
            Self::AliasName(name) => name.fmt(f),
            Self::AliasArn(arn) => arn.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_comes_back() {
        for sent in [
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "mrk-1234abcd12ab34cd56ef1234567890ab",
            "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab",
            "alias/a",
            "arn:aws:kms:us-east-1:111122223333:alias/a/b",
        ] {
            assert_eq!(KeyRef::parse(sent).unwrap().to_string(), sent);
        }
    }

    #[test]
    fn what_names_no_key() {
        for sent in ["", "x", "alias/", "alias/a:b", "1234abcd12ab34cd56ef1234567890ab"] {
            assert_eq!(KeyRef::parse(sent), Err(KeyRefError::InvalidKeyId), "{sent}");
        }
        for sent in [
            "arn:",
            "arn:aws:kms:us-east-1:111122223333:key/x",
            "arn:aws:s3:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:us-east-1:1:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:us-east-1:111122223333:grant/a",
        ] {
            assert_eq!(KeyRef::parse(sent), Err(KeyRefError::InvalidArn), "{sent}");
        }
    }
}
