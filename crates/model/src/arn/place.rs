//! Accounts and Regions.

use std::{borrow::Borrow, fmt, sync::Arc};

use super::{Malformed, Partition};

/// An account: twelve digits. Kept as such, because each call writes them several times.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId([u8; 12]);

/// A Region, such as `eu-west-1`. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(Arc<str>);

/// Longest name of a Region, in bytes.
const REGION_BYTES_MAX: usize = 32;

impl AccountId {
    /// From twelve digits.
    ///
    /// # Errors
    /// [`Malformed`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let digits: [u8; 12] = text.as_bytes().try_into().map_err(|_| Malformed)?;
        if digits.iter().all(u8::is_ascii_digit) { Ok(Self(digits)) } else { Err(Malformed) }
    }

    /// From its number; `None` when that has more than twelve digits.
    #[must_use]
    pub fn from_u64(number: u64) -> Option<Self> {
        let (mut digits, mut rest) = ([0; 12], number);
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        (rest == 0).then_some(Self(digits))
    }

    /// Its number.
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Region {
    /// From a name like AWS's: groups of small letters, joined by hyphens, and a number at the end.
    ///
    /// # Errors
    /// [`Malformed`] for anything else.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let (words, number) = text.rsplit_once('-').ok_or(Malformed)?;
        let count = words.split('-').count();
        let letters = words
            .split('-')
            .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()));
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if text.len() <= REGION_BYTES_MAX && (2..=3).contains(&count) && letters && digits {
            Ok(Self(text.into()))
        } else {
            Err(Malformed)
        }
    }

    /// Sorts before every Region: the empty text, which is no name. For ranges.
    #[must_use]
    pub fn before_all() -> Self {
        Self("".into())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that it is in, and that ARNs of this Region name.
    #[must_use]
    pub fn partition(&self) -> Partition {
        Partition::of_region(&self.0)
    }
}

/// Compares as its name does, so that a set of Regions can be asked for a name.
impl Borrow<str> for Region {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts() {
        assert_eq!(AccountId::parse("000000000042").unwrap().to_string(), "000000000042");
        for wrong in ["", "42", "11112222333", "1111222233334", "11112222333x", "+11122223333"] {
            assert_eq!(AccountId::parse(wrong), Err(Malformed), "{wrong}");
        }
        for number in [0, 42, 111_122_223_333, 999_999_999_999] {
            let account = AccountId::from_u64(number).unwrap();
            assert_eq!(account.as_u64(), number);
            assert_eq!(account.as_str(), format!("{number:012}"));
            assert_eq!(AccountId::parse(account.as_str()), Ok(account));
        }
        assert!(AccountId::from_u64(1_000_000_000_000).is_none());
    }

    #[test]
    fn regions_and_partitions() {
        for (name, partition) in [
            ("us-east-1", "aws"),
            ("ap-southeast-4", "aws"),
            ("cn-north-1", "aws-cn"),
            ("us-gov-west-1", "aws-us-gov"),
            ("us-iso-east-1", "aws-iso"),
            ("us-isob-east-1", "aws-iso-b"),
            ("eusc-de-east-1", "aws-eusc"),
            ("eu-isoe-west-1", "aws-iso-e"),
            ("us-isof-south-1", "aws-iso-f"),
        ] {
            assert_eq!(Region::parse(name).unwrap().partition().as_str(), partition, "{name}");
        }
        for wrong in ["", "us", "us-east", "useast1", "US-east-1", "us-east-1/", "us--east-1", "a-b-c-d-1"] {
            assert_eq!(Region::parse(wrong), Err(Malformed), "{wrong}");
        }
    }
}
