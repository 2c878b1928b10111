//! The head of a request.

use http::request::Parts;

/// A head with the fields that every call is asked for, found in one pass: each look-up in the map would hash a name.
/// Of each, the first value that is text.
pub(crate) struct Head<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) accept: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) target: TargetHeader<'a>,
    pub(crate) user_agent: Option<&'a str>,
    /// Whether a statement came along, for whom a service calls.
    pub(crate) acts_for: bool,
    host: Option<&'a str>,
}

/// The operation that a head names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetHeader<'a> {
    Absent,
    Named(&'a str),
    /// It is no text, or there are two: whoever reads the other one is deceived.
    Unclear,
}

impl<'a> Head<'a> {
    pub(crate) fn of(parts: &'a Parts) -> Self {
        let mut head = Self {
            parts,
            accept: None,
            content_type: None,
            target: TargetHeader::Absent,
            user_agent: None,
            acts_for: false,
            host: None,
        };
        for (name, value) in &parts.headers {
            let field = match name.as_str() {
                "accept" => &mut head.accept,
                "content-type" => &mut head.content_type,
                "host" => &mut head.host,
                "user-agent" => &mut head.user_agent,
                "x-amz-target" => {
                    head.target = match (head.target, value.to_str()) {
                        (TargetHeader::Absent, Ok(target)) => TargetHeader::Named(target),
                        _ => TargetHeader::Unclear,
                    };
                    continue;
                }
                "x-keywright-act-for" => {
                    head.acts_for = true;
                    continue;
                }
                _ => continue,
            };
            if field.is_none() {
                *field = value.to_str().ok();
            }
        }
        head
    }

    /// The host that the client called, without the port: from the URI in HTTP/2, from `Host` in HTTP/1.1.
    pub(crate) fn host(&self) -> &'a str {
        if let Some(host) = self.parts.uri.host() {
            return host;
        }
        let host = self.host.unwrap_or_default();
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        }
    }
}

/// The media type of a field's value, without its parameters (RFC 9110, section 8.3.1). Its case is of no account.
pub(crate) fn media_type(value: &str) -> &str {
    value.split_once(';').map_or(value, |(media_type, _)| media_type).trim()
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};

    use super::*;
    use crate::forward::ACT_FOR;

    fn parts(fields: &[(&str, &[u8])]) -> Parts {
        let mut request = Request::new(());
        for (name, value) in fields {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, HeaderValue::from_bytes(value).unwrap());
        }
        request.into_parts().0
    }

    #[test]
    fn the_first_text_of_each_field_is_found() {
        let parts = parts(&[
            ("host", b"keys.example.com:4599"),
            ("host", b"other"),
            ("user-agent", b"aws-cli"),
            ("x-amz-target", b"TrentService.Encrypt"),
            ("content-type", b"\xFF"),
            (ACT_FOR.as_str(), b"\xFF"),
        ]);
        let head = Head::of(&parts);
        assert_eq!((head.host(), head.user_agent), ("keys.example.com", Some("aws-cli")));
        assert_eq!((head.target, head.content_type), (TargetHeader::Named("TrentService.Encrypt"), None));
        assert!(head.acts_for, "even what cannot be read is not ignored");
        assert!(!Head::of(&self::parts(&[])).acts_for);
    }

    #[test]
    fn a_target_is_one_text() {
        let target = |values: &[&[u8]]| {
            let fields: Vec<_> = values.iter().map(|value| ("x-amz-target", *value)).collect();
            let parts = parts(&fields);
            format!("{:?}", Head::of(&parts).target)
        };
        assert_eq!(target(&[]), "Absent");
        assert_eq!(target(&[b"a.b"]), r#"Named("a.b")"#);
        for unclear in [&[&b"\xFF"[..]][..], &[b"a.b", b"a.b"], &[b"\xFF", b"a.b"], &[b"a", b"b", b"c"]] {
            assert_eq!(target(unclear), "Unclear");
        }
    }

    #[test]
    fn only_a_port_is_taken_off_a_host() {
        for (sent, host) in [("a:1", "a"), ("a", "a"), ("[::1]:4599", "[::1]"), ("a:b", "a:b"), ("", "")] {
            assert_eq!(Head::of(&parts(&[("host", sent.as_bytes())])).host(), host);
        }
    }
}
