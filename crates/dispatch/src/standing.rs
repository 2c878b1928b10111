//! Whether a service may act for somebody: what its own policies have against it, and what it may be given that lets it do so.

use crate::{
    Caller, Cx, Fault, Origin, Permission, Via,
    decision::opposed,
    forward::{ACT_FOR_ACTION, Wrong, refused},
};

/// What decides about services, as records call it.
pub(crate) const LAYER: &str = "service-identity";

/// The service that makes a call as itself.
///
/// # Errors
/// `AccessDenied` for anybody else.
pub fn require_service<'c>(cx: &mut Cx<'c>) -> Result<&'c Via, Fault> {
    cx.origin.via.filter(|via| !via.for_user).ok_or_else(|| {
        cx.notes.denied(LAYER, None);
        refused(cx.signer, &Wrong::NotItself)
    })
}

/// Checks that a service, of [`require_service`], may act for somebody: before it is given what lets it do so.
///
/// # Errors
/// `AccessDenied`, with the text of every refusal to act for somebody.
pub fn require_acting_for(cx: &mut Cx<'_>, via: &Via, whom: &Caller) -> Result<(), Fault> {
    let reached = if via.reaches(whom.account) {
        let (caller, origin) = (cx.signer, Origin { via: None, ..cx.origin });
        check_unopposed(&Cx { caller, origin, ..cx.reborrowed() }, &whom.arn)
    } else {
        Err(refused(cx.signer, &Wrong::Account(whom.account)))
    };
    match reached {
        Ok(()) => cx.notes.allowed(LAYER, None),
        Err(_) => cx.notes.denied(LAYER, None),
    }
    reached
}

/// Checks that the policies of the caller, who signed, do not stand against acting for the principal with this ARN.
pub(crate) fn check_unopposed(cx: &Cx<'_>, arn: &str) -> Result<(), Fault> {
    let opposed = opposed(cx, &Permission::on(ACT_FOR_ACTION, arn, &()));
    opposed.map_or(Ok(()), |decision| Err(refused(cx.signer, &Wrong::Opposed(decision))))
}
