//! `RevokeGrant`: ends a grant, by those who administer the key.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::{Nothing, kms::RevokeGrantRequest};
use state::removed;

use super::list_grants::parse;
use crate::{
    Kms, faults,
    gate::{self, Asked, ToRevokeGrant},
    parameters,
};

/// The operation.
pub(super) struct RevokeGrant;

impl Operation for RevokeGrant {
    type Service = Kms;
    type Input = RevokeGrantRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing("RevokeGrant", r#"{"KeyId":"{key}","GrantId":"{grant}"}"#)
        .forwarded()
        .on_managed()
        .at(Rate::PerSecond(50))
        .shows(&["keyId", "grantId", "dryRun"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let id = parse(&input.grant_id)?;
        let asked = Asked::nothing().with("kms:GrantIsForAWSResource", cx.origin.for_user().is_some());
        let key = gate::key::<ToRevokeGrant>(kms, cx, &input.key_id, &asked)?;

        let place = key.record().place();
        let tables = kms.tables();
        let grants = tables.grants(&place, key.id());
        let grant = grants.and_then(|grants| grants.get(id)).ok_or_else(|| faults::grant_not_found(id))?;
        parameters::dry_run(input.dry_run)?;
        Ok(Outcome::changing(Nothing {}, removed(&**grant)))
    }
}
