//! What a request asks for, read off it before anything is trusted.

use std::borrow::Cow;

use http::{Method, request::Parts};

use super::query;
use crate::head::Head;

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

impl<'a> Call<'a> {
    /// Reads the call off the request. `body` is empty when it could not be read.
    pub(crate) fn parse(head: &Head<'a>, body: &'a [u8]) -> Self {
        if let Some(target) = head.target {
            return match target.split_once('.') {
                Some((target, operation)) => Self::AwsJson { target, operation },
                None => Self::Unknown,
            };
        }
        let form = if head.parts.method == Method::POST && head.content_type.is_some_and(is_form) {
            body
        } else if head.parts.method == Method::GET {
            head.parts.uri.query().unwrap_or_default().as_bytes()
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
    Call::parse(&Head::of(head), body).operation().to_owned()
}

fn is_form(content_type: &str) -> bool {
    content_type.trim_start().starts_with("application/x-www-form-urlencoded")
}
