//! Who called, as an event shows it.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html>

use audit::{EventKind, Record, RecordedCaller, RecordedIssuer, RecordedSession, Value};
use model::Timestamp;
use serde::Serialize;

/// What acts where nobody called.
pub(crate) const INTERNAL: &str = "AWS Internal";

/// CloudTrail's `userIdentity`.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserIdentity<'r> {
    /// `IAMUser` and its like.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'r str>,
    /// The unique id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal_id: Option<&'r str>,
    /// The ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<&'r str>,
    /// The account that the principal belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_id: Option<&'r str>,
    /// The access key that signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<&'r str>,
    /// The name of a user, or whom an identity provider vouched for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    identity_provider: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_context: Option<SessionContext<'r>>,
    /// The service that called for the principal, or as itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoked_by: Option<&'r str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionContext<'r> {
    #[serde(skip_serializing_if = "Option::is_none")]
    session_issuer: Option<SessionIssuer<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_id_federation_data: Option<WebIdFederationData<'r>>,
    attributes: Attributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_identity: Option<&'r str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionIssuer<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    principal_id: &'r str,
    arn: &'r str,
    account_id: &'r str,
    user_name: &'r str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct WebIdFederationData<'r> {
    federated_provider: &'r str,
    attributes: NoAttributes,
}

#[derive(Debug, Serialize)]
struct NoAttributes {}

/// CloudTrail writes the flag as a text.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Attributes {
    creation_date: String,
    mfa_authenticated: &'static str,
}

impl<'r> UserIdentity<'r> {
    /// Who called, as the caller's own account is shown it.
    pub(crate) fn of(record: &'r Record<'r>) -> Self {
        let invoked_by = record.invoked_by.as_ref().map(|by| &*by.service);
        let account_id = record.account.as_deref();
        match (&record.caller, record.kind) {
            (_, EventKind::ServiceEvent) => {
                Self { account_id, invoked_by: Some(INTERNAL), ..Self::default() }
            }
            (None, EventKind::ApiCall) => {
                Self { kind: Some("Unknown"), access_key_id: claimed(record), ..Self::default() }
            }
            (Some(caller), EventKind::ApiCall) => match &*caller.kind {
                "AWSService" => {
                    let name = invoked_by.or(Some(&caller.unique_id));
                    Self { kind: Some("AWSService"), invoked_by: name, ..Self::default() }
                }
                "WebIdentityUser" => Self::vouched_for(caller),
                _ => {
                    let session_context = record.session.as_ref().map(|session| context(session, caller));
                    Self { account_id, session_context, invoked_by, ..Self::own(caller) }
                }
            },
        }
    }

    /// Who called, as the owner of what was called on is shown it: another account's principal, by its id alone.
    pub(crate) fn of_another_account(record: &'r Record<'r>) -> Self {
        let caller = record.caller.as_ref();
        Self {
            kind: Some("AWSAccount"),
            principal_id: caller.map(|caller| &*caller.unique_id),
            account_id: record.account.as_deref(),
            invoked_by: record.invoked_by.as_ref().map(|by| &*by.service),
            ..Self::default()
        }
    }

    /// The name that events are looked up by: of a user, of a role's session or of a federated user, `root`, or whom an
    /// identity provider vouched for.
    #[must_use]
    pub fn username(&self) -> Option<&'r str> {
        match self.kind? {
            "Root" => Some("root"),
            "AssumedRole" | "FederatedUser" => self.arn.and_then(last),
            _ => self.user_name,
        }
    }

    fn own(caller: &'r RecordedCaller<'r>) -> Self {
        Self {
            kind: Some(&caller.kind),
            principal_id: Some(&caller.unique_id),
            arn: Some(&caller.arn),
            access_key_id: caller.access_key_id.as_deref(),
            user_name: (caller.kind == "IAMUser").then(|| last(&caller.arn)).flatten(),
            ..Self::default()
        }
    }

    /// The unique id is `<provider>:<audience>:<subject>`, and of these only the provider may have colons.
    fn vouched_for(caller: &'r RecordedCaller<'r>) -> Self {
        let mut parts = caller.unique_id.rsplitn(3, ':');
        let (subject, _audience, provider) = (parts.next(), parts.next(), parts.next());
        Self {
            kind: Some("WebIdentityUser"),
            principal_id: Some(&caller.unique_id),
            user_name: subject,
            identity_provider: provider,
            ..Self::default()
        }
    }
}

fn context<'r>(session: &'r RecordedSession<'r>, caller: &'r RecordedCaller<'r>) -> SessionContext<'r> {
    let kind = if caller.kind == "AssumedRole" { "Role" } else { "IAMUser" };
    SessionContext {
        session_issuer: session.issuer.as_ref().map(|RecordedIssuer { arn, unique_id }| SessionIssuer {
            kind,
            principal_id: unique_id,
            arn,
            account_id: arn.split(':').nth(4).unwrap_or_default(),
            user_name: last(arn).unwrap_or_default(),
        }),
        web_id_federation_data: session.provider.as_deref().map(|provider| WebIdFederationData {
            federated_provider: provider,
            attributes: NoAttributes {},
        }),
        attributes: Attributes {
            creation_date: Timestamp::from_millis(session.issued_ms).to_iso8601(),
            mfa_authenticated: if session.second_factor { "true" } else { "false" },
        },
        source_identity: session.source_identity.as_deref(),
    }
}

/// The access key that a stranger named.
fn claimed<'r>(record: &'r Record<'r>) -> Option<&'r str> {
    let Some(Value::Members(members)) = &record.additional else { return None };
    members.iter().find_map(|(name, value)| match value {
        Value::Text(text) if name == "claimedAccessKeyId" => Some(&**text),
        _ => None,
    })
}

fn last(arn: &str) -> Option<&str> {
    arn.rsplit_once('/').map(|(_, name)| name)
}
