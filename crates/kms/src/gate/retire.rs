//! Permission to retire a grant.

use dispatch::{Cx, Fault, Permission, ask, conclude, denied};

use super::{Asked, begin::charge, conditions::OnKey, decide, granted::Granted};
use crate::{
    Kms,
    grants::{Retired, Standing},
    rates::Computation,
};

/// Permission to retire a grant. The key policy has no say in it.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>
pub(crate) fn retire(kms: &Kms, cx: &mut Cx<'_>, granted: &Granted) -> Result<(), Fault> {
    const ACTION: &str = "kms:RetireGrant";
    let Granted { shelf, key, grant } = granted;
    charge(kms, cx, &Computation::default())?;
    if !decide::reaches(cx, key) {
        cx.notes.denied("service-identity", None);
        return Err(decide::unnamed(cx, ACTION, key.arn.as_str()));
    }
    let standing = grant.standing(&cx.caller.principal, cx.account());
    let (retired, id) = (Retired(grant), grant.id.to_string());
    let asked = Asked::nothing().about(&retired);
    let on_key = OnKey { shelf: Some(shelf), key, alias: None, asked: &asked };
    let mut permission = Permission::on(ACTION, key.arn.as_str(), &on_key);
    permission.on_resource.grant = match standing {
        Standing::Named(naming) => Some((id.as_str(), naming)),
        Standing::Account | Standing::Stranger => None,
    };
    let decision = ask(cx, &permission);
    if standing == Standing::Stranger && decision.is_allowed() {
        cx.notes.denied("grant", None);
        return Err(decide::unnamed(cx, ACTION, key.arn.as_str()));
    }
    conclude(cx, &permission, decision).map_err(|denial| denied(cx, &permission, &denial))
}
