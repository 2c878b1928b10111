//! The gate: who gets a session.
//!
//! A role's trust policy stands where a resource's policy stands: a caller of the same account needs only to be
//! named by it; one of another account, and one that it names by its account, needs its own policies as well.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html>

use std::{collections::BTreeMap, sync::Arc};

use dispatch::{Cx, Fault, OnResource, Permission, Says, ask, claimed, conclude, denied, require, tag};
use model::arn::{AccountId, Partition};
use policy::{ConditionKey, Principal, Values};

use super::{faults, passed::SessionTags};
use crate::{
    Sts,
    entities::{Role, Tags},
    sessions::Bearer,
    tables::{Account, Tables},
};

/// What a request says, as far as policies can ask about it.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html>
pub(crate) struct Asked<'a> {
    pub(crate) session_name: Option<&'a str>,
    pub(crate) external_id: Option<&'a str>,
    /// As it was passed, or as the caller's session has it.
    pub(crate) source_identity: Option<&'a str>,
    pub(crate) tags: &'a SessionTags,
    /// What an identity provider says, as condition keys by their names in small letters.
    pub(crate) claims: Option<&'a BTreeMap<String, Vec<String>>>,
}

/// A role that the caller may assume.
pub(crate) struct Assumable {
    pub(crate) account: Arc<Account>,
    pub(crate) role: Arc<Role>,
}

/// A role's account and name, path and all, from its ARN. An account is a number here; whether there is one with it, only
/// the look-up tells.
pub(crate) fn role_arn(partition: Partition, arn: &str) -> Result<(&str, &str), Fault> {
    let named = partition.of_iam(arn).and_then(|(account, resource)| {
        let name = resource.strip_prefix("role/")?;
        Some((account, name))
    });
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    named.filter(|(account, _)| is_number(account)).ok_or_else(|| faults::not_a_role(arn))
}

/// The role behind an ARN; paths count.
pub(crate) fn find(tables: &Tables, arn: &str) -> Result<Option<Assumable>, Fault> {
    let (account, name) = role_arn(tables.partition, arn)?;
    let account = AccountId::parse(account).ok().and_then(|account| tables.account(account));
    let Some(account) = account else { return Ok(None) };
    let role = account.role(name.rsplit('/').next().unwrap_or(name));
    let role = role.filter(|role| role.entity.arn() == arn);
    Ok(role.map(|role| Assumable { account: Arc::clone(account), role: Arc::clone(role) }))
}

/// Permission to assume a role by this action: for the session itself, for its tags and for its source identity.
pub(crate) fn assumable(
    sts: &Sts,
    cx: &mut Cx<'_>,
    action: &'static str,
    arn: &str,
    asked: &Asked<'_>,
) -> Result<Assumable, Fault> {
    let found = find(sts.tables(), arn)?;
    // These have no role of their own that could be trusted, and AWS lets them assume none.
    let federated = matches!(cx.caller.principal, Principal::FederatedUser { .. });
    let Some(found) = found.filter(|_| !federated) else {
        cx.notes.denied(TRUST_POLICY, None);
        return Err(faults::denied(cx, action, arn));
    };
    let mut actions = vec![action];
    if !asked.tags.is_empty() {
        actions.push("sts:TagSession");
    }
    if asked.source_identity.is_some() {
        actions.push("sts:SetSourceIdentity");
    }
    let owner = found.role.entity.account.to_string();
    for action in actions {
        let keys = Keys { asked, resource_tags: Some(&found.role.entity.tags) };
        let policy = Some((&*found.role.trust.bound, owner.as_str()));
        let on_resource = OnResource { policy, called: TRUST_POLICY, ..OnResource::NOTHING };
        let permission = Permission { on_resource, ..Permission::on(action, arn, &keys) };
        let decision = ask(cx, &permission);
        conclude(cx, &permission, decision).map_err(|_| faults::denied(cx, action, arn))?;
    }
    cx.notes.resource(arn.to_owned());
    Ok(found)
}

