//! Permission by grant: where the policies are silent, and where nothing else can give it.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>

use std::sync::Arc;

use dispatch::{Cx, global};
use model::kms::GrantOperation;
use policy::{ConditionKey, Decision, Naming};

use super::conditions::OnKey;
use crate::grants::{Context, Grant, names};

/// A grant that covers an action where the policies are silent, by its id, and how its grantee is the caller. An
/// explicit denial stands; so a caller that policies allow never pays for grants.
pub(super) fn where_silent(
    cx: &Cx<'_>,
    policies: &Decision,
    action: &str,
    on_key: &OnKey<'_>,
) -> Option<(String, Naming)> {
    if policies.is_allowed() || policies.is_explicit() {
        return None;
    }
    find(cx, action, on_key).map(|(grant, naming)| (grant.id.to_string(), naming))
}

/// A grant that covers the action in these circumstances. One to the caller itself goes before one to its role, and
/// that before one to its account: what the latter give, the former do.
fn find<'a>(cx: &Cx<'_>, action: &str, on_key: &OnKey<'a>) -> Option<(&'a Arc<Grant>, Naming)> {
    let grants = on_key.shelf?.grants(on_key.key.arn.key_id)?;
    // Operations that grants can allow are named like the action.
    let operation = GrantOperation::parse(action.strip_prefix("kms:")?)?;
    static NONE: Context = Context::new();
    let context = on_key.asked.constrained_context().unwrap_or(&NONE);
    let source = ConditionKey::parse("aws:SourceArn");
    let source = global(cx, &source).and_then(|values| Some(values.as_slice().first()?.to_string()));

    let principal = &cx.caller.principal;
    names(principal)
        .into_iter()
        .flat_map(|(name, _)| grants.applicable(&name, operation, context).collect::<Vec<_>>())
        .filter(|grant| grant.admits(operation, context, source.as_deref()))
        .filter(|grant| on_key.asked.child().is_none_or(|child| child.is_covered_by(grant)))
        .find_map(|grant| Some((grant, grant.grantee.naming(principal)?)))
}
