//! `DetachUserPolicy`: detaches a managed policy from a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachUserPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DetachUserPolicyRequest};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct DetachUserPolicy;

impl Operation for DetachUserPolicy {
    type Service = Iam;
    type Input = DetachUserPolicyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "DetachUserPolicy",
        read_only: false,
        example: "UserName={user}&PolicyArn={managed-policy}",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: DetachUserPolicyRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let asked = Asked { policy_arn: Some(&input.policy_arn), ..Asked::default() };
        cx.notes.parameter("policyArn", input.policy_arn.clone());
        let user = gate::holder::<User>(iam, cx, "iam:DetachUserPolicy", &input.user_name, &asked)?;
        Ok(gate::outcome(Nothing {}, user.detach(&input.policy_arn)?))
    }
}
