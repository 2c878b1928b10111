//! What a request asks for, read off it before anything is trusted.

use std::borrow::Cow;

use http::{
    HeaderMap, HeaderName, Method,
    header::{CONTENT_TYPE, HOST},
    request::Parts,
};

use super::query;

/// A call as the client names it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Call<'a> {
    /// `X-Amz-Target: <prefix>.<operation>`.
    AwsJson { target: &'a str, operation: &'a str },
    /// `Action` and `Version` of a form, in the body or in the query string.
    Query { operation: Cow<'a, str>, version: Cow<'a, str>, form: &'a [u8] },
    /// Neither.
    Unknown,
}

/// The header that names the operation in AWS JSON.
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

impl<'a> Call<'a> {
    /// Reads the call off the request. `body` is empty when it could not be read.
    pub(crate) fn parse(head: &'a Parts, body: &'a [u8]) -> Self {
        if let Some(target) = head.headers.get(TARGET).and_then(|value| value.to_str().ok()) {
            return match target.split_once('.') {
                Some((target, operation)) => Self::AwsJson { target, operation },
                None => Self::Unknown,
            };
        }
        let form = if head.method == Method::POST && is_form(&head.headers) {
            body
        } else if head.method == Method::GET {
            head.uri.query().unwrap_or_default().as_bytes()
        } else {
            return Self::Unknown;
        };
        match (query::field(form, "Action"), query::field(form, "Version")) {
            (Some(operation), Some(version)) => Self::Query { operation, version, form },
            _ => Self::Unknown,
        }
    }

    /// The bytes that hold the input: the form of a Query call, the body otherwise.
    pub(crate) fn input<'b>(&'b self, body: &'b [u8]) -> &'b [u8] {
        match self {
            Self::Query { form, .. } => form,
            Self::AwsJson { .. } | Self::Unknown => body,
        }
    }

    /// The operation's name as the client wrote it.
    pub(crate) fn operation(&self) -> &str {
        match self {
            Self::AwsJson { operation, .. } => operation,
            Self::Query { operation, .. } => operation,
            Self::Unknown => "",
        }
    }
}

/// The operation that a request names, as the client wrote it; empty if it names none.
#[must_use]
pub fn named_operation(head: &Parts, body: &[u8]) -> String {
    Call::parse(head, body).operation().to_owned()
}

/// The host that the client called, without the port: from the URI in HTTP/2, from `Host` in HTTP/1.1.
pub(crate) fn host(head: &Parts) -> &str {
    if let Some(host) = head.uri.host() {
        return host;
    }
    let host = head.headers.get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().starts_with("application/x-www-form-urlencoded"))
}
