//! `CreateGrant`: lets a principal use a key without touching the policies.
//! <https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Rate, fault};
use model::kms::{CreateGrantRequest, CreateGrantResponse, GrantOperation};
use state::{created, unchanged};

use crate::{
    Kms, faults,
    gate::{self, Asked, ToCreateGrant},
    grants::{self, NamedParty, Wanted},
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
    .at(Rate::PerSecond(50))
    .shows(&[
        "keyId",
        "granteePrincipal",
        "retiringPrincipal",
        "operations",
        "constraints",
        "name",
        "dryRun",
        "granteeServicePrincipal",
        "retiringServicePrincipal",
    ])
    .answers(&["grantId"]);

    async fn run(kms: &Kms, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let wanted = Wanted::parse(&input)?;
        wanted.note(cx.notes);
        check_service(cx, &wanted)?;
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

/// What AWS's services are granted: the use of keys that encrypt, and what goes with it.
/// <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
const OF_SERVICES: [GrantOperation; 11] = [
    GrantOperation::CreateGrant,
    GrantOperation::Decrypt,
    GrantOperation::DescribeKey,
    GrantOperation::Encrypt,
    GrantOperation::GenerateDataKey,
    GrantOperation::GenerateDataKeyPair,
    GrantOperation::GenerateDataKeyPairWithoutPlaintext,
    GrantOperation::GenerateDataKeyWithoutPlaintext,
    GrantOperation::ReEncryptFrom,
    GrantOperation::ReEncryptTo,
    GrantOperation::RetireGrant,
];

/// A service that calls for a user makes no grants for anything else, and none to its own identity, which would have them
/// without any user, and until somebody finds out. To be granted something itself it says so, by
/// `GranteeServicePrincipal`, which takes a source and somebody who may retire the grant.
fn check_service(cx: &mut Cx<'_>, wanted: &Wanted) -> Result<(), Fault> {
    let Some(via) = cx.origin.for_user() else { return Ok(()) };
    let text = if let Some(other) = wanted.operations.iter().find(|wanted| !OF_SERVICES.contains(wanted)) {
        format!("Services do not grant {other} for their users.")
    } else if matches!(&wanted.grantee, NamedParty::Principal(arn) if via.is_identity(arn)) {
        "Services do not grant anything to their own identity for their users; name the service by \
         GranteeServicePrincipal."
            .to_owned()
    } else {
        return Ok(());
    };
    cx.notes.denied("service-identity", None);
    Err(Fault::new(&fault::ACCESS_DENIED, text))
}
