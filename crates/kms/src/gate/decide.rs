//! Asking the policies, and saying no in AWS's words.

use std::sync::Arc;

use dispatch::{Cx, Fault, OnResource, Permission, ask, conclude, denied, fault};
use model::arn::AliasName;

use super::{
    Use,
    conditions::{Asked, OnKey},
    grants,
};
use crate::{Kms, faults, key::Key, layout::Place, tables::Shelf};

/// Asks the key's policy and the caller's for the purpose `U`, and the key's grants where the policies are silent.
/// Returns the text of the key's ARN, for the record.
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
    let on_key = OnKey { shelf: Some(shelf), key, alias, asked };
    let mut permission = permission(U::ACTION, &on_key);
    let mut decision = ask(cx, &permission);
    let grant = grants::where_silent(cx, &decision, U::ACTION, &on_key);
    if let Some((id, naming)) = &grant {
        permission.on_resource.grant = Some((id, *naming));
        decision = ask(cx, &permission);
    }
    match conclude(cx, &permission, decision) {
        Ok(()) => Ok(key.arn.as_str().to_owned()),
        Err(_) if key.arn.account != cx.account() => Err(foreign::<U>(cx)),
        Err(denial) => Err(denied(cx, &permission, &denial)),
    }
}

/// A permission on a key.
fn permission<'a>(action: &'a str, on_key: &'a OnKey<'a>) -> Permission<'a> {
    let arn = &on_key.key.arn;
    let policy = Some((&on_key.key.policy.parsed, arn.account.as_str()));
    let on_resource = OnResource { policy, ..OnResource::NOTHING };
    Permission { on_resource, ..Permission::on(action, arn.as_str(), on_key) }
}

/// Whether the service that calls as itself has to do with the key's account. For whom it calls otherwise has been
/// asked already.
pub(super) fn reaches(cx: &Cx<'_>, key: &Key) -> bool {
    cx.origin.via.is_none_or(|via| via.for_user || via.reaches(key.arn.account))
}

/// Whether the caller could do something to a key as it is going to be. Nothing is noted.
fn would_allow(kms: &Kms, cx: &Cx<'_>, action: &str, key: &Key, asked: &Asked<'_>) -> bool {
    let shelf = kms.tables().shelf(&Place::of(cx));
    let on_key = OnKey { shelf, key, alias: None, asked };
    ask(cx, &permission(action, &on_key)).is_allowed()
}

/// The caller must be able to put the next policy too.
pub(crate) fn check_lockout(kms: &Kms, cx: &Cx<'_>, changed: &Key) -> Result<(), Fault> {
    if would_allow(kms, cx, "kms:PutKeyPolicy", changed, &Asked::nothing()) {
        return Ok(());
    }
    Err(Fault::new(
        &faults::MALFORMED_POLICY,
        "The new key policy will not allow you to update the key policy in the future.",
    ))
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
