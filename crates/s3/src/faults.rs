//! Faults as S3 shows them.

use catalog::CatalogError;
use forward::KmsError;
use http::StatusCode;
use s3s::{S3Error, S3ErrorCode};
use sigv4::S3AuthError;

use crate::files::{BucketError, FileError};

/// What KMS answered: `KMS.` and its code with status 400, but for a denial, which is bare, and what may pass, which clients
/// try again.
pub(crate) fn of_kms(error: &KmsError) -> S3Error {
    match error {
        KmsError::Fault { code, message, .. } if code == "AccessDeniedException" => {
            S3Error::with_message(S3ErrorCode::AccessDenied, message.clone())
        }
        // The security token service's, where KMS is called with the caller's role.
        KmsError::Fault { code, message, .. } if code == "AccessDenied" => {
            tracing::warn!(%error, "the role of a user cannot be assumed");
            S3Error::with_message(S3ErrorCode::AccessDenied, message.clone())
        }
        KmsError::Fault { code, .. } if code == "ThrottlingException" => {
            S3Error::with_message(S3ErrorCode::SlowDown, "Please reduce your request rate.")
        }
        KmsError::Fault { code, message, .. } if !error.may_pass() => {
            custom(&format!("KMS.{code}"), message.clone(), StatusCode::BAD_REQUEST)
        }
        _ => {
            tracing::warn!(%error, "KMS did not answer");
            S3Error::with_message(
                S3ErrorCode::ServiceUnavailable,
                "The key management service did not answer. Please try again.",
            )
        }
    }
}

/// Why a request or its body is not believed.
pub(crate) fn of_signature(error: &S3AuthError) -> S3Error {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::FORBIDDEN);
    custom(error.code(), error.to_string(), status)
}

/// An error with a code of its own.
pub(crate) fn custom(code: &str, message: String, status: StatusCode) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.to_owned().into()), message);
    error.set_status_code(status);
    error
}

/// What the catalog refused, or could not do.
pub(crate) fn of_catalog(error: &CatalogError) -> S3Error {
    let (code, text) = match error {
        CatalogError::NoSuchBucket => (S3ErrorCode::NoSuchBucket, "The specified bucket does not exist"),
        CatalogError::BucketNotEmpty => {
            (S3ErrorCode::BucketNotEmpty, "The bucket you tried to delete is not empty")
        }
        CatalogError::NoSuchKey => (S3ErrorCode::NoSuchKey, "The specified key does not exist."),
        CatalogError::PreconditionFailed => {
            (S3ErrorCode::PreconditionFailed, "At least one of the pre-conditions you specified did not hold")
        }
        CatalogError::ConditionalConflict | CatalogError::Overtaken => (
            S3ErrorCode::ConditionalRequestConflict,
            "The conditional request cannot succeed due to a conflicting operation against this resource.",
        ),
        CatalogError::NoSuchUpload => (
            S3ErrorCode::NoSuchUpload,
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or \
             completed.",
        ),
        CatalogError::InvalidPart(_) => (
            S3ErrorCode::InvalidPart,
            "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified \
             entity tag may not match the part's entity tag.",
        ),
        CatalogError::InvalidPartOrder => (
            S3ErrorCode::InvalidPartOrder,
            "The list of parts was not in ascending order. Parts must be ordered by part number.",
        ),
        other => {
            tracing::error!(error = %other, "the catalog does not work");
            (S3ErrorCode::ServiceUnavailable, "Service is unable to handle request.")
        }
    };
    S3Error::with_message(code, text)
}

/// Whether the file of an object was gone when it was to be read.
pub(crate) fn is_gone(error: &S3Error) -> bool {
    let source = error.source().and_then(|source| source.downcast_ref::<FileError>());
    matches!(source, Some(FileError::Gone))
}

/// What became of sealed data.
pub(crate) fn of_file(error: FileError) -> S3Error {
    if matches!(error, FileError::Gone) {
        let mut gone = S3Error::with_message(
            S3ErrorCode::ServiceUnavailable,
            "The object was just replaced. Please try again.",
        );
        gone.set_source(Box::new(error));
        return gone;
    }
    if matches!(error, FileError::LengthUnknown) {
        let text = "You must provide the Content-Length HTTP header.";
        return S3Error::with_message(S3ErrorCode::MissingContentLength, text);
    }
    tracing::error!(%error, "sealed data cannot be read or written");
    match &error {
        FileError::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => {
            S3Error::with_message(S3ErrorCode::ServiceUnavailable, "There is no room for the object.")
        }
        FileError::Bucket(error) if error.is_too_large() => {
            let text = "Your proposed upload exceeds the maximum allowed size";
            S3Error::with_message(S3ErrorCode::EntityTooLarge, text)
        }
        FileError::Bucket(BucketError::Unexpected(_))
        | FileError::Io(_)
        | FileError::Envelope(_)
        | FileError::LengthUnknown
        | FileError::Gone => S3Error::new(S3ErrorCode::InternalError),
        FileError::Bucket(_) => {
            let text = "The storage of the gateway did not answer. Please try again.";
            S3Error::with_message(S3ErrorCode::ServiceUnavailable, text)
        }
    }
}
