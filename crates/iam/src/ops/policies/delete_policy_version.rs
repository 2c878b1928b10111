//! `DeletePolicyVersion`: deletes a version of a managed policy that does not hold.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicyVersion.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeletePolicyVersionRequest};

use crate::{
    Iam,
    faults::DELETE_CONFLICT,
    gate::{self, Asked},
    managed,
};

/// The operation.
pub(crate) struct DeletePolicyVersion;

impl Operation for DeletePolicyVersion {
    type Service = Iam;
    type Input = DeletePolicyVersionRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing("DeletePolicyVersion", "PolicyArn={managed-policy}&VersionId=v2")
        .shows(&["policyArn", "versionId"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let policy =
            gate::own_policy(iam, cx, "iam:DeletePolicyVersion", &input.policy_arn, &Asked::default())?;
        let (number, _) = managed::version(&policy.found, &input.version_id)?;
        if number == policy.found.default_version {
            return Err(Fault::new(&DELETE_CONFLICT, "Cannot delete the default version of a policy."));
        }
        let change = policy.changed(|policy| {
            policy.versions.remove(&number);
            Ok(())
        })?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
