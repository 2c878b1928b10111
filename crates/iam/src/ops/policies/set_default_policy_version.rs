//! `SetDefaultPolicyVersion`: chooses the version of a managed policy that holds.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetDefaultPolicyVersion.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::SetDefaultPolicyVersionRequest};

use crate::{
    Iam,
    gate::{self, Asked},
    managed,
};

/// The operation.
pub(crate) struct SetDefaultPolicyVersion;

impl Operation for SetDefaultPolicyVersion {
    type Service = Iam;
    type Input = SetDefaultPolicyVersionRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts::changing("SetDefaultPolicyVersion", "PolicyArn={managed-policy}&VersionId=v2")
            .shows(&["policyArn", "versionId"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let policy =
            gate::own_policy(iam, cx, "iam:SetDefaultPolicyVersion", &input.policy_arn, &Asked::default())?;
        let (number, _) = managed::version(&policy.found, &input.version_id)?;
        let now = cx.now;
        let change = policy.changed(|policy| {
            if policy.default_version != number {
                (policy.default_version, policy.updated) = (number, now);
            }
            Ok(())
        })?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
