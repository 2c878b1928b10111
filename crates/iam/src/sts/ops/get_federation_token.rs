//! `GetFederationToken`: temporary credentials for somebody else, for whom the caller vouches.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::sts::{FederatedUser, GetFederationTokenRequest, GetFederationTokenResponse};

use crate::{
    Sts,
    sessions::{Bearer, Claims, federated_arn, mint},
    sts::{
        gate::{self, Asked},
        passed::{self, SessionTags},
        shown,
    },
    tables::inconsistent,
};

/// The operation.
pub(super) struct GetFederationToken;

impl Operation for GetFederationToken {
    type Service = Sts;
    type Input = GetFederationTokenRequest;
    type Output = GetFederationTokenResponse;
    const FACTS: Facts = Facts::reading("GetFederationToken", "Name=somebody&DurationSeconds=900")
        .shows(&["name", "policy", "policyArns", "durationSeconds", "tags", "minimumSessionTokenSize"])
        .answers(&["credentials.accessKeyId", "credentials.expiration", "federatedUser", "packedPolicySize"]);

    async fn run(sts: &Sts, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let arn = federated_arn(cx.partition(), cx.account(), &input.name);
        let tags = SessionTags::parse(cx, input.tags, None)?;
        let asked =
            Asked { session_name: None, external_id: None, source_identity: None, tags: &tags, claims: None };
        gate::permit(cx, "sts:GetFederationToken", &arn, &asked)?;
        if !tags.is_empty() {
            gate::permit(cx, "sts:TagSession", &arn, &asked)?;
        }
        cx.notes.resource(arn.clone());
        let user = gate::long_term(cx, "GetFederationToken")?;
        let bearer = Bearer::Federated { name: input.name.clone(), user };
        let seconds = gate::own_seconds(&bearer, input.duration_seconds)?;
        let tables = sts.tables();
        let account = tables.account(cx.account()).ok_or_else(|| inconsistent("the caller's account"))?;
        let mut claims = Claims::new(cx.account(), bearer, cx.now, seconds);
        let packed = passed::pass(&mut claims, (account, cx.region), input.policy, input.policy_arns, tags)?;
        let credentials = shown::credentials(mint(&sts.tables().strongroom, cx, &claims)?);
        let user = FederatedUser { federated_user_id: format!("{}:{}", cx.account(), input.name), arn };
        Ok(GetFederationTokenResponse {
            credentials: Some(credentials),
            federated_user: Some(user),
            packed_policy_size: Some(packed.unwrap_or(0)),
            ..GetFederationTokenResponse::default()
        }
        .into())
    }
}
