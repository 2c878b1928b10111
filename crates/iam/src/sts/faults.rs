//! The faults of the security token service, in AWS's words.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html>

use std::borrow::Cow;

use dispatch::{Cx, Fault, FaultKind, fault};
use policy::{Malformed, Principal};

const fn kind(model: &'static str, wire: &'static str, status: u16) -> FaultKind {
    FaultKind { json: model, query: wire, json_status: status, query_status: status }
}

static INVALID_PARAMETER: FaultKind = kind("InvalidParameterValue", "InvalidParameterValue", 400);
static MALFORMED_POLICY: FaultKind = kind("MalformedPolicyDocumentException", "MalformedPolicyDocument", 400);
static PACKED_POLICY_TOO_LARGE: FaultKind =
    kind("PackedPolicyTooLargeException", "PackedPolicyTooLarge", 400);

static INVALID_MESSAGE: FaultKind =
    kind("InvalidAuthorizationMessageException", "InvalidAuthorizationMessageException", 400);
static EXPIRED_IDENTITY: FaultKind = kind("ExpiredTokenException", "ExpiredTokenException", 400);
static INVALID_IDENTITY: FaultKind = kind("InvalidIdentityTokenException", "InvalidIdentityToken", 400);
static ISSUER_UNREACHABLE: FaultKind = kind("IDPCommunicationErrorException", "IDPCommunicationError", 400);

pub(crate) fn validation(message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(&fault::VALIDATION, message)
}

/// A role ARN that is none.
pub(crate) fn not_a_role(arn: &str) -> Fault {
    validation(format!("{arn} is invalid"))
}

/// A member is longer than it may be.
pub(crate) fn too_long(value: &str, member: &str, length: usize) -> Fault {
    validation(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must \
         have length less than or equal to {length}"
    ))
}

pub(crate) fn invalid(message: &'static str) -> Fault {
    Fault::new(&INVALID_PARAMETER, message)
}

pub(crate) fn malformed(malformed: &Malformed) -> Fault {
    let message = match malformed {
        Malformed::Json { .. } => "This policy contains invalid Json",
        _ => "Syntax errors in policy.",
    };
    Fault::new(&MALFORMED_POLICY, message).with_detail(malformed.to_string())
}

/// Policies and tags together exceed what a token holds.
pub(crate) fn packed_too_large(percent: usize) -> Fault {
    Fault::new(
        &PACKED_POLICY_TOO_LARGE,
        format!("Packed size of session tags consumes {percent}% of allotted space."),
    )
}

/// What was sent is no encoded message of a denial.
pub(crate) fn no_authorization_message() -> Fault {
    Fault::new(&INVALID_MESSAGE, "The message could not be decoded.")
}

/// A web identity token is not believed.
pub(crate) fn invalid_identity(message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(&INVALID_IDENTITY, message)
}

/// A web identity token was good once.
pub(crate) fn expired_identity(now: i64, expired: i64) -> Fault {
    let message =
        format!("Token expired: current date/time {now} must be before the expiration date/time {expired}");
    Fault::new(&EXPIRED_IDENTITY, message)
}

/// The keys of an identity provider cannot be fetched; the caller may try again.
pub(crate) fn issuer_unreachable() -> Fault {
    Fault::new(
        &ISSUER_UNREACHABLE,
        "Error communicating with the identity provider. Please retry the request.",
    )
}

/// Not permitted. It says the same of a role that does not exist.
pub(crate) fn denied(cx: &Cx<'_>, action: &str, resource: &str) -> Fault {
    if matches!(cx.caller.principal, Principal::WebIdentity { .. }) {
        return refused(format!("Not authorized to perform {action}"));
    }
    refused(format!("User: {} is not authorized to perform: {action} on resource: {resource}", cx.caller.arn))
}

/// Not for these credentials.
pub(crate) fn refused(message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(&fault::ACCESS_DENIED, message)
}

/// There are no devices for a second factor, so none can be proved.
pub(crate) fn no_second_factor() -> Fault {
    refused(
        "MultiFactorAuthentication failed, unable to validate MFA code. Please verify your MFA serial number is \
         valid and associated with this user.",
    )
}
