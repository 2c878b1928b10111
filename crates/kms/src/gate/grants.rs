//! Permission by grant: where the policies are silent, and where nothing else can give it.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>

use std::sync::Arc;

use dispatch::{Cx, Fault, denied, global, note};
use model::kms::GrantOperation;
use policy::{ConditionKey, Decision};

use super::{
    Asked, Granted, charge,
    conditions::KeyConditions,
    decide::{self, Scope},
};
use crate::{
    Kms,
    grants::{Context, Grant, Likeness, Retired, Standing, names},
    rates::Call,
};

/// What the key's grants say to an action that the policies do not allow. An explicit denial stands; so a
/// caller that policies allow never pays for grants.
pub(super) fn or_granted(action: &str, policies: Decision, conditions: &KeyConditions<'_, '_>) -> Decision {
    if policies.is_allowed() || policies.is_explicit() {
        return policies;
    }
    let Some(grant) = find(action, conditions) else { return policies };
    let (cx, key) = (conditions.cx, conditions.key);
    decide::decide(cx, action, key.arn.as_str(), &Scope::granted(key, &grant.id.to_string()), conditions)
}

/// A grant that allows the action to the caller in these circumstances.
fn find<'a>(action: &str, conditions: &KeyConditions<'a, '_>) -> Option<&'a Arc<Grant>> {
    let (cx, key) = (conditions.cx, conditions.key);
    let grants = conditions.shelf?.grants(key.arn.key_id)?;
    // Operations that grants can allow are named like the action.
    let operation = GrantOperation::parse(action.strip_prefix("kms:")?)?;
    static NONE: Context = Context::new();
    let context = conditions.asked.constrained_context().unwrap_or(&NONE);
    let source = ConditionKey::parse("aws:SourceArn");
    let source = global(cx, &source).and_then(|values| Some(values.as_slice().first()?.to_string()));

    let principal = &cx.caller.principal;
    names(principal)
        .flat_map(|name| grants.applicable(name, operation, context).collect::<Vec<_>>())
        .filter(|grant| grant.admits(operation, context, source.as_deref()))
        .filter(|grant| conditions.asked.child().is_none_or(|child| grant.covers(child)))
        .find(|grant| match grant.grantee.likeness(principal) {
            Some(Likeness::Itself) => true,
            Some(Likeness::Account) => account_allows(action, conditions),
            None => false,
        })
}

/// What an account was granted, its identity policies hand on; its root user has it anyway.
fn account_allows(action: &str, conditions: &KeyConditions<'_, '_>) -> bool {
    let (cx, key) = (conditions.cx, conditions.key);
    decide::decide(cx, action, key.arn.as_str(), &Scope::IDENTITY, conditions).is_allowed()
}

/// Permission to retire a grant. The key policy has no say in it.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>
pub(crate) fn retire(kms: &Kms, cx: &mut Cx<'_>, granted: &Granted) -> Result<(), Fault> {
    const ACTION: &str = "kms:RetireGrant";
    let Granted { shelf, key, grant } = granted;
    charge(kms, cx, &Call { operation: "RetireGrant", spec: None, pair: None })?;
    if !decide::reaches(cx, key) {
        cx.notes.denied("service-identity", None);
        return Err(decide::unnamed(cx, ACTION, key.arn.as_str()));
    }
    let arn = key.arn.to_string();
    let standing = grant.standing(&cx.caller.principal, cx.account());
    let (decision, why) = {
        let retired = Retired(grant);
        let asked = Asked::nothing().about(&retired);
        let conditions = KeyConditions { cx, shelf: Some(shelf), key, alias: None, asked: &asked };
        let id = grant.id.to_string();
        let scope = match standing {
            Standing::Named => Scope { key: None, grant: Some(&id) },
            Standing::Account | Standing::Stranger => Scope::IDENTITY,
        };
        let decision = decide::decide(cx, ACTION, &arn, &scope, &conditions);
        let why = decide::explain(cx, ACTION, &arn, &scope, &conditions, &decision);
        (decision, why)
    };
    if standing == Standing::Stranger && decision.is_allowed() {
        cx.notes.denied("grant", None);
        return Err(decide::unnamed(cx, ACTION, &arn));
    }
    note(cx, &decision, why);
    if decision.is_allowed() { Ok(()) } else { Err(denied(cx, ACTION, &arn, &decision)) }
}
