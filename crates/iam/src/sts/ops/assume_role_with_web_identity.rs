//! `AssumeRoleWithWebIdentity`: temporary credentials of a role, for whom an identity provider vouches that its trust
//! policy names. Not signed: the token says who calls.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>

use dispatch::{Arrival, Caller, Cx, Facts, Fault, Unsigned, fault};
use model::{
    arn::AccountId,
    sts::{AssumeRoleWithWebIdentityRequest, AssumeRoleWithWebIdentityResponse, AssumedRoleUser},
};

use crate::{
    Sts,
    entities::Role,
    sessions::{Bearer, Claims, mint},
    sts::{
        faults,
        gate::{self, Asked},
        passed, shown,
        web_identity::{self, WebIdentity},
    },
};

/// The operation.
pub(super) struct AssumeRoleWithWebIdentity;

impl Unsigned for AssumeRoleWithWebIdentity {
    type Service = Sts;
    type Input = AssumeRoleWithWebIdentityRequest;
    type Output = AssumeRoleWithWebIdentityResponse;
    type Proven = WebIdentity;
    const FACTS: Facts = Facts::reading(
        "AssumeRoleWithWebIdentity",
        "RoleArn={federated-role-arn}&RoleSessionName=example&WebIdentityToken={web-identity-token}",
    )
    .shows(&[
        "roleArn",
        "roleSessionName",
        "providerId",
        "policyArns",
        "policy",
        "durationSeconds",
        "minimumSessionTokenSize",
    ])
    .answers(&[
        "credentials.accessKeyId",
        "credentials.expiration",
        "subjectFromWebIdentityToken",
        "assumedRoleUser",
        "packedPolicySize",
        "provider",
        "audience",
        "sourceIdentity",
    ]);

    async fn caller(
        sts: &Sts,
        arrival: &mut Arrival<'_>,
        input: &Self::Input,
    ) -> Result<(Caller, Self::Proven), Fault> {
        if input.provider_id.is_some() || input.minimum_session_token_size.is_some() {
            let message = "ProviderId and MinimumSessionTokenSize are not offered yet.";
            return Err(Fault::new(&fault::UNSUPPORTED_OPERATION, message));
        }
        let (account, _) = gate::role_arn(sts.tables().partition, &input.role_arn)?;
        let account = AccountId::parse(account).map_err(|_| faults::not_a_role(&input.role_arn))?;
        let identity = web_identity::establish(sts, account, &input.web_identity_token, arrival.now).await?;
        Ok((identity.caller(account), identity))
    }

    async fn run(
        sts: &Sts,
        cx: &mut Cx<'_>,
        input: Self::Input,
        identity: WebIdentity,
    ) -> Result<Self::Output, Fault> {
        let tags = identity.session_tags(cx)?;
        let asked = Asked {
            session_name: Some(&input.role_session_name),
            external_id: None,
            source_identity: identity.source_identity.as_deref(),
            tags: &tags,
            claims: Some(&identity.claims),
        };
        let action = "sts:AssumeRoleWithWebIdentity";
        let gate::Assumable { account, role } = gate::assumable(sts, cx, action, &input.role_arn, &asked)?;
        let seconds = gate::role_seconds(cx, &role, input.duration_seconds)?;
        let Role { entity, .. } = &*role;
        let bearer = Bearer::Role { id: entity.id.clone(), session: input.role_session_name.clone() };
        let mut claims = Claims::new(entity.account, bearer, cx.now, seconds);
        claims.source_identity.clone_from(&identity.source_identity);
        claims.federated_provider = Some(identity.provider);
        claims.claimed = Some(identity.claims);
        let packed = passed::pass(&mut claims, (&account, cx.region), input.policy, input.policy_arns, tags)?;
        let credentials = shown::credentials(mint(&sts.tables().strongroom, cx, &claims)?);
        let user = AssumedRoleUser {
            assumed_role_id: format!("{}:{}", entity.id, input.role_session_name),
            arn: entity.session_arn(&input.role_session_name),
        };
        Ok(AssumeRoleWithWebIdentityResponse {
            credentials: Some(credentials),
            subject_from_web_identity_token: Some(identity.subject),
            assumed_role_user: Some(user),
            packed_policy_size: packed,
            provider: Some(identity.issuer),
            audience: Some(identity.audience),
            source_identity: identity.source_identity,
            ..AssumeRoleWithWebIdentityResponse::default()
        })
    }
}
