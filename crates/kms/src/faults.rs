//! The faults of the key management service, in AWS's words.
//!
//! Texts are those recorded from AWS where there is a recording; the operation pages of the API reference
//! otherwise. <https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html>

use std::borrow::Cow;

use dispatch::{Fault, FaultKind, fault};
use model::{
    arn::{AliasArn, GrantId, KeyArn, MaterialId},
    kms::{KeyUsageType, OriginType},
};

use strongroom::Refused;

use crate::lifecycle::Refusal;

macro_rules! kinds {
    ($($name:ident = $wire:literal),* $(,)?) => {
        $(#[doc = $wire] pub(crate) static $name: FaultKind = FaultKind {
            json: $wire, query: $wire, json_status: 400, query_status: 400,
        };)*
    };
}

kinds! {
    ALREADY_EXISTS = "AlreadyExistsException",
    CONFLICT = "ConflictException",
    DISABLED = "DisabledException",
    DRY_RUN = "DryRunOperationException",
    EXPIRED_IMPORT_TOKEN = "ExpiredImportTokenException",
    INCORRECT_KEY = "IncorrectKeyException",
    INCORRECT_MATERIAL = "IncorrectKeyMaterialException",
    INVALID_ARN = "InvalidArnException",
    INVALID_CIPHERTEXT = "InvalidCiphertextException",
    INVALID_GRANT_ID = "InvalidGrantIdException",
    INVALID_GRANT_TOKEN = "InvalidGrantTokenException",
    INVALID_IMPORT_TOKEN = "InvalidImportTokenException",
    INVALID_KEY_USAGE = "InvalidKeyUsageException",
    INVALID_MAC = "KMSInvalidMacException",
    INVALID_PARAMETER = "InvalidParameterException",
    INVALID_MARKER = "InvalidMarkerException",
    INVALID_SIGNATURE = "KMSInvalidSignatureException",
    INVALID_STATE = "KMSInvalidStateException",
    LIMIT_EXCEEDED = "LimitExceededException",
    MALFORMED_POLICY = "MalformedPolicyDocumentException",
    NOT_AUTHORIZED = "NotAuthorizedException",
    NOT_FOUND = "NotFoundException",
    PAGINATION_TOKEN_EXPIRED = "PaginationTokenExpiredException",
    TAG = "TagException",
    THROTTLING = "ThrottlingException",
}

pub(crate) fn not_attested(rejected: &attestation::Rejected) -> Fault {
    let fault = validation(rejected.to_string());
    match rejected.detail() {
        Some(detail) => fault.with_detail(detail),
        None => fault,
    }
}

/// A parameter of the Resource Groups Tagging API.
pub(crate) fn invalid_parameter(text: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(&INVALID_PARAMETER, text)
}

pub(crate) fn invalid_marker() -> Fault {
    Fault::new(&INVALID_MARKER, "The marker is invalid.")
}

pub(crate) fn invalid_grant_id(sent: &str) -> Fault {
    Fault::new(&INVALID_GRANT_ID, format!("Invalid grantId '{sent}'"))
}

pub(crate) fn invalid_grant_token() -> Fault {
    Fault::new(&INVALID_GRANT_TOKEN, "The grant token is invalid.")
}

pub(crate) fn grant_not_found(id: GrantId) -> Fault {
    Fault::new(&NOT_FOUND, format!("Grant ID {id} not found"))
}

pub(crate) fn invalid_key_id(sent: &str) -> Fault {
    Fault::new(&NOT_FOUND, format!("Invalid keyId '{sent}'"))
}

/// The operation takes keys by id or ARN only.
pub(crate) fn alias_refused() -> Fault {
    Fault::new(&INVALID_ARN, "Key Aliases are not supported for this operation.")
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
        Refusal::PendingImport => Fault::new(&INVALID_STATE, format!("{arn} is pending import.")),
        Refusal::BeingDeleted => Fault::new(&INVALID_STATE, format!("{arn} is being deleted.")),
    }
}

pub(crate) fn wrong_usage(arn: &KeyArn, usage: KeyUsageType, operation: &str) -> Fault {
    Fault::new(&INVALID_KEY_USAGE, format!("{arn} key usage is {usage} which is not valid for {operation}."))
}

/// The operation is for other kinds of keys. AWS says no more than that.
pub(crate) fn wrong_kind() -> Fault {
    Fault::silent(&fault::UNSUPPORTED_OPERATION)
}

