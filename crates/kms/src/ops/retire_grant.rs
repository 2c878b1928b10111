//! `RetireGrant`: ends a grant, by those whom it names for that and by the account that made it.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{Nothing, kms::RetireGrantRequest};
use state::removed;

use super::list_grants::parse;
use crate::{Kms, faults, gate, grants, parameters};

/// The operation.
pub(super) struct RetireGrant;

impl Operation for RetireGrant {
    type Service = Kms;
    type Input = RetireGrantRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing("RetireGrant", r#"{"KeyId":"{key}","GrantId":"{grant}"}"#)
        .forwarded()
        .at(Rate::PerSecond(50))
        .adds(&["grantId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let granted = match (&input.grant_token, &input.key_id, &input.grant_id) {
            (Some(token), None, None) => gate::grant_named(kms, &grants::read(kms, cx, token)?)?,
            (None, Some(key), Some(id)) => gate::grant_of(kms, cx, key, parse(id)?)?,
            _ => {
                return Err(faults::validation(
                    "Either GrantToken or both KeyId and GrantId must be specified, but not all of them.",
                ));
            }
        };
        cx.notes.additional("grantId", granted.grant.id.to_string());
        cx.notes.resource(granted.key.arn.to_string());
        gate::retire(kms, cx, &granted)?;
        parameters::dry_run(input.dry_run)?;
        Ok(Outcome::changing(Nothing {}, removed(&*granted.grant)))
    }
}
