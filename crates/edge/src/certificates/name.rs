//! Names that a server goes by.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

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

/// Domains of names with a Region: the usual one, and that of dual-stack endpoints.
const AWS: [&str; 2] = ["amazonaws.com", "api.aws"];
const CHINA: [&str; 2] = ["amazonaws.com.cn", "api.amazonwebservices.com.cn"];
/// Names of services without a Region, in each partition.
const GLOBAL: &[&str] = &[
    "iam.amazonaws.com",
    "sts.amazonaws.com",
    "iam-fips.amazonaws.com",
    "iam.global.api.aws",
    "iam-fips.aws-global.api.aws",
];
const GLOBAL_CHINA: &[&str] = &[
    "iam-fips.aws-cn-global.amazonaws.com.cn",
    "iam.aws-cn-global.api.amazonwebservices.com.cn",
    "iam-fips.aws-cn-global.api.amazonwebservices.com.cn",
];
const GLOBAL_GOVERNMENT: &[&str] =
    &["iam.us-gov.amazonaws.com", "iam.aws-us-gov-global.api.aws", "iam-fips.aws-us-gov-global.api.aws"];

impl Name {
    /// AWS's own names for the services that Keywright has, in one Region: the usual ones, those of FIPS and dual-stack
    /// endpoints, and those of services without a Region. The SDKs' rules for endpoints make them.
    #[must_use]
    pub fn takeover(region: &str) -> Vec<Self> {
        let (domains, global) = match region {
            china if china.starts_with("cn-") => (CHINA, GLOBAL_CHINA),
            government if government.starts_with("us-gov-") => (AWS, GLOBAL_GOVERNMENT),
            _ => (AWS, GLOBAL),
        };
        let services = ["kms", "sts", "iam", "cloudtrail", "tagging"].into_iter();
        let hosts = services.flat_map(|service| [service.to_owned(), format!("{service}-fips")]);
        let regional = hosts.flat_map(|host| domains.map(|domain| format!("{host}.{region}.{domain}")));
        regional.chain(global.iter().map(|&host| host.to_owned())).map(Self::Host).collect()
    }

    /// This machine's names for itself.
    #[must_use]
    pub fn local() -> Vec<Self> {
        vec![
            Self::Host("localhost".to_owned()),
            Self::Address(Ipv4Addr::LOCALHOST.into()),
            Self::Address(Ipv6Addr::LOCALHOST.into()),
        ]
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
        for (region, expected) in [
            ("eu-west-1", "kms.eu-west-1.amazonaws.com kms-fips.eu-west-1.api.aws iam.amazonaws.com"),
            ("cn-north-1", "kms.cn-north-1.amazonaws.com.cn sts.cn-north-1.api.amazonwebservices.com.cn"),
            ("us-gov-west-1", "kms-fips.us-gov-west-1.amazonaws.com iam.us-gov.amazonaws.com"),
        ] {
            let names = Name::takeover(region);
            for host in expected.split(' ') {
                assert!(names.contains(&Name::Host(host.to_owned())), "{host} is not in {names:?}");
            }
        }
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
