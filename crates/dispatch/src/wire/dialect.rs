//! The protocol of one call, as its client speaks it.

use super::protocol::Protocol;
use crate::{
    FaultKind,
    head::{Head, media_type},
};

/// How one call is written, both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// AWS JSON 1.1.
    AwsJson,
    /// The Query protocol.
    Query {
        /// The namespace of the answer.
        namespace: &'static str,
    },
    /// The Query protocol with its answer in JSON, which AWS gives to who asks for it by `Accept: application/json`.
    QueryInJson,
}

impl Dialect {
    /// How a client speaks the protocol of a service.
    pub(crate) fn of(protocol: Protocol, head: &Head<'_>) -> Self {
        match protocol {
            Protocol::AwsJson { .. } => Self::AwsJson,
            Protocol::Query { .. } if head.accept.is_some_and(prefers_json) => Self::QueryInJson,
            Protocol::Query { namespace, .. } => Self::Query { namespace },
        }
    }

    /// The HTTP status that an error has in it.
    pub(crate) const fn status(self, kind: &FaultKind) -> u16 {
        match self {
            Self::AwsJson => kind.json_status,
            Self::Query { .. } | Self::QueryInJson => kind.query_status,
        }
    }
}

/// Who is to blame for an error, as the Query protocol says it.
pub(super) const fn party(kind: &FaultKind) -> &'static str {
    if kind.query_status >= 500 { "Receiver" } else { "Sender" }
}

/// Whether a client that accepts these names JSON, and does not name XML before it (RFC 9110, section 12.5.1).
fn prefers_json(accept: &str) -> bool {
    let named = |range: &str| match media_type(range) {
        _ if is_refused(range) => None,
        json if json.eq_ignore_ascii_case("application/json") => Some(true),
        xml if ["text/xml", "application/xml"].iter().any(|name| xml.eq_ignore_ascii_case(name)) => {
            Some(false)
        }
        _ => None,
    };
    accept.split(',').find_map(named) == Some(true)
}

/// Whether a range has the weight zero.
fn is_refused(range: &str) -> bool {
    range.split(';').skip(1).any(|parameter| {
        let weight = parameter.trim().split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("q"));
        weight.is_some_and(|(_, weight)| weight.bytes().all(|byte| matches!(byte, b'0' | b'.')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_named_before_xml() {
        for (accept, is_preferred) in [
            ("application/json", true),
            ("APPLICATION/JSON;charset=utf-8", true),
            ("*/*, application/json;q=0.1", true),
            ("application/json, text/xml", true),
            ("text/xml;q=0, application/json", true),
            ("", false),
            ("*/*", false),
            ("application/*", false),
            ("text/xml, application/json", false),
            ("application/xml, application/json", false),
            ("application/json;q=0", false),
            ("application/json; Q=0.000", false),
            ("application/jsonl, xapplication/json, text/json", false),
        ] {
            assert_eq!(prefers_json(accept), is_preferred, "{accept}");
        }
    }
}