pub(crate) fn wrong_origin(arn: &KeyArn, origin: OriginType) -> Fault {
    let message = format!("{arn} origin is {origin} which is not valid for this operation.");
    Fault::new(&fault::UNSUPPORTED_OPERATION, message)
}

pub(crate) fn not_a_primary(arn: &KeyArn) -> Fault {
    Fault::new(&fault::UNSUPPORTED_OPERATION, format!("{arn} is not a multi-region primary key."))
}

/// Not material of this key, or not of its kind.
pub(crate) fn incorrect_material() -> Fault {
    Fault::silent(&INCORRECT_MATERIAL)
}

/// There is no such material of the key.
pub(crate) fn material_not_found(arn: &KeyArn, id: &str) -> Fault {
    Fault::new(&NOT_FOUND, format!("Key material '{id}' of key '{arn}' does not exist"))
}

/// One new material waits already.
pub(crate) fn another_pending(arn: &KeyArn, new: MaterialId, pending: MaterialId) -> Fault {
    Fault::new(
        &INVALID_STATE,
        format!(
            "New key material (id: {new}) cannot be imported into KMS key {arn}, because another key material \
             (id: {pending}) is pending rotation."
        ),
    )
}

/// A Region that a replica or a primary cannot be in.
pub(crate) fn unfit_region(sent: &str, why: &str) -> Fault {
    validation(format!("{sent} {why}"))
}

pub(crate) fn replica_exists(arn: &KeyArn) -> Fault {
    Fault::new(&ALREADY_EXISTS, format!("{arn} already exists."))
}

/// More than a key may have of something.
pub(crate) fn too_many(arn: &KeyArn, what: &str, limit: usize) -> Fault {
    Fault::new(&LIMIT_EXCEEDED, format!("{arn} has reached the limit of {limit} {what}."))
}

/// The key has been rotated on demand as often as it may be.
pub(crate) fn too_many_rotations(arn: &KeyArn) -> Fault {
    Fault::new(
        &LIMIT_EXCEEDED,
        format!(
            "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations \
             can be performed for this key: {arn}"
        ),
    )
}

pub(crate) fn rotates_soon(arn: &KeyArn) -> Fault {
    let message = format!("An automatic rotation of {arn} is due within the next 20 minutes.");
    Fault::new(&CONFLICT, message)
}

pub(crate) fn nothing_pending(arn: &KeyArn) -> Fault {
    let message = format!("No available key material pending rotation for the key: {arn}.");
    Fault::new(&INVALID_STATE, message)
}

/// A replica lacks the material that is to become current.
pub(crate) fn not_everywhere(arn: &KeyArn, pending: MaterialId) -> Fault {
    let message =
        format!("Key material (id: {pending}) has not been imported into all replica keys of {arn}.");
    Fault::new(&INVALID_STATE, message)
}

pub(crate) fn incompatible(algorithm: &str, spec: &str) -> Fault {
    Fault::new(&INVALID_KEY_USAGE, format!("Algorithm {algorithm} is incompatible with key spec {spec}."))
}

pub(crate) fn plaintext_too_long(algorithm: &str, spec: &str, bytes_max: usize) -> Fault {
    validation(format!(
        "Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {bytes_max} bytes."
    ))
}

pub(crate) fn digest_length(algorithm: &str) -> Fault {
    validation(format!("Digest is invalid length for algorithm {algorithm}."))
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

pub(crate) fn throttled() -> Fault {
    Fault::new(
        &THROTTLING,
        "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
    )
}

pub(crate) fn dry_run() -> Fault {
    Fault::new(&DRY_RUN, "The request would have succeeded, but the DryRun option is set.")
}

/// A member that this request has to have, in the words of the model's constraints.
pub(crate) fn missing(member: &str) -> Fault {
    validation(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
}

pub(crate) fn validation(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(&fault::VALIDATION, message)
}

/// The strongroom refuses: it is sealed, or something was let through that is not for it.
pub(crate) fn strongroom(refused: Refused) -> Fault {
    Fault::internal(refused.to_string())
}

/// Something in the store contradicts itself.
pub(crate) fn inconsistent(what: impl std::fmt::Display) -> Fault {
    Fault::internal(format!("the store contradicts itself: {what}"))
}
