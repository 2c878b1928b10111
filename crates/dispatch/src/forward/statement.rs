//! What a service states in its headers.

use std::fmt;

use http::{HeaderName, request::Parts};
use model::arn::{AccountId, Partition};
use policy::Decision;
use sigv4::Claim;

use crate::Fault;

/// What a service does that calls for somebody, in the terms of policies. The service's own policies need not allow it,
/// and can deny it.
pub(crate) const ACT_FOR_ACTION: &str = "keywright:ActFor";
/// The header that states for whom a service calls.
pub const ACT_FOR: HeaderName = HeaderName::from_static("x-keywright-act-for");
/// The header that states on behalf of which resource a service calls as itself.
pub const SOURCE_ARN: HeaderName = HeaderName::from_static("x-keywright-source-arn");
/// The header that states whose that resource is.
pub const SOURCE_ACCOUNT: HeaderName = HeaderName::from_static("x-keywright-source-account");

/// For whom a service calls.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Statement<'a> {
    /// A user or an account's root user, by ARN.
    Principal(&'a str),
    /// A session, by its access key id and its token: what it may do is in the token and nowhere else.
    Session { access_key_id: &'a str, token: &'a str },
    /// Nobody: the service calls as itself.
    Itself { source_arn: Option<&'a str>, source_account: Option<AccountId> },
}

/// Why a service may not act so. Shows nothing that could be a token.
#[derive(Debug)]
pub(crate) enum Wrong {
    /// Whoever signed is not named in the configuration.
    NoIdentity,
    /// Whoever signed has the name of the identity, and another unique id than the identity is bound to.
    OtherBearer(String),
    /// The session that signed is limited by session policies.
    LimitedSession,
    /// The policies of whoever signed stand against it.
    Opposed(Decision),
    /// A header is not covered by the signature.
    NotSigned(HeaderName),
    /// A header comes more than once.
    Repeated(HeaderName),
    /// A header's value is none that it can have.
    Malformed(HeaderName),
    /// A source is stated for a call that is made for somebody.
    Source(HeaderName),
    /// A session is stated by its ARN.
    SessionByArn,
    /// Services do not call this operation for others.
    Operation(&'static str),
    /// The operation is for a service that calls as itself.
    NotItself,
    /// There is no such user or account.
    NoSuchPrincipal(String),
    /// The session is not one, is over, or its bearer is gone.
    Session(String, Fault),
    /// The configuration does not let the service act in this account.
    Account(AccountId),
}

/// The longest ARN, in bytes.
const ARN_BYTES_MAX: usize = 2048;

impl<'a> Statement<'a> {
    /// Reads it off a request that has the header, for a server of this partition.
    pub(super) fn read(head: &'a Parts, claim: &Claim<'_>, partition: Partition) -> Result<Self, Wrong> {
        let stated = value(head, claim, &ACT_FOR)?.ok_or(Wrong::Malformed(ACT_FOR))?;
        let (source_arn, source_account) =
            (value(head, claim, &SOURCE_ARN)?, value(head, claim, &SOURCE_ACCOUNT)?);
        if stated == "service" {
            if source_arn.is_some_and(|arn| !is_resource(arn)) {
                return Err(Wrong::Malformed(SOURCE_ARN));
            }
            let source_account = source_account.map(AccountId::parse).transpose();
            let source_account = source_account.map_err(|_| Wrong::Malformed(SOURCE_ACCOUNT))?;
            return Ok(Self::Itself { source_arn, source_account });
        }
        if source_arn.is_some() {
            return Err(Wrong::Source(SOURCE_ARN));
        }
        if source_account.is_some() {
            return Err(Wrong::Source(SOURCE_ACCOUNT));
        }
        Self::of_user(stated, partition)
    }

    fn of_user(stated: &'a str, partition: Partition) -> Result<Self, Wrong> {
        if partition.of_sts(stated).is_some() {
            return Err(Wrong::SessionByArn);
        }
        if stated.starts_with("arn:") {
            let own = partition.of_iam(stated).is_some() && stated.len() <= ARN_BYTES_MAX;
            let good = own && !stated.contains(['*', '?', ' ', ',']);
            return if good { Ok(Self::Principal(stated)) } else { Err(Wrong::Malformed(ACT_FOR)) };
        }
        let (access_key_id, token) = stated.split_once(':').ok_or(Wrong::Malformed(ACT_FOR))?;
        let plain =
            !access_key_id.is_empty() && access_key_id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let session = plain && !token.is_empty() && !token.contains([' ', ',']);
        if session { Ok(Self::Session { access_key_id, token }) } else { Err(Wrong::Malformed(ACT_FOR)) }
    }
}

/// The one value of a header, which has to be signed.
fn value<'a>(head: &'a Parts, claim: &Claim<'_>, name: &HeaderName) -> Result<Option<&'a str>, Wrong> {
    let mut values = head.headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(Wrong::Repeated(name.clone())),
        (Some(_), None) if !claim.covers(name.as_str()) => Err(Wrong::NotSigned(name.clone())),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Wrong::Malformed(name.clone())),
    }
}

