//! Web pages in a browser on this machine. They reach listeners that nobody else reaches.

use std::{fmt, net::IpAddr};

use http::{
    header::{HOST, ORIGIN},
    request::Parts,
};

/// Why a request is taken for a web page's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FromAPage {
    /// A browser says of which origin the page is; no other client does (RFC 6454 §7).
    Origin,
    /// The name that was looked up is not this machine's. Somebody else's name may lead here on purpose, so that a
    /// browser takes this server for the page's own (DNS rebinding).
    Host(String),
}

impl FromAPage {
    /// Why a request is taken for a web page's, if it is. Nothing but its head is looked at.
    #[must_use]
    pub fn of(head: &Parts) -> Option<Self> {
        if head.headers.contains_key(ORIGIN) {
            return Some(Self::Origin);
        }
        let field = head.headers.get(HOST).map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
        let host = head.uri.authority().map(ToString::to_string).or(field)?;
        let name = name(&host);
        if is_near(name) { None } else { Some(Self::Host(name.to_owned())) }
    }
}

/// A host without its port and brackets.
fn name(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}

/// Whether nobody can make this name lead here who does not have this machine or its network already: an address, a
/// name without a domain, a name that is kept for this purpose, or one of AWS's.
fn is_near(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.parse::<IpAddr>().is_ok() || !name.contains('.') || KEPT.iter().any(|kept| name.ends_with(kept))
}

/// RFC 6761 §6.3 and RFC 6762 keep `localhost` and `local`, ICANN keeps `internal`.
const KEPT: [&str; 7] = [
    ".localhost",
    ".local",
    ".internal",
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".api.aws",
    ".api.amazonwebservices.com.cn",
];

impl fmt::Display for FromAPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin => f.write_str("web pages may not call here, and the request has an `Origin`"),
            Self::Host(name) => {
                write!(f, "`{name}` is no name of this machine: call its address, or `localhost`")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uri: &str, fields: &[(&str, &str)]) -> Option<FromAPage> {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        FromAPage::of(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn programs_are_not_taken_for_pages() {
        for host in [
            "127.0.0.1:4599",
            "localhost:4599",
            "LOCALHOST",
            "[::1]:4599",
            "keywright:4599",
            "kms.localhost",
            "host.docker.internal:4599",
            "kms.us-east-1.amazonaws.com",
            "kms-fips.us-east-1.api.aws:443",
        ] {
            assert_eq!(of("/", &[("host", host)]), None, "{host}");
            assert_eq!(of(&format!("http://{host}/"), &[]), None, "{host}");
        }
        assert_eq!(of("/", &[]), None);
    }

    #[test]
    fn pages_are_known_by_origin_and_by_host() {
        assert_eq!(of("/", &[("host", "localhost"), ("origin", "null")]), Some(FromAPage::Origin));
        for host in [
            "evil.example",
            "evil.example:4599",
            "localhost.evil.example",
            "127.0.0.1.nip.io",
            "amazonaws.com.evil",
        ] {
            let name = host.split(':').next().unwrap().to_owned();
            assert_eq!(of("/", &[("host", host)]), Some(FromAPage::Host(name)), "{host}");
        }
    }
}
