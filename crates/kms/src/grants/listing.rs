//! Grants as listings show them.

use dispatch::Principals;
use model::kms::{GrantConstraints, GrantListEntry};

use super::{ContextConstraint, Grant, Party};

/// The entry of a grant. A principal that has another name now is shown with that, one that is gone with its unique
/// id.
pub(crate) fn entry(principals: &dyn Principals, grant: &Grant) -> GrantListEntry {
    let (grantee_principal, grantee_service_principal) = shown(principals, Some(&grant.grantee));
    let (retiring_principal, retiring_service_principal) = shown(principals, grant.retiring.as_ref());
    GrantListEntry {
        key_id: Some(grant.key.to_string()),
        grant_id: Some(grant.id.to_string()),
        name: Some(grant.name.clone()),
        creation_date: Some(grant.created),
        grantee_principal,
        retiring_principal,
        issuing_account: Some(grant.key.region.partition().iam_arn(grant.issuing_account, "root")),
        operations: Some(grant.operations.clone()),
        constraints: constraints(grant),
        grantee_service_principal,
        retiring_service_principal,
    }
}

fn constraints(grant: &Grant) -> Option<GrantConstraints> {
    if grant.context.is_none() && grant.source_arn.is_none() {
        return None;
    }
    let (equals, subset) = match &grant.context {
        Some(ContextConstraint::Equals(pairs)) => (Some(pairs.clone()), None),
        Some(ContextConstraint::Subset(pairs)) => (None, Some(pairs.clone())),
        None => (None, None),
    };
    Some(GrantConstraints {
        encryption_context_subset: subset,
        encryption_context_equals: equals,
        source_arn: grant.source_arn.clone(),
    })
}

/// As a principal, or as a service.
fn shown(principals: &dyn Principals, party: Option<&Party>) -> (Option<String>, Option<String>) {
    match party {
        Some(Party::Account { arn, .. } | Party::Principal { arn, unique_id: None }) => {
            (Some(arn.clone()), None)
        }
        Some(Party::Principal { unique_id: Some(unique_id), .. }) => {
            (Some(principals.arn(unique_id).unwrap_or_else(|| unique_id.clone())), None)
        }
        Some(Party::Service(name)) => (None, Some(name.clone())),
        None => (None, None),
    }
}