/// Whether a text has the form of an ARN.
fn is_resource(text: &str) -> bool {
    let mut parts = text.splitn(6, ':');
    let form = parts.next() == Some("arn") && parts.nth(4).is_some_and(|resource| !resource.is_empty());
    form && text.len() <= ARN_BYTES_MAX
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoIdentity => f.write_str("the configuration does not name it as a service"),
            Self::OtherBearer(unique_id) => write!(
                f,
                "the service identity is bound to another unique id; if {unique_id} is meant now, name it by `id` in the \
                 configuration"
            ),
            Self::Opposed(decision) => match decision.statement() {
                Some(by) => write!(f, "{ACT_FOR_ACTION} is denied by {}: `{by}`", decision.layer()),
                None => write!(f, "{ACT_FOR_ACTION} is not allowed by {}", decision.layer()),
            },
            Self::LimitedSession => f.write_str("a session with session policies cannot act as a service"),
            Self::NotSigned(name) => write!(f, "{name} is not covered by the signature"),
            Self::Repeated(name) => write!(f, "{name} comes more than once"),
            Self::Malformed(name) => write!(f, "{name} has no value that it can have"),
            Self::Source(name) => write!(f, "{name} goes with a service that calls as itself"),
            Self::SessionByArn => f.write_str("a session is stated by its access key id and token"),
            Self::Operation(name) => write!(f, "services do not call {name} for others"),
            Self::NotItself => write!(f, "the operation is for services, with {ACT_FOR}: service"),
            Self::NoSuchPrincipal(arn) => write!(f, "{arn} is no user and no account's root user"),
            Self::Session(access_key_id, fault) => {
                let why = fault.message.as_deref().or(fault.detail.as_deref()).unwrap_or(fault.kind.json);
                write!(f, "the session of {access_key_id} is refused: {why}")
            }
            Self::Account(account) => write!(f, "the configuration does not let it act in account {account}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_sessions_are_stated_in_one_form_each() {
        let of_user = |stated| Statement::of_user(stated, Partition::Aws);
        for arn in ["arn:aws:iam::111122223333:user/a/b", "arn:aws:iam::111122223333:root"] {
            assert_eq!(of_user(arn).unwrap(), Statement::Principal(arn));
        }
        let session = Statement::Session { access_key_id: "ASIA1", token: "a/b+c==" };
        assert_eq!(of_user("ASIA1:a/b+c==").unwrap(), session);
        for wrong in [
            "",
            "service ",
            "Service",
            "alice",
            "ASIA1",
            "ASIA1:",
            ":token",
            "AS IA:token",
            "ASIA1:to ken",
            "ASIA1:token,ASIA2:token",
            "arn:aws:iam::111122223333:user/*",
            "arn:aws-cn:iam::111122223333:root",
            "arn:aws:iam::111122223333:user/a,arn:aws:iam::111122223333:user/b",
            "arn:aws:sts::111122223333:assumed-role/r/s",
        ] {
            assert!(of_user(wrong).is_err(), "{wrong}");
        }
        let in_china = Statement::of_user("arn:aws-cn:iam::111122223333:root", Partition::Cn);
        assert!(matches!(in_china, Ok(Statement::Principal(_))));
    }

    #[test]
    fn sources_are_arns() {
        assert!(is_resource("arn:aws:s3:::bucket"));
        for wrong in ["", "bucket", "arn:aws:s3", "arn:aws:s3:::", "aws:arn:s3:::bucket"] {
            assert!(!is_resource(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_is_told_of_a_session_is_not_its_token() {
        let wrong = Wrong::Session("ASIA1".to_owned(), sigv4::AuthError::ExpiredToken.into());
        assert_eq!(
            wrong.to_string(),
            "the session of ASIA1 is refused: The security token included in the request is expired"
        );
    }
}
