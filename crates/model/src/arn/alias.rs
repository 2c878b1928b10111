//! Aliases.

use std::{fmt, sync::Arc};

use super::{AccountId, Malformed, Region};

/// Name of an alias with its prefix: `alias/` and letters, digits, `/`, `_`, `-`; at most 256 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AliasName(Arc<str>);

/// ARN of an alias.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AliasArn {
    /// Its Region.
    pub region: Region,
    /// Its account.
    pub account: AccountId,
    /// Its name.
    pub name: AliasName,
}

const PREFIX: &str = "alias/";
const BYTES_MAX: usize = 256;

impl AliasName {
    /// From its text, prefix included.
    ///
    /// # Errors
    /// [`Malformed`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-');
        match text.strip_prefix(PREFIX) {
            Some(rest) if !rest.is_empty() && text.len() <= BYTES_MAX && rest.bytes().all(good) => {
                Ok(Self(text.into()))
            }
            _ => Err(Malformed),
        }
    }

    /// Sorts before every name: the prefix alone, which is no name. For ranges.
    #[must_use]
    pub fn before_all() -> Self {
        Self(PREFIX.into())
    }

    /// Its text, prefix included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AliasName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for AliasArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:kms:{}:{}:{}", self.region.partition(), self.region, self.account, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(AliasName::parse("alias/a/b_C-1").unwrap().to_string(), "alias/a/b_C-1");
        for wrong in ["", "a", "alias/", "alias/a:b", "alias/a b", "Alias/a"] {
            assert_eq!(AliasName::parse(wrong), Err(Malformed), "{wrong}");
        }
        assert!(AliasName::parse(&format!("alias/{}", "a".repeat(250))).is_ok());
        assert!(AliasName::parse(&format!("alias/{}", "a".repeat(251))).is_err());
        assert!(AliasName::before_all() < AliasName::parse("alias/-").unwrap());
    }
}
