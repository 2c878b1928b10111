//! Why a bucket does not do what is asked of it.

use std::fmt;

use http::StatusCode;
use outbound::{OutboundError, element};

/// Why a bucket does not do what is asked of it.
#[derive(Debug)]
pub(crate) enum BucketError {
    /// It is not reached, breaks off, or takes too long.
    Unreachable(String),
    /// It refuses.
    Refused { status: StatusCode, code: String, message: String },
    /// What it answers is not what was asked for.
    Unexpected(String),
    /// Nothing can be asked: there are no credentials, or none that can stand in a request.
    Credentials(String),
}

/// The longest text of a refusal that is shown, in characters.
const MESSAGE_CHARS_MAX: usize = 500;

/// The longest code of a refusal.
const CODE_CHARS_MAX: usize = 64;

impl BucketError {
    /// What an answer says that is no success.
    pub(crate) fn told(status: StatusCode, body: &[u8]) -> Self {
        let text = std::str::from_utf8(body).unwrap_or_default();
        let told = |name, chars_max| -> String {
            let told = element(text, name).unwrap_or_default();
            told.chars().filter(|letter| !letter.is_control()).take(chars_max).collect()
        };
        let (code, message) = (told("Code", CODE_CHARS_MAX), told("Message", MESSAGE_CHARS_MAX));
        Self::Refused { status, code, message }
    }

    /// Nothing came within this time.
    pub(crate) fn too_slow(_: tokio::time::error::Elapsed) -> Self {
        Self::Unreachable("it takes too long".to_owned())
    }

    /// Whether the same may be answered otherwise in a moment.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { status, .. } => {
                status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS
            }
            Self::Unexpected(_) | Self::Credentials(_) => false,
        }
    }

    /// Whether the object is not there. A bucket that is not there has another code, and a server that is no bucket has none.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status, code, .. } if *status == StatusCode::NOT_FOUND && code == "NoSuchKey")
    }

    /// Whether the bucket takes no object as long as this.
    pub(crate) fn is_too_large(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if code == "EntityTooLarge")
    }

    /// Whether whoever asks is not believed.
    pub(crate) fn is_of_credentials(&self) -> bool {
        matches!(self, Self::Refused { status, .. } if *status == StatusCode::FORBIDDEN)
            || matches!(self, Self::Refused { code, .. } if code == "ExpiredToken" || code == "InvalidToken")
    }
}

impl From<OutboundError> for BucketError {
    fn from(error: OutboundError) -> Self {
        Self::Unreachable(error.to_string())
    }
}

impl fmt::Display for BucketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "the bucket does not answer: {why}"),
            Self::Refused { status, code, message } => {
                write!(f, "the bucket refuses ({}): {code}: {message}", status.as_u16())
            }
            Self::Unexpected(what) => write!(f, "the bucket answers what was not asked for: {what}"),
            Self::Credentials(why) => write!(f, "credentials for the bucket: {why}"),
        }
    }
}

impl std::error::Error for BucketError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_and_told_apart() {
        let told = |status, code: &str| {
            let body = format!("<Error><Code>{code}</Code><Message>a\u{7}b</Message></Error>");
            BucketError::told(StatusCode::from_u16(status).unwrap(), body.as_bytes())
        };
        assert_eq!(told(403, "AccessDenied").to_string(), "the bucket refuses (403): AccessDenied: ab");
        assert!(told(404, "NoSuchKey").is_missing() && !told(404, "NoSuchBucket").is_missing());
        assert!(!told(404, "").is_missing());
        assert!(told(503, "SlowDown").may_pass() && told(429, "").may_pass());
        assert!(
            !told(403, "AccessDenied").may_pass() && told(403, "SignatureDoesNotMatch").is_of_credentials()
        );
        assert!(told(400, "ExpiredToken").is_of_credentials() && told(400, "EntityTooLarge").is_too_large());
        assert!(BucketError::told(StatusCode::BAD_GATEWAY, b"\xff").may_pass());
    }
}
