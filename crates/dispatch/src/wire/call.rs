//! What a request asks for, read off it before anything is trusted.

use std::borrow::Cow;

use http::{Method, request::Parts};

use super::query;
use crate::head::{Head, TargetHeader, media_type};

/// A call as the client names it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Call<'a> {
    /// `X-Amz-Target: <prefix>.<operation>`.
    AwsJson { target: &'a str, operation: &'a str },
    /// `Action` and `Version` of a form, in the body or in the URL.
    Query { operation: Cow<'a, str>, version: Cow<'a, str>, form: &'a [u8] },
    /// Neither, or both.
    Unknown,
}

impl<'a> Call<'a> {
    /// Reads the call off the request. `body` is empty when it could not be read.
    pub(crate) fn parse(head: &Head<'a>, body: &'a [u8]) -> Self {
        // Both protocols have one place for all operations.
        if !head.parts.uri.path().bytes().all(|byte| byte == b'/') {
            return Self::Unknown;
        }
        match head.target {
            TargetHeader::Named(target) if head.parts.method == Method::POST => Self::aws_json(target),
            TargetHeader::Named(_) | TargetHeader::Unclear => Self::Unknown,
            TargetHeader::Absent => form(head, body).map_or(Self::Unknown, Self::query),
        }
    }

    fn aws_json(target: &'a str) -> Self {
        let named = target.rsplit_once('.');
        named.map_or(Self::Unknown, |(target, operation)| Self::AwsJson { target, operation })
    }

    fn query(form: &'a [u8]) -> Self {
        match (query::field(form, ACTION), query::field(form, "Version")) {
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
    Call::parse(&Head::of(head), body).operation().to_owned()
}

const ACTION: &str = "Action";

/// The form of a Query call: the body of a POST; without a body, and of a GET, what stands in the URL. A body that is a
/// form beside a URL that names an action is none: there would be two ways to read it.
fn form<'a>(head: &Head<'a>, body: &'a [u8]) -> Option<&'a [u8]> {
    let in_url = head.parts.uri.query().unwrap_or_default().as_bytes();
    match head.parts.method {
        Method::GET => Some(in_url),
        Method::POST if body.is_empty() => Some(in_url),
        Method::POST if head.content_type.is_some_and(is_form) => {
            Some(body).filter(|_| query::field(in_url, ACTION).is_none())
        }
        _ => None,
    }
}

fn is_form(content_type: &str) -> bool {
    media_type(content_type).eq_ignore_ascii_case("application/x-www-form-urlencoded")
}
