//! `CreateGrant`: lets a principal use a key without touching the policies.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate};
use model::kms::{CreateGrantRequest, CreateGrantResponse};
use state::{created, unchanged};

use crate::{
    Kms, faults,
    gate::{self, Asked, ToCreateGrant},
    grants::{self, Wanted},
    parameters, principals,
};

/// The operation.
pub(super) struct CreateGrant;

impl Operation for CreateGrant {
    type Service = Kms;
    type Input = CreateGrantRequest;
    type Output = CreateGrantResponse;
    const FACTS: Facts = Facts::changing(
        "CreateGrant",
        r#"{"KeyId":"{key}","GranteePrincipal":"{root}","Operations":["Decrypt"]}"#,
    )
    .forwarded()
    .on_managed()
    .at(Rate::PerSecond(50));

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let wanted = Wanted::parse(&input)?;
        wanted.note(cx.notes);
        let asked = Asked::nothing()
            .granting(&wanted)
            .with("kms:GrantIsForAWSResource", cx.origin.for_user().is_some())
            .with_tokens(input.grant_tokens.as_ref());

        let key = gate::key::<ToCreateGrant>(kms, cx, &input.key_id, &asked)?;
        let grant = wanted.grant(principals(kms), cx, key.record())?;
        let place = key.record().place();
        let tables = kms.tables();
        let others = tables.grants(&place, key.id());
        let exists = others.is_some_and(|grants| grants.get(grant.id).is_some());
        if !exists && others.is_some_and(|grants| grants.count() >= kms.quotas.grants_per_key) {
            let text = format!("{} has too many grants.", key.arn());
            return Err(Fault::new(&faults::LIMIT_EXCEEDED, text));
        }
        parameters::dry_run(input.dry_run)?;

        let output = CreateGrantResponse {
            grant_token: Some(grants::mint(kms, cx, &grant.key, grant.id)?),
            grant_id: Some(grant.id.to_string()),
        };
        if exists {
            return Ok(output.into());
        }
        // The key's record is a precondition too: a key on its way out gets no new grants.
        Ok(Outcome::changing(output, created(&grant).only_if(unchanged(key.record()))))
    }
}
