//! Why there is no answer.

use std::{fmt, time::Duration};

use outbound::OutboundError;

/// Why there is no answer. No message holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KmsError {
    /// KMS refused the call or failed.
    Fault {
        /// Its code, such as `AccessDeniedException` or `NotFoundException`.
        code: String,
        /// What it says.
        message: String,
        /// The HTTP status.
        status: u16,
        /// The id of the request, by which KMS's operator finds it.
        request_id: Option<String>,
    },
    /// KMS is not reached.
    Unreachable(String),
    /// KMS did not answer within this time.
    TimedOut(Duration),
    /// TLS fails, as with a certificate that is not trusted.
    Tls(String),
    /// There are no credentials to sign with.
    Credentials {
        /// Where they were looked for.
        why: String,
        /// Whether there may be some in a while: those that hand them out did not answer.
        may_pass: bool,
    },
    /// The answer is none of KMS.
    Answer {
        /// What is wrong with it.
        why: String,
        /// The HTTP status, or 0 if it is no HTTP.
        status: u16,
    },
    /// A setting is missing or wrong.
    Settings(String),
    /// No call can be made of what was given.
    Request(String),
}

/// Codes of faults that another try may not meet, besides those with a status of 5xx or 429.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>
const PASSING: [&str; 8] = [
    "DependencyTimeoutException",
    "KeyUnavailableException",
    "KMSInternalException",
    "RequestTimeout",
    "RequestTimeoutException",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
];

/// Codes of faults that others than the present credentials may not meet.
const OF_CREDENTIALS: [&str; 5] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "UnrecognizedClientException",
];

impl KmsError {
    /// Whether another try may have an answer. Never so for denials, for what is wrong with a call, and for the state of
    /// a key.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        let passing = |status: u16| status >= 500 || status == 429;
        match self {
            Self::Fault { code, status, .. } => passing(*status) || PASSING.contains(&code.as_str()),
            Self::Unreachable(_) | Self::TimedOut(_) => true,
            Self::Credentials { may_pass, .. } => *may_pass,
            // What is no HTTP at all is a connection that broke.
            Self::Answer { status, .. } => *status == 0 || passing(*status),
            Self::Tls(_) | Self::Settings(_) | Self::Request(_) => false,
        }
    }

    /// The code of KMS's fault.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Fault { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether it is the credentials that are not believed, so that newer ones may be.
    #[must_use]
    pub fn is_of_credentials(&self) -> bool {
        self.code().is_some_and(|code| OF_CREDENTIALS.contains(&code))
    }

    /// What became of a call to this place.
    pub(crate) fn of_connection(error: OutboundError, place: &str) -> Self {
        match error {
            OutboundError::TimedOut(time) => Self::TimedOut(time),
            // So rustls speaks through tokio: of certificates that it does not trust, and of what is no TLS.
            OutboundError::Connect(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                Self::Tls(format!("{place}: {error}"))
            }
            OutboundError::Connect(error) => Self::Unreachable(format!("{place}: {error}")),
            OutboundError::Answer(why) => Self::Answer { why: format!("{place}: {why}"), status: 0 },
            error @ (OutboundError::Url | OutboundError::Roots(..)) => {
                Self::Settings(format!("{place}: {error}"))
            }
        }
    }
}

impl fmt::Display for KmsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault { code, message, .. } => write!(f, "{code}: {message}"),
            Self::Unreachable(why) => write!(f, "KMS is not reached: {why}"),
            Self::TimedOut(time) => write!(f, "KMS did not answer within {:.1} s", time.as_secs_f64()),
            Self::Tls(why) => write!(f, "TLS with KMS fails: {why}"),
            Self::Credentials { why, .. } => write!(f, "no credentials: {why}"),
            Self::Answer { why, status: 0 } => write!(f, "the answer is not understood: {why}"),
            Self::Answer { why, status } => {
                write!(f, "the answer with status {status} is not understood: {why}")
            }
            Self::Settings(why) | Self::Request(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for KmsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_pass_is_tried_again_and_denials_are_not() {
        let fault = |code: &str, status| KmsError::Fault {
            code: code.to_owned(),
            message: String::new(),
            status,
            request_id: None,
        };
        for passing in [
            fault("ThrottlingException", 400),
            fault("KMSInternalException", 500),
            fault("SomethingNew", 503),
            fault("SomethingNew", 429),
            KmsError::Unreachable(String::new()),
            KmsError::TimedOut(Duration::ZERO),
            KmsError::Answer { why: String::new(), status: 502 },
            KmsError::Credentials { why: String::new(), may_pass: true },
        ] {
            assert!(passing.may_pass(), "{passing:?}");
        }
        for lasting in [
            fault("AccessDeniedException", 400),
            fault("ValidationException", 400),
            fault("DisabledException", 400),
            fault("KMSInvalidStateException", 400),
            fault("LimitExceededException", 400),
            fault("ExpiredTokenException", 400),
            KmsError::Tls(String::new()),
            KmsError::Answer { why: String::new(), status: 404 },
            KmsError::Credentials { why: String::new(), may_pass: false },
            KmsError::Settings(String::new()),
            KmsError::Request(String::new()),
        ] {
            assert!(!lasting.may_pass(), "{lasting:?}");
        }
    }
}
