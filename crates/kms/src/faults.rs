//! The faults of the key management service, in AWS's words.
//!
//! Texts are those recorded from AWS where there is a recording; the operation pages of the API reference
//! otherwise. <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>

use dispatch::{Fault, Kind, fault};
use model::{
    arn::{AliasArn, KeyArn},
    kms::KeyUsageType,
};

use crate::lifecycle::Refusal;

macro_rules! kinds {
    ($($name:ident = $wire:literal),* $(,)?) => {
        $(#[doc = $wire] pub(crate) static $name: Kind = Kind {
            json: $wire, query: $wire, json_status: 400, query_status: 400,
        };)*
    };
}

kinds! {
    ALREADY_EXISTS = "AlreadyExistsException",
    DISABLED = "DisabledException",
    DRY_RUN = "DryRunOperationException",
    INCORRECT_KEY = "IncorrectKeyException",
    INVALID_ARN = "InvalidArnException",
    INVALID_CIPHERTEXT = "InvalidCiphertextException",
    INVALID_KEY_USAGE = "InvalidKeyUsageException",
    INVALID_MARKER = "InvalidMarkerException",
    INVALID_STATE = "KMSInvalidStateException",
    LIMIT_EXCEEDED = "LimitExceededException",
    MALFORMED_POLICY = "MalformedPolicyDocumentException",
    NOT_AUTHORIZED = "NotAuthorizedException",
    NOT_FOUND = "NotFoundException",
    TAG = "TagException",
}

pub(crate) fn invalid_marker() -> Fault {
    Fault::new(&INVALID_MARKER, "The marker is invalid.")
}

pub(crate) fn invalid_key_id(sent: &str) -> Fault {
    Fault::new(&NOT_FOUND, format!("Invalid keyId '{sent}'"))
}

pub(crate) fn invalid_arn(sent: &str) -> Fault {
    Fault::new(&INVALID_ARN, format!("Invalid arn {sent}"))
}

/// The ARN names another Region; AWS shows only that Region.
pub(crate) fn foreign_region(region: &str) -> Fault {
    Fault::new(&NOT_FOUND, format!("Invalid arn {region}"))
}

pub(crate) fn key_not_found(arn: &KeyArn) -> Fault {
    Fault::new(&NOT_FOUND, format!("Key '{arn}' does not exist"))
}

pub(crate) fn alias_not_found(arn: &AliasArn) -> Fault {
    Fault::new(&NOT_FOUND, format!("Alias {arn} is not found."))
}

/// The key's state stands against the operation.
pub(crate) fn refused(arn: &KeyArn, refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Disabled => Fault::new(&DISABLED, format!("{arn} is disabled.")),
        Refusal::PendingDeletion => Fault::new(&INVALID_STATE, format!("{arn} is pending deletion.")),
        Refusal::NotPendingDeletion => Fault::new(&INVALID_STATE, format!("{arn} is not pending deletion.")),
    }
}

pub(crate) fn wrong_usage(arn: &KeyArn, usage: KeyUsageType, operation: &str) -> Fault {
    Fault::new(&INVALID_KEY_USAGE, format!("{arn} key usage is {usage} which is not valid for {operation}."))
}

pub(crate) fn incompatible(algorithm: &str, spec: &str) -> Fault {
    Fault::new(&INVALID_KEY_USAGE, format!("Algorithm {algorithm} is incompatible with key spec {spec}."))
}

/// The ciphertext's key is not there, or the caller may not know whether it is.
pub(crate) fn foreign_ciphertext() -> Fault {
    Fault::new(
        &fault::ACCESS_DENIED,
        "The ciphertext refers to a customer master key that does not exist, does not exist in this region, \
         or you are not allowed to access.",
    )
}

pub(crate) fn incorrect_key() -> Fault {
    Fault::new(
        &INCORRECT_KEY,
        "The key ID in the request does not identify a CMK that can perform this operation.",
    )
}

pub(crate) fn dry_run() -> Fault {
    Fault::new(&DRY_RUN, "The request would have succeeded, but the DryRun option is set.")
}

pub(crate) fn validation(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(&fault::VALIDATION, message)
}

/// The strongroom refuses. Sealed is the operator's matter; anything else is said by the operation.
pub(crate) fn sealed() -> Fault {
    Fault::internal("the strongroom is sealed")
}

/// Something in the store contradicts itself.
pub(crate) fn inconsistent(what: impl std::fmt::Display) -> Fault {
    Fault::internal(format!("the store contradicts itself: {what}"))
}
