//! How the command ends: exit codes, and words for people.

#![expect(clippy::print_stderr, reason = "these are the command's messages")]

use std::{fmt, process::ExitCode};

use forward::{KmsError, ObjectsError};

/// Why the command does not do what it was asked for.
#[derive(Debug)]
pub(crate) enum ClientFailure {
    /// It was used in a wrong way: a file is missing, a name is malformed.
    Use(String),
    /// A record or a sealed file is none, is not the one that was expected, or was changed.
    Record(String),
    /// A key is not in a state in which it can be used.
    Key(String),
    /// KMS, or the way to it.
    Kms(KmsError),
    /// Objects, or the way to them.
    Objects(ObjectsError),
    /// A program cannot be started.
    Program(String),
    /// Something is in use, and may not be in a while.
    Busy(String),
}

/// Exit codes, where there are any, those of sysexits.h.
const WRONG_USE: u8 = 1;
/// Of a campaign: some of what was planned was not done.
pub(crate) const NOT_ALL_DONE: u8 = 2;
const DOES_NOT_OPEN: u8 = 65;
const NOT_REACHED: u8 = 69;
const TRY_AGAIN: u8 = 75;
const DENIED: u8 = 77;
const NO_KEY: u8 = 78;
/// As `env` and shells have it.
const NO_PROGRAM: u8 = 127;

impl ClientFailure {
    /// With which code the command ends.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Use(_) => WRONG_USE,
            Self::Record(_) => DOES_NOT_OPEN,
            Self::Program(_) => NO_PROGRAM,
            Self::Busy(_) => TRY_AGAIN,
            Self::Key(_) => NO_KEY,
            Self::Kms(error) => of_kms(error),
            Self::Objects(ObjectsError::Way(_, error)) => of_kms(error),
            Self::Objects(error) if error.is_of_credentials() => DENIED,
            Self::Objects(error @ ObjectsError::Fault { code, .. }) => of_fault(code, error.may_pass()),
        }
    }

    /// Whether the same would happen to whatever is tried next: nobody is reached, or nobody is believed.
    pub(crate) fn is_of_all(&self) -> bool {
        match self {
            Self::Kms(error) if error.is_of_credentials() => true,
            Self::Objects(error) if error.is_of_credentials() => true,
            Self::Kms(error) | Self::Objects(ObjectsError::Way(_, error)) => {
                error.may_pass() || !matches!(error, KmsError::Fault { .. } | KmsError::Request(_))
            }
            Self::Objects(error) => error.may_pass(),
            Self::Use(_) | Self::Record(_) | Self::Program(_) | Self::Busy(_) | Self::Key(_) => false,
        }
    }

    /// Whether it is the state of a key.
    pub(crate) fn is_of_key(&self) -> bool {
        self.code() == NO_KEY
    }
}

fn of_kms(error: &KmsError) -> u8 {
    match error {
        KmsError::Fault { .. } if error.is_of_credentials() => DENIED,
        KmsError::Fault { code, .. } => of_fault(code, error.may_pass()),
        KmsError::Unreachable(_) | KmsError::TimedOut(_) | KmsError::Tls(_) => NOT_REACHED,
        KmsError::Answer { .. } => NOT_REACHED,
        KmsError::Credentials { may_pass: true, .. } => TRY_AGAIN,
        KmsError::Credentials { may_pass: false, .. } => DENIED,
        KmsError::Settings(_) | KmsError::Request(_) => WRONG_USE,
    }
}

fn of_fault(code: &str, may_pass: bool) -> u8 {
    // So S3 names what KMS told it.
    match code.strip_prefix("KMS.").unwrap_or(code) {
        "InvalidCiphertextException" | "IncorrectKeyException" => DOES_NOT_OPEN,
        "DisabledException" | "KMSInvalidStateException" | "NotFoundException" => NO_KEY,
        "AccessDenied"
        | "AccessDeniedException"
        | "IncompleteSignatureException"
        | "MissingAuthenticationTokenException"
        | "NotAuthorizedException" => DENIED,
        _ if may_pass => TRY_AGAIN,
        _ => WRONG_USE,
    }
}

impl From<KmsError> for ClientFailure {
    fn from(error: KmsError) -> Self {
        Self::Kms(error)
    }
}

impl From<ObjectsError> for ClientFailure {
    fn from(error: ObjectsError) -> Self {
        Self::Objects(error)
    }
}

impl fmt::Display for ClientFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Use(why) | Self::Record(why) | Self::Program(why) | Self::Busy(why) | Self::Key(why) => {
                f.write_str(why)
            }
            Self::Kms(error) => error.fmt(f),
            Self::Objects(error) => error.fmt(f),
        }
    }
}

/// Tells of a failure, and ends the command.
pub(crate) fn told(done: Result<u8, ClientFailure>) -> ExitCode {
    let failure = match done {
        Ok(code) => return code.into(),
        Err(failure) => failure,
    };
    say(&failure);
    if let Some(hint) = hint(&failure) {
        eprintln!("{hint}");
    }
    failure.code().into()
}

/// Tells people of something.
pub(crate) fn say(what: &dyn fmt::Display) {
    eprintln!("keywright-client: {what}");
}

/// Tells how the command is used; an error of use has its own code, help has none.
pub(crate) fn of_usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if error.use_stderr() { WRONG_USE.into() } else { ExitCode::SUCCESS }
}

/// What somebody can do about it.
fn hint(failure: &ClientFailure) -> Option<String> {
    let ClientFailure::Kms(KmsError::Fault { request_id: Some(id), .. }) = failure else { return None };
    (failure.code() == DENIED)
        .then(|| format!("Who operates Keywright sees why with: keywright explain {id}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn fault(code: &str, status: u16) -> ClientFailure {
        let (code, request_id) = (code.to_owned(), Some("id-1".to_owned()));
        ClientFailure::Kms(KmsError::Fault { code, message: "no".to_owned(), status, request_id })
    }

    #[test]
    fn each_kind_of_failure_has_its_code() {
        for (failure, code) in [
            (fault("InvalidCiphertextException", 400), 65),
            (fault("IncorrectKeyException", 400), 65),
            (fault("ThrottlingException", 400), 75),
            (fault("KMSInternalException", 500), 75),
            (fault("KeyUnavailableException", 500), 75),
            (fault("AccessDeniedException", 400), 77),
            (fault("ExpiredToken", 403), 77),
            (fault("ExpiredTokenException", 400), 77),
            (fault("DisabledException", 400), 78),
            (fault("KMSInvalidStateException", 400), 78),
            (fault("NotFoundException", 400), 78),
            (fault("ValidationException", 400), 1),
            (KmsError::Unreachable(String::new()).into(), 69),
            (KmsError::TimedOut(Duration::ZERO).into(), 69),
            (KmsError::Tls(String::new()).into(), 69),
            (KmsError::Settings(String::new()).into(), 1),
            (ClientFailure::Record(String::new()), 65),
            (ClientFailure::Busy(String::new()), 75),
        ] {
            assert_eq!(failure.code(), code, "{failure:?}");
        }
    }

    #[test]
    fn only_denials_are_explained() {
        let hint = hint(&fault("AccessDeniedException", 400)).unwrap();
        assert!(hint.ends_with("keywright explain id-1"), "{hint}");
        assert_eq!(super::hint(&fault("DisabledException", 400)), None);
    }
}
