//! For whom a call is. The headers are described in docs/services.md.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use secret::Plaintext;

use crate::{error::KmsError, sts::AssumedRole, wire::Wiped};

/// For whom a call is.
#[derive(Clone)]
pub enum ActFor {
    /// For whoever signs: no header is sent. AWS KMS knows only this and [`ActFor::Role`].
    Itself,
    /// For a session of this role: its credentials sign, and no header is sent.
    Role(Arc<AssumedRole>),
    /// For a user or an account's root user, by ARN.
    Principal(String),
    /// For a session of a role, a user or a federated user.
    Session {
        /// The id of its temporary access key.
        access_key_id: String,
        /// Its token, which tells what the session may do.
        token: Arc<Plaintext>,
    },
    /// For the service itself, as its service principal.
    Service {
        /// On behalf of which resource.
        source_arn: Option<String>,
        /// Whose the resource is.
        source_account: Option<String>,
    },
}

/// The header that states for whom the call is.
pub(crate) const ACT_FOR: HeaderName = HeaderName::from_static("x-keywright-act-for");
const SOURCE_ARN: HeaderName = HeaderName::from_static("x-keywright-source-arn");
const SOURCE_ACCOUNT: HeaderName = HeaderName::from_static("x-keywright-source-account");

/// The least length of an access key id (<https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKey.html>).
const ACCESS_KEY_ID_BYTES_MIN: usize = 16;

impl ActFor {
    /// The service itself, on behalf of no resource.
    pub const SERVICE: Self = Self::Service { source_arn: None, source_account: None };

    /// Puts the statement into the headers of a call.
    pub(crate) fn put(&self, headers: &mut HeaderMap) -> Result<(), KmsError> {
        match self {
            Self::Itself | Self::Role(_) => {}
            // What a stranger could choose must not read as another kind of statement.
            Self::Principal(arn) if arn.starts_with("arn:") => {
                headers.insert(ACT_FOR, plain(arn)?);
            }
            Self::Session { access_key_id, token } if is_access_key_id(access_key_id) => {
                headers.insert(ACT_FOR, session(access_key_id, token)?);
            }
            Self::Principal(_) | Self::Session { .. } => return Err(unfit()),
            Self::Service { source_arn, source_account } => {
                headers.insert(ACT_FOR, HeaderValue::from_static("service"));
                for (name, value) in [(SOURCE_ARN, source_arn), (SOURCE_ACCOUNT, source_account)] {
                    if let Some(value) = value {
                        headers.insert(name, plain(value)?);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Never the token.
impl fmt::Debug for ActFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Itself => f.write_str("Itself"),
            Self::Role(role) => role.fmt(f),
            Self::Principal(arn) => write!(f, "Principal({arn:?})"),
            Self::Session { access_key_id, .. } => write!(f, "Session({access_key_id:?})"),
            Self::Service { source_arn, source_account } => {
                write!(f, "Service({source_arn:?}, {source_account:?})")
            }
        }
    }
}

fn is_access_key_id(text: &str) -> bool {
    text.len() >= ACCESS_KEY_ID_BYTES_MIN && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn plain(text: &str) -> Result<HeaderValue, KmsError> {
    HeaderValue::from_str(text).map_err(|_| unfit())
}

fn session(access_key_id: &str, token: &Plaintext) -> Result<HeaderValue, KmsError> {
    let stated = [access_key_id.as_bytes(), b":", token.reveal()].concat();
    let stated = Bytes::from_owner(Wiped(Plaintext::new(stated)));
    let mut stated = HeaderValue::from_maybe_shared(stated).map_err(|_| unfit())?;
    stated.set_sensitive(true);
    Ok(stated)
}

fn unfit() -> KmsError {
    KmsError::Request("for whom the call is cannot be stated: it is no ARN, or no session".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(act_for: &ActFor) -> Option<String> {
        let mut headers = HeaderMap::new();
        act_for.put(&mut headers).ok()?;
        Some(headers.get(ACT_FOR).map_or("-", |value| value.to_str().unwrap()).to_owned())
    }

    fn session(access_key_id: &str, token: &str) -> ActFor {
        let token = Arc::new(Plaintext::new(token.as_bytes().to_vec()));
        ActFor::Session { access_key_id: access_key_id.to_owned(), token }
    }

    #[test]
    fn each_kind_is_stated_in_its_form() {
        assert_eq!(header(&ActFor::Itself).as_deref(), Some("-"));
        assert_eq!(header(&ActFor::SERVICE).as_deref(), Some("service"));
        let alice = "arn:aws:iam::111122223333:user/alice";
        assert_eq!(header(&ActFor::Principal(alice.to_owned())).as_deref(), Some(alice));
        let stated = header(&session("ASIAEXAMPLEEXAMPLE00", "tok/en+="));
        assert_eq!(stated.as_deref(), Some("ASIAEXAMPLEEXAMPLE00:tok/en+="));
    }

    #[test]
    fn no_kind_can_be_taken_for_another() {
        for wrong in ["service", "ASIAEXAMPLEEXAMPLE00:token", "", "arn:aws:iam::1:user/a\r\nx: y"] {
            assert_eq!(header(&ActFor::Principal(wrong.to_owned())), None, "{wrong:?}");
        }
        for (id, token) in [
            ("arn", "aws:iam::111122223333:root"),
            ("", "token"),
            ("ASIAEXAMPLE:EXAMPLE00", "token"),
            ("ASIAEXAMPLEEXAMPLE00", "to\nken"),
        ] {
            assert_eq!(header(&session(id, token)), None, "{id:?}");
        }
    }

    #[test]
    fn a_token_is_not_shown() {
        let mut headers = HeaderMap::new();
        let session = session("ASIAEXAMPLEEXAMPLE00", "t0ken");
        session.put(&mut headers).unwrap();
        assert!(!format!("{session:?} {headers:?}").contains("t0ken"));
    }

    #[test]
    fn a_source_is_stated_beside_the_service() {
        let mut headers = HeaderMap::new();
        let source_arn = Some("arn:aws:s3:::invoices".to_owned());
        ActFor::Service { source_arn, source_account: Some("111122223333".to_owned()) }
            .put(&mut headers)
            .unwrap();
        assert_eq!(headers.get(SOURCE_ARN).unwrap(), "arn:aws:s3:::invoices");
        assert_eq!(headers.get(SOURCE_ACCOUNT).unwrap(), "111122223333");
    }
}
