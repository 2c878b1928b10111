//! `GetSigningKey`: with what a service verifies the requests of its users, and what these may do. `docs/services.md` tells
//! services how to use it.
//!
//! The key is that of one access key for one day, one Region and the service's own name (Signature Version 4's scope): it
//! signs nothing for anybody else.

use dispatch::{
    Caller, Cx, Facts, Fault, IdentityPolicies, Operation, Outcome, all_of_caller, fault, require_acting_for,
    require_service,
};
use model::{
    Timestamp,
    keywright::{ContextEntry, GetSigningKeyRequest, GetSigningKeyResponse, KeyHolder, KeyHolderType},
};
use policy::{Policy, Principal};
use secret::Plaintext;
use sigv4::{Scope, SigningKey, Stamp};

use crate::{Own, directory};

/// The operation.
pub(super) struct GetSigningKey;

/// For how long a service may go by an answer, in seconds.
const VALID_SECONDS: i32 = 60;
const DAY_SECONDS: i64 = 86_400;

impl Operation for GetSigningKey {
    type Service = Own;
    type Input = GetSigningKeyRequest;
    type Output = GetSigningKeyResponse;
    const FACTS: Facts = Facts::reading("GetSigningKey", r#"{"AccessKeyId":"{access-key}","Date":"{date}"}"#)
        .forwarded()
        .shows(&["accessKeyId", "date"]);

    async fn run(own: &Own, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let GetSigningKeyRequest { access_key_id, session_token, date } = input;
        let via = require_service(cx)?;
        check_date(&date, cx.now)?;
        let token = session_token.as_ref().map(|token| std::str::from_utf8(token.reveal()));
        let token =
            token.transpose().map_err(|_| Fault::new(&fault::VALIDATION, "SessionToken is no text."))?;
        let found = directory::credentials(own.snapshot()).find(&access_key_id, token, cx.now)?;
        let holder = found.caller();
        require_acting_for(cx, via, holder)?;
        cx.notes.resource(holder.arn.clone());
        let scope = Scope { date: &date, region: cx.region.as_str(), service: via.service.as_str() };
        let signing_key = SigningKey::derive_bytes(found.secret()?.reveal(), scope);
        let answer = GetSigningKeyResponse {
            signing_key: Some(Plaintext::new(signing_key.to_vec())),
            valid_seconds: Some(VALID_SECONDS),
            ..powers(holder, cx.now)
        };
        Ok(answer.into())
    }
}

/// A day's key is for requests of that day. Clocks differ, and presigned requests live for up to seven days.
fn check_date(date: &str, now: Timestamp) -> Result<(), Fault> {
    let day = |days: i64| Stamp::from_seconds(now.as_seconds() + days * DAY_SECONDS);
    if (-7..=1).any(|days| day(days).date() == date) {
        return Ok(());
    }
    Err(Fault::new(
        &fault::VALIDATION,
        "Date has to be a day from seven days ago until tomorrow, as YYYYMMDD.",
    ))
}

/// Who somebody is, and what it may do.
fn powers(holder: &Caller, now: Timestamp) -> GetSigningKeyResponse {
    let text = |policy: &std::sync::Arc<Policy>| policy.text().to_owned();
    let session = holder.session.as_ref().and_then(|session| session.policies.as_ref());
    let keys = all_of_caller(holder, now).into_iter();
    GetSigningKeyResponse {
        key_holder: Some(shown(holder)),
        identity_policies: match &holder.policies {
            IdentityPolicies::Root => None,
            IdentityPolicies::Attached(policies) => Some(policies.iter().map(text).collect()),
        },
        permissions_boundary: holder.boundary.as_ref().map(text),
        session_policies: session.map(|policies| policies.iter().map(text).collect()),
        condition_keys: Some(
            keys.map(|(name, values)| ContextEntry { name: Some(name), values: Some(values) }).collect(),
        ),
        ..GetSigningKeyResponse::default()
    }
}

fn shown(holder: &Caller) -> KeyHolder {
    let (kind, issuer) = match &holder.principal {
        Principal::Session { role_arn, role_id, .. } => {
            (Some(KeyHolderType::AssumedRole), Some((role_arn, role_id)))
        }
        Principal::FederatedUser { user, .. } => {
            (Some(KeyHolderType::FederatedUser), user.as_ref().map(|user| (&user.arn, &user.unique_id)))
        }
        Principal::Root { .. } => (Some(KeyHolderType::Root), None),
        Principal::User { .. } => (Some(KeyHolderType::User), None),
        // These sign nothing.
        Principal::WebIdentity { .. } | Principal::Service { .. } => (None, None),
    };
    KeyHolder {
        r#type: kind,
        account_id: Some(holder.account.to_string()),
        arn: Some(holder.arn.clone()),
        unique_id: Some(holder.unique_id.clone()),
        issuer_arn: issuer.map(|(arn, _)| arn.clone()),
        issuer_id: issuer.map(|(_, id)| id.clone()),
    }
}
