//! Names that a server goes by.

use std::{fmt, net::IpAddr, str::FromStr};

use rcgen::{CidrSubnet, GeneralSubtree, SanType};
use rustls_pki_types::{InvalidDnsNameError, ServerName};

/// A name that a server goes by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// A host name, in lower case.
    Host(String),
    /// An address.
    Address(IpAddr),
}

/// Why a text is no [`Name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAName;

impl Name {
    /// AWS's own names for the services that Keywright has, in one Region; China's are in a domain of their own.
    #[must_use]
    pub fn takeover(region: &str) -> Vec<Self> {
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let regional =
            ["kms", "sts", "iam", "cloudtrail"].map(|service| format!("{service}.{region}.{domain}"));
        let global = ["iam", "sts"].map(|service| format!("{service}.{domain}"));
        regional.into_iter().chain(global).map(Self::Host).collect()
    }

    pub(super) fn san(&self) -> Result<SanType, rcgen::Error> {
        match self {
            Self::Host(host) => Ok(SanType::DnsName(host.as_str().try_into()?)),
            Self::Address(address) => Ok(SanType::IpAddress(*address)),
        }
    }

    pub(super) fn subtree(&self) -> GeneralSubtree {
        match self {
            Self::Host(host) => GeneralSubtree::DnsName(host.clone()),
            Self::Address(IpAddr::V4(address)) => {
                GeneralSubtree::IpAddress(CidrSubnet::V4(address.octets(), [0xff; 4]))
            }
            Self::Address(IpAddr::V6(address)) => {
                GeneralSubtree::IpAddress(CidrSubnet::V6(address.octets(), [0xff; 16]))
            }
        }
    }

    pub(super) fn server_name(&self) -> Result<ServerName<'static>, InvalidDnsNameError> {
        match self {
            Self::Host(host) => ServerName::try_from(host.clone()),
            Self::Address(address) => Ok(ServerName::from(*address)),
        }
    }
}

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        if let Ok(address) = text.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Ok(Self::Address(address.to_canonical()));
        }
        let label = |label: &str| {
            matches!(label.len(), 1..=63)
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // All digits at the end is an address that was mistyped (RFC 3696 §2).
        let last = text.rsplit('.').next().unwrap_or_default();
        let host = text.len() <= 253
            && text.split('.').all(label)
            && !last.bytes().all(|byte| byte.is_ascii_digit());
        if host { Ok(Self::Host(text.to_ascii_lowercase())) } else { Err(NotAName) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => f.write_str(host),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a host name or an IP address, such as `kms.example.net` or `10.0.0.7`")
    }
}

impl std::error::Error for NotAName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takeover_names_are_awss() {
        let of = |region: &str| {
            let names = Name::takeover(region);
            names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            of("eu-west-1"),
            "kms.eu-west-1.amazonaws.com sts.eu-west-1.amazonaws.com iam.eu-west-1.amazonaws.com \
             cloudtrail.eu-west-1.amazonaws.com iam.amazonaws.com sts.amazonaws.com"
        );
        assert!(of("cn-north-1").starts_with("kms.cn-north-1.amazonaws.com.cn "));
    }

    #[test]
    fn names_are_hosts_or_addresses() {
        for (text, shown) in [
            ("LocalHost", "localhost"),
            ("a-b.example.net", "a-b.example.net"),
            ("[::1]", "::1"),
            ("10.0.0.1", "10.0.0.1"),
        ] {
            assert_eq!(text.parse::<Name>().unwrap().to_string(), shown);
        }
        for bad in ["", ".", "a..b", "-a", "a-", "*.a", "a_b", "10.0.0.256", "http://a", "a:1", "é"] {
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
    }
}