/// How long a session of a role is good for.
///
/// # Errors
/// `ValidationError` for longer than the role, or a chain of roles, permits.
pub(crate) fn role_seconds(cx: &Cx<'_>, role: &Role, asked: Option<i32>) -> Result<u32, Fault> {
    let seconds = asked.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or(ROLE_SECONDS_DEFAULT);
    if matches!(cx.caller.principal, Principal::Session { .. }) && seconds > CHAINED_SECONDS_MAX {
        return Err(faults::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
        ));
    }
    if seconds > role.session_seconds_max {
        return Err(faults::validation(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    Ok(seconds)
}

/// Length of a session of a role when none is asked for, and longest one of a role that was assumed with the
/// credentials of another, in seconds.
const ROLE_SECONDS_DEFAULT: u32 = 3_600;
const CHAINED_SECONDS_MAX: u32 = 3_600;

/// Permission for something that has no policy of its own.
pub(crate) fn permit(cx: &mut Cx<'_>, action: &str, resource: &str, asked: &Asked<'_>) -> Result<(), Fault> {
    require(cx, &Permission::on(action, resource, &Keys { asked, resource_tags: None }))
}

/// Permission for something that everybody may do whom no policy denies it.
pub(crate) fn unless_denied(cx: &mut Cx<'_>, action: &str, asked: &Asked<'_>) -> Result<(), Fault> {
    let keys = Keys { asked, resource_tags: None };
    let permission = Permission::on(action, "*", &keys);
    let decision = ask(cx, &permission);
    if decision.is_explicit() {
        return conclude(cx, &permission, decision).map_err(|denial| denied(cx, &permission, &denial));
    }
    cx.notes.needs_no_permission();
    Ok(())
}

/// The unique id of the user who calls with an access key of its own; `None` for the root user.
///
/// # Errors
/// `AccessDenied` for temporary credentials.
pub(crate) fn long_term(cx: &Cx<'_>, operation: &str) -> Result<Option<String>, Fault> {
    match &cx.caller.principal {
        Principal::User { unique_id, .. } if cx.caller.session.is_none() => Ok(Some(unique_id.clone())),
        Principal::Root { .. } if cx.caller.session.is_none() => Ok(None),
        _ => Err(faults::refused(format!("Cannot call {operation} with session credentials"))),
    }
}

/// How long credentials for a user or the root user are good.
pub(crate) fn own_seconds(bearer: &Bearer, asked: Option<i32>) -> Result<u32, Fault> {
    let asked = asked.and_then(|seconds| u32::try_from(seconds).ok());
    let is_root = matches!(bearer, Bearer::Root | Bearer::Federated { user: None, .. });
    match asked {
        Some(seconds) if is_root && seconds > ROOT_SECONDS_MAX => Err(faults::validation(
            "The requested DurationSeconds exceeds the 1 hour session limit for the root user.",
        )),
        Some(seconds) => Ok(seconds),
        None if is_root => Ok(ROOT_SECONDS_MAX),
        None => Ok(SECONDS_DEFAULT),
    }
}

/// Length of a session of a user when none is asked for, and longest one of the root user, in seconds.
const SECONDS_DEFAULT: u32 = 43_200;
const ROOT_SECONDS_MAX: u32 = 3_600;

/// What the resource's policy is called in records.
const TRUST_POLICY: &str = "trust-policy";

/// What a request for a session says to condition keys.
struct Keys<'a> {
    asked: &'a Asked<'a>,
    resource_tags: Option<&'a Tags>,
}

impl Says for Keys<'_> {
    fn lookup<'a>(&'a self, _: &'a Cx<'_>, key: &ConditionKey) -> Option<Values<'a>> {
        let SessionTags { passed, inherited, transitive } = self.asked.tags;
        match (key.name(), key.variable()) {
            ("sts:rolesessionname", None) => self.asked.session_name.map(Values::one),
            ("sts:externalid", None) => self.asked.external_id.map(Values::one),
            ("sts:sourceidentity", None) => self.asked.source_identity.map(Values::one),
            ("sts:transitivetagkeys", None) if !transitive.is_empty() => {
                Some(Values::many(transitive.iter().map(String::as_str)))
            }
            ("aws:requesttag", Some(name)) => Values::of(name, passed.iter().chain(inherited)),
            ("aws:tagkeys", None) if !self.asked.tags.is_empty() => {
                Some(Values::many(passed.keys().chain(inherited.keys()).map(String::as_str)))
            }
            ("aws:resourcetag" | "iam:resourcetag", Some(name)) => tag(self.resource_tags?, name),
            (name, None) => claimed(self.asked.claims?, name),
            _ => None,
        }
    }
}
