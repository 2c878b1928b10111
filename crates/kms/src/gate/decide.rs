//! Asking the policies, and saying no in AWS's words.

use std::sync::Arc;

use dispatch::{Cx, Fault, OnResource, denied, fault, note};
use model::arn::AliasName;
use policy::{Decision, Layer};

use super::{
    Use,
    conditions::{Asked, KeyConditions},
    grants,
};
use crate::{
    Kms, faults,
    tables::{Key, Shelf},
};

/// Asks the key's policy and the caller's for the purpose `U`. Returns the text of the key's ARN, for the record.
pub(super) fn key<U: Use>(
    cx: &mut Cx<'_>,
    shelf: &Arc<Shelf>,
    key: &Arc<Key>,
    alias: Option<&AliasName>,
    asked: &Asked<'_>,
) -> Result<String, Fault> {
    if !reaches(cx, key) {
        return Err(foreign::<U>(cx));
    }
    let arn = key.arn.as_str();
    let (decision, why) = {
        let conditions = KeyConditions { cx, shelf: Some(shelf), key, alias, asked };
        let scope = Scope::of(key);
        let policies = decide(cx, U::ACTION, arn, &scope, &conditions);
        let decision = grants::or_granted(U::ACTION, policies, &conditions);
        let why = explain(cx, U::ACTION, arn, &scope, &conditions, &decision);
        (decision, why)
    };
    note(cx, &decision, why);
    if decision.is_allowed() {
        return Ok(arn.to_owned());
    }
    if key.arn.account != cx.account() {
        return Err(foreign::<U>(cx));
    }
    Err(denied(cx, U::ACTION, arn, &decision))
}

/// Whether the service that calls as itself has to do with the key's account. For whom it calls otherwise has been
/// asked already.
pub(super) fn reaches(cx: &Cx<'_>, key: &Key) -> bool {
    cx.origin.via.is_none_or(|via| via.for_user || via.reaches(key.arn.account))
}

/// Whether the caller could do something to a key as it is going to be. Nothing is noted.
pub(crate) fn would_allow(kms: &Kms, cx: &Cx<'_>, action: &str, key: &Key, asked: &Asked<'_>) -> bool {
    let tables = kms.tables();
    let shelf = tables.shelf(&super::place(cx));
    let conditions = KeyConditions { cx, shelf, key, alias: None, asked };
    decide(cx, action, key.arn.as_str(), &Scope::of(key), &conditions).is_allowed()
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

/// The fault for a key of one of AWS's services, whatever policies say: theirs never allows it.
pub(super) fn managed<U: Use>(cx: &mut Cx<'_>, key: &Key) -> Fault {
    cx.notes.denied("managed-by-aws", None);
    Fault::new(
        &fault::ACCESS_DENIED,
        format!(
            "User: {} is not authorized to perform: {action} on resource: {} because no resource-based policy \
             allows the {action} action",
            cx.caller.arn,
            key.arn,
            action = U::ACTION
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

    fn on_resource<T>(&self, then: impl FnOnce(&OnResource<'_>) -> T) -> T {
        let policy = self.key.map(|key| (&key.policy.parsed, key.arn.account.as_str()));
        then(&OnResource { policy, grant: self.grant })
    }
}

pub(super) fn decide(
    cx: &Cx<'_>,
    action: &str,
    resource: &str,
    scope: &Scope<'_>,
    conditions: &dyn policy::ConditionKeys,
) -> Decision {
    scope.on_resource(|on_resource| dispatch::decide(cx, action, resource, on_resource, conditions))
}

/// Why a decision is a denial; nothing for others.
pub(super) fn explain(
    cx: &Cx<'_>,
    action: &str,
    resource: &str,
    scope: &Scope<'_>,
    conditions: &dyn policy::ConditionKeys,
    decision: &Decision,
) -> Option<String> {
    (!decision.is_allowed()).then(|| {
        let layer = Layer::Resource.as_str();
        scope.on_resource(|on_resource| {
            dispatch::explain(cx, action, resource, on_resource, conditions, layer)
        })
    })
}
