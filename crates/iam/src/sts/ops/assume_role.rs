//! `AssumeRole`: temporary credentials of a role, for whom its trust policy names.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, fault};
use model::sts::{AssumeRoleRequest, AssumeRoleResponse, AssumedRoleUser};

use crate::{
    Sts,
    entities::Role,
    sessions::{Bearer, Claims, mint},
    sts::{
        faults,
        gate::{self, Asked},
        passed::{self, SessionTags},
        shown,
    },
};

/// The operation.
pub(super) struct AssumeRole;

impl Operation for AssumeRole {
    type Service = Sts;
    type Input = AssumeRoleRequest;
    type Output = AssumeRoleResponse;
    const FACTS: Facts = Facts::reading("AssumeRole", "RoleArn={role-arn}&RoleSessionName=example")
        .shows(&[
            "roleArn",
            "roleSessionName",
            "policyArns",
            "policy",
            "durationSeconds",
            "tags",
            "transitiveTagKeys",
            "externalId",
            "serialNumber",
            "sourceIdentity",
            "minimumSessionTokenSize",
        ])
        .answers(&[
            "credentials.accessKeyId",
            "credentials.expiration",
            "assumedRoleUser",
            "packedPolicySize",
            "sourceIdentity",
        ]);

    async fn run(sts: &Sts, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        if input.provided_contexts.is_some() || input.minimum_session_token_size.is_some() {
            let message = "ProvidedContexts and MinimumSessionTokenSize are not offered yet.";
            return Err(Fault::new(&fault::UNSUPPORTED_OPERATION, message));
        }
        let tags = SessionTags::parse(cx, input.tags, input.transitive_tag_keys)?;
        let source_identity = source_identity(cx, input.source_identity)?;
        let asked = Asked {
            session_name: Some(&input.role_session_name),
            external_id: input.external_id.as_deref(),
            source_identity: source_identity.as_deref(),
            tags: &tags,
            claims: None,
        };
        let gate::Assumable { account, role } =
            gate::assumable(sts, cx, "sts:AssumeRole", &input.role_arn, &asked)?;
        if input.serial_number.is_some() || input.token_code.is_some() {
            return Err(faults::no_second_factor());
        }
        let seconds = gate::role_seconds(cx, &role, input.duration_seconds)?;
        let Role { entity, .. } = &*role;
        let bearer = Bearer::Role { id: entity.id.clone(), session: input.role_session_name.clone() };
        let mut claims = Claims::new(entity.account, bearer, cx.now, seconds);
        claims.source_identity.clone_from(&source_identity);
        let packed = passed::pass(&mut claims, (&account, cx.region), input.policy, input.policy_arns, tags)?;
        let credentials = shown::credentials(mint(&sts.tables().strongroom, cx, &claims)?);
        let user = AssumedRoleUser {
            assumed_role_id: format!("{}:{}", entity.id, input.role_session_name),
            arn: entity.session_arn(&input.role_session_name),
        };
        Ok(AssumeRoleResponse {
            credentials: Some(credentials),
            assumed_role_user: Some(user),
            packed_policy_size: packed,
            source_identity,
            ..AssumeRoleResponse::default()
        }
        .into())
    }
}

/// A source identity stays the same along a chain of roles.
fn source_identity(cx: &Cx<'_>, passed: Option<String>) -> Result<Option<String>, Fault> {
    let session = cx.caller.session.as_ref();
    match (passed, session.and_then(|session| session.source_identity.clone())) {
        (Some(passed), Some(set)) if passed != set => {
            Err(faults::refused("The source identity of the calling session cannot be changed."))
        }
        (passed, set) => Ok(passed.or(set)),
    }
}
