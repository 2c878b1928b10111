//! Permission by grant: where the policies are silent, and where nothing else can give it.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>

use std::sync::Arc;

use dispatch::{Cx, Permission, ask, global};
use model::kms::GrantOperation;
use policy::{ConditionKey, Decision};

use super::conditions::OnKey;
use crate::grants::{Context, Grant, Likeness, names};

/// The id of a grant that allows an action where the policies are silent. An explicit denial stands; so a caller that
/// policies allow never pays for grants.
pub(super) fn where_silent(
    cx: &Cx<'_>,
    policies: &Decision,
    action: &str,
    on_key: &OnKey<'_>,
) -> Option<String> {
    if policies.is_allowed() || policies.is_explicit() {
        return None;
    }
    find(cx, action, on_key).map(|grant| grant.id.to_string())
}

/// A grant that allows the action to the caller in these circumstances.
fn find<'a>(cx: &Cx<'_>, action: &str, on_key: &OnKey<'a>) -> Option<&'a Arc<Grant>> {
    let grants = on_key.shelf?.grants(on_key.key.arn.key_id)?;
    // Operations that grants can allow are named like the action.
    let operation = GrantOperation::parse(action.strip_prefix("kms:")?)?;
    static NONE: Context = Context::new();
    let context = on_key.asked.constrained_context().unwrap_or(&NONE);
    let source = ConditionKey::parse("aws:SourceArn");
    let source = global(cx, &source).and_then(|values| Some(values.as_slice().first()?.to_string()));

    let principal = &cx.caller.principal;
    names(principal)
        .flat_map(|name| grants.applicable(name, operation, context).collect::<Vec<_>>())
        .filter(|grant| grant.admits(operation, context, source.as_deref()))
        .filter(|grant| on_key.asked.child().is_none_or(|child| child.is_covered_by(grant)))
        .find(|grant| match grant.grantee.likeness(principal) {
            Some(Likeness::Itself) => true,
            Some(Likeness::Account) => account_allows(cx, action, on_key),
            None => false,
        })
}

/// What an account was granted, its identity policies hand on; its root user has it anyway.
fn account_allows(cx: &Cx<'_>, action: &str, on_key: &OnKey<'_>) -> bool {
    ask(cx, &Permission::on(action, on_key.key.arn.as_str(), on_key)).is_allowed()
}
