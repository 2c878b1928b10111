//! `DeletePolicy`: deletes a managed policy that holds for nobody and has one version.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeletePolicyRequest};

use crate::{
    Iam,
    faults::DELETE_CONFLICT,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct DeletePolicy;

impl Operation for DeletePolicy {
    type Service = Iam;
    type Input = DeletePolicyRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts { name: "DeletePolicy", read_only: false, example: "PolicyArn={other-managed-policy}" };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: DeletePolicyRequest) -> Result<Outcome<Nothing>, Fault> {
        let policy = gate::own_policy(iam, cx, "iam:DeletePolicy", &input.policy_arn, &Asked::default())?;
        if policy.account.ties(&policy.found.arn).next().is_some() {
            return Err(Fault::new(&DELETE_CONFLICT, "Cannot delete a policy attached to entities."));
        }
        if policy.found.versions.len() > 1 {
            return Err(Fault::new(
                &DELETE_CONFLICT,
                "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                 versions. The default version is deleted with the policy.",
            ));
        }
        Ok(Outcome::changing(Nothing {}, policy.deleted()))
    }
}
