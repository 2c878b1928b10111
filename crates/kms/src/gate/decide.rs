//! Asking the policies, and saying no in AWS's words.

use std::sync::Arc;

use dispatch::{Cx, Fault, IdentityPolicies, fault};
use model::arn::AliasName;
use policy::{Decision, Identity, Layers, Question};

use super::{
    Use,
    conditions::{Asked, KeyConditions},
    grants,
};
use crate::{
    Kms, faults,
    tables::{Key, Shelf},
};

/// Asks the key's policy and the caller's for the purpose `U`.
pub(super) fn key<U: Use>(
    cx: &mut Cx<'_>,
    shelf: &Arc<Shelf>,
    key: &Arc<Key>,
    alias: Option<&AliasName>,
    asked: &Asked<'_>,
) -> Result<(), Fault> {
    let arn = key.arn.to_string();
    let decision = {
        let conditions = KeyConditions { cx, shelf: Some(shelf), key, alias, asked };
        let policies = decide(cx, U::ACTION, &arn, &Scope::of(key), &conditions);
        grants::or_granted(U::ACTION, policies, &conditions)
    };
    note(cx, &decision);
    if decision.is_allowed() {
        return Ok(());
    }
    if key.arn.account != cx.account() {
        return Err(foreign::<U>(cx));
    }
    Err(denied(cx, U::ACTION, &arn, &decision))
}

/// Asks the caller's identity policies for an action on something that has no policy of its own.
pub(crate) fn permit(
    cx: &mut Cx<'_>,
    action: &'static str,
    resource: &str,
    conditions: &dyn policy::ConditionKeys,
) -> Result<(), Fault> {
    let decision = {
        let conditions = super::conditions::WithGlobal { cx, inner: conditions };
        decide(cx, action, resource, &Scope::IDENTITY, &conditions)
    };
    note(cx, &decision);
    if decision.is_allowed() { Ok(()) } else { Err(denied(cx, action, resource, &decision)) }
}

/// Whether the caller could do something to a key as it is going to be. Nothing is noted.
pub(crate) fn would_allow(kms: &Kms, cx: &Cx<'_>, action: &str, key: &Key, asked: &Asked<'_>) -> bool {
    let tables = kms.tables();
    let shelf = tables.shelf(&super::place(cx));
    let conditions = KeyConditions { cx, shelf, key, alias: None, asked };
    decide(cx, action, &key.arn.to_string(), &Scope::of(key), &conditions).is_allowed()
}

/// The fault for a key of another account, of which nothing is said.
pub(super) fn foreign<U: Use>(cx: &mut Cx<'_>) -> Fault {
    cx.notes.denied("key-policy", None);
    Fault::new(
        &fault::ACCESS_DENIED,
        format!(
            "User: {} is not authorized to perform: {} on this resource because the resource does not exist in \
             this Region, no resource-based policies allow access, or a resource-based policy explicitly denies \
             access",
            cx.caller.arn,
            U::ACTION
        ),
    )
}

/// The fault for a blob whose key the caller may not know of.
pub(super) fn foreign_ciphertext(cx: &mut Cx<'_>) -> Fault {
    cx.notes.denied("key-policy", None);
    faults::foreign_ciphertext()
}

/// The fault for a caller whose policies would allow what a grant does not name it for.
pub(super) fn unnamed(cx: &Cx<'_>, action: &str, resource: &str) -> Fault {
    Fault::new(
        &fault::ACCESS_DENIED,
        format!(
            "User: {} is not authorized to perform: {action} on resource: {resource} because no grant allows \
             the {action} action",
            cx.caller.arn
        ),
    )
}

/// What has a say besides the caller's own policies.
pub(super) struct Scope<'a> {
    /// The key, whose policy speaks.
    pub(super) key: Option<&'a Key>,
    /// A grant that covers the question, by its id.
    pub(super) grant: Option<&'a str>,
}

impl<'a> Scope<'a> {
    /// Nothing.
    pub(super) const IDENTITY: Self = Self { key: None, grant: None };

    /// The key's policy.
    fn of(key: &'a Key) -> Self {
        Self { key: Some(key), grant: None }
    }

    /// The key's policy and a grant.
    pub(super) fn granted(key: &'a Key, grant: &'a str) -> Self {
        Self { key: Some(key), grant: Some(grant) }
    }
}

pub(super) fn decide(
    cx: &Cx<'_>,
    action: &str,
    resource: &str,
    scope: &Scope<'_>,
    conditions: &dyn policy::ConditionKeys,
) -> Decision {
    let question = Question { principal: &cx.caller.principal, action, resource, keys: conditions };
    let attached: Vec<&policy::Policy>;
    let identity = match &cx.caller.policies {
        IdentityPolicies::Root => Identity::RootUser,
        IdentityPolicies::Attached(policies) => {
            attached = policies.iter().map(AsRef::as_ref).collect();
            Identity::Policies(&attached)
        }
    };
    let account = scope.key.map(|key| key.arn.account.to_string());
    policy::decide(
        &question,
        &Layers {
            resource_policy: scope.key.map(|key| &key.policy.parsed),
            resource_account: account.as_deref(),
            identity,
            boundary: None,
            session: None,
            grant: scope.grant,
        },
    )
}

pub(super) fn note(cx: &mut Cx<'_>, decision: &Decision) {
    let (layer, statement) =
        (decision.layer().as_str(), decision.statement().map(|statement| statement.to_string()));
    if decision.is_allowed() {
        cx.notes.allowed(layer, statement);
    } else {
        cx.notes.denied(layer, statement);
    }
}

pub(super) fn denied(cx: &Cx<'_>, action: &str, resource: &str, decision: &Decision) -> Fault {
    Fault::new(
        &fault::ACCESS_DENIED,
        format!(
            "User: {} is not authorized to perform: {action} on resource: {resource}{}",
            cx.caller.arn,
            decision.because(action)
        ),
    )
}
