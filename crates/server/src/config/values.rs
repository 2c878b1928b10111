//! Values of settings, each from its text.

use std::{
    collections::BTreeSet,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

/// What a value should have been. Shown after "expected".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected(pub &'static str);

/// A Region in the form of AWS's names, such as `us-gov-west-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RegionName(String);

/// The Regions that are served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Regions {
    /// Whatever a request is signed for, if it has the form of a Region.
    Any,
    /// These; at least one.
    Only(BTreeSet<RegionName>),
}

/// Where the root of all keys comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seal {
    /// A file with a key.
    KeyFile(PathBuf),
    /// A file with a passphrase.
    Passphrase(PathBuf),
}

/// When the reply to a call that changes nothing may leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JournalMode {
    /// When its record is on disk.
    #[default]
    Durable,
    /// When its record has been handed to the journal.
    HandedOver,
}

impl RegionName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegionName {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        const EXPECTED: Expected = Expected("a Region such as `us-east-1`");
        let mut parts = text.split('-').collect::<Vec<_>>();
        let number = parts.pop().unwrap_or_default();
        let words = parts.len() >= 2
            && parts.iter().all(|part| part.len() >= 2 && part.bytes().all(|byte| byte.is_ascii_lowercase()));
        let numbered = matches!(number.len(), 1 | 2) && number.bytes().all(|byte| byte.is_ascii_digit());
        if words && numbered && text.len() <= 32 { Ok(Self(text.to_owned())) } else { Err(EXPECTED) }
    }
}

impl fmt::Display for RegionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// AWS's own default Region.
impl Default for Regions {
    fn default() -> Self {
        Self::Only(BTreeSet::from([RegionName("us-east-1".to_owned())]))
    }
}

impl FromStr for Regions {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        if text == "any" {
            return Ok(Self::Any);
        }
        let names = text.split(',').map(|name| name.trim().parse()).collect::<Result<_, _>>();
        names.map(Self::Only).map_err(|_: Expected| Self::EXPECTED)
    }
}

impl Regions {
    pub(super) const EXPECTED: Expected = Expected("`any`, or Regions such as `us-east-1,eu-west-1`");
}

impl fmt::Display for Regions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Only(names) => {
                let names: Vec<&str> = names.iter().map(RegionName::as_str).collect();
                f.write_str(&names.join(","))
            }
        }
    }
}

impl Seal {
    /// The file that holds the secret.
    #[must_use]
    pub fn file(&self) -> &Path {
        match self {
            Self::KeyFile(file) | Self::Passphrase(file) => file,
        }
    }
}

impl FromStr for JournalMode {
    type Err = Expected;

    fn from_str(text: &str) -> Result<Self, Expected> {
        match text {
            "durable" => Ok(Self::Durable),
            "handed-over" => Ok(Self::HandedOver),
            _ => Err(Expected("`durable` or `handed-over`")),
        }
    }
}

impl fmt::Display for JournalMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Durable => "durable",
            Self::HandedOver => "handed-over",
        })
    }
}

/// An address with a port.
///
/// # Errors
/// When it is not one. Host names are not: which address they mean may change.
pub fn address(text: &str) -> Result<SocketAddr, Expected> {
    text.parse().map_err(|_| Expected("an address with a port such as `127.0.0.1:4599` or `[::1]:4599`"))
}

/// The number of an AWS account.
///
/// # Errors
/// When it is not 12 digits.
pub fn account_id(text: &str) -> Result<u64, Expected> {
    const EXPECTED: Expected = Expected("an account id of 12 digits such as `123456789012`");
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| EXPECTED)
    } else {
        Err(EXPECTED)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.0)
    }
}

impl std::error::Error for Expected {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_the_form_of_awss() {
        for good in ["us-east-1", "eu-west-12", "us-gov-west-1", "us-iso-east-1", "ap-southeast-2"] {
            assert_eq!(good.parse::<RegionName>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "any",
            "us",
            "us-east",
            "us-east-",
            "us-east-100",
            "US-EAST-1",
            "us_east_1",
            "us-east-1 ",
            "u-e-1",
        ] {
            assert!(bad.parse::<RegionName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn lists_of_regions_are_read_and_written() {
        assert_eq!("any".parse(), Ok(Regions::Any));
        let two: Regions = "us-east-1, eu-west-1".parse().unwrap();
        assert_eq!(two.to_string(), "eu-west-1,us-east-1");
        assert_eq!(Regions::default().to_string(), "us-east-1");
        for bad in ["", ",", "us-east-1,", "us-east-1,any"] {
            assert_eq!(bad.parse::<Regions>(), Err(Regions::EXPECTED), "{bad:?}");
        }
    }

    #[test]
    fn account_ids_are_twelve_digits() {
        assert_eq!(account_id("000000000042"), Ok(42));
        for bad in ["", "42", "1234567890123", "12345678901a", "+12345678901"] {
            assert!(account_id(bad).is_err(), "{bad:?}");
        }
    }
}
