//! `GetPolicyVersion`: a version of a managed policy, with what it says.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicyVersion.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{GetPolicyVersionRequest, GetPolicyVersionResponse};

use crate::{
    Iam,
    gate::{self, Asked},
    managed, shown,
};

/// The operation.
pub(crate) struct GetPolicyVersion;

impl Operation for GetPolicyVersion {
    type Service = Iam;
    type Input = GetPolicyVersionRequest;
    type Output = GetPolicyVersionResponse;
    const FACTS: Facts = Facts::reading("GetPolicyVersion", "PolicyArn={managed-policy}&VersionId=v1")
        .shows(&["policyArn", "versionId"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let policy = gate::policy(iam, cx, "iam:GetPolicyVersion", &input.policy_arn, &Asked::default())?;
        let (number, version) = managed::version(&policy.found, &input.version_id)?;
        let shown = model::iam::PolicyVersion {
            document: Some(shown::encoded(version.document.text())),
            ..shown::version(&policy.found, number, version)
        };
        Ok(GetPolicyVersionResponse { policy_version: Some(shown) }.into())
    }
}
