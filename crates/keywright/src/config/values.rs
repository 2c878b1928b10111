//! Values of settings, each from its text.

use std::{collections::BTreeSet, fmt, net::SocketAddr, path::PathBuf};

use dispatch::{Durability, Regions};
use model::{
    Timestamp,
    arn::{Partition, Region},
};

/// What a value should have been. Shown after "expected".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expected(pub(crate) &'static str);

/// AWS's own default Region.
pub(crate) const DEFAULT_REGION: &str = "us-east-1";

const REGIONS: Expected = Expected("`any`, or Regions such as `us-east-1,eu-west-1`");

const ONE_PARTITION: Expected =
    Expected("Regions of one partition, as each partition has identities of its own");

/// A Region whose name is as AWS's are, such as `us-gov-west-1`: no word of one letter, no number of three digits.
///
/// # Errors
/// When it is not one.
pub(crate) fn region(text: &str) -> Result<Region, Expected> {
    let (words, number) = text.rsplit_once('-').unwrap_or_default();
    let usual = words.split('-').all(|word| word.len() >= 2) && number.len() <= 2;
    let region = Region::parse(text).ok().filter(|_| usual);
    region.ok_or(Expected("a Region such as `us-east-1`"))
}

/// A time, or the beginning of a day in UTC.
///
/// # Errors
/// When it is neither.
pub(crate) fn time(text: &str) -> Result<Timestamp, Expected> {
    let time =
        Timestamp::parse_iso8601(text).or_else(|| Timestamp::parse_iso8601(&format!("{text}T00:00:00Z")));
    time.ok_or(Expected("a time such as `2026-11-30T09:00:00Z`, or a day such as `2026-11-30`"))
}

/// Regions, separated by commas, or `any` for those of the partition `aws`.
///
/// # Errors
/// When one of them is none, or they are of several partitions.
pub(crate) fn regions(text: &str) -> Result<Regions, Expected> {
    if text == "any" {
        return Ok(Regions::any(Partition::Aws));
    }
    let regions = text.split(',').map(|name| region(name.trim())).collect::<Result<_, _>>();
    Regions::only(regions.map_err(|_| REGIONS)?).ok_or(ONE_PARTITION)
}

/// As [`regions`] reads them.
pub(crate) fn regions_text(regions: &Regions) -> String {
    let names = |named: &BTreeSet<Region>| named.iter().map(Region::as_str).collect::<Vec<_>>().join(",");
    regions.named().map_or_else(|| "any".to_owned(), names)
}

/// What the journal's mode means for replies to calls that change nothing.
///
/// # Errors
/// When there is no such mode.
pub(crate) fn durability(text: &str) -> Result<Durability, Expected> {
    match text {
        "durable" => Ok(Durability::Durable),
        "handed-over" => Ok(Durability::HandedOver),
        _ => Err(Expected("`durable` or `handed-over`")),
    }
}

/// As [`durability`] reads it.
pub(crate) fn durability_text(durability: Durability) -> &'static str {
    match durability {
        Durability::Durable => "durable",
        Durability::HandedOver => "handed-over",
    }
}

/// An address with a port.
///
/// # Errors
/// When it is not one. Host names are not: which address they mean may change.
pub(crate) fn address(text: &str) -> Result<SocketAddr, Expected> {
    text.parse().map_err(|_| Expected("an address with a port such as `127.0.0.1:4599` or `[::1]:4599`"))
}

/// The number of an AWS account.
///
/// # Errors
/// When it is not 12 digits.
pub(crate) fn account_id(text: &str) -> Result<u64, Expected> {
    const EXPECTED: Expected = Expected("an account id of 12 digits such as `123456789012`");
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().map_err(|_| EXPECTED)
    } else {
        Err(EXPECTED)
    }
}

/// Full paths mean the same wherever the configuration is read or the log is looked at.
pub(crate) fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
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
            assert_eq!(region(good).unwrap().as_str(), good);
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
            assert!(region(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn lists_of_regions_are_read_and_written() {
        assert_eq!(regions("any"), Ok(Regions::any(Partition::Aws)));
        let two = regions("us-east-1, eu-west-1").unwrap();
        assert_eq!(regions_text(&two), "eu-west-1,us-east-1");
        for bad in ["", ",", "us-east-1,", "us-east-1,any"] {
            assert_eq!(regions(bad), Err(REGIONS), "{bad:?}");
        }
        assert_eq!(regions("cn-north-1,cn-northwest-1").unwrap().partition(), Partition::Cn);
        for bad in ["us-east-1,cn-north-1", "us-gov-west-1,us-west-1"] {
            assert_eq!(regions(bad), Err(ONE_PARTITION), "{bad:?}");
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
