//! `AttachUserPolicy`: attaches a managed policy to a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AttachUserPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::AttachUserPolicyRequest};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct AttachUserPolicy;

impl Operation for AttachUserPolicy {
    type Service = Iam;
    type Input = AttachUserPolicyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "AttachUserPolicy",
        read_only: false,
        example: "UserName={user}&PolicyArn={other-managed-policy}",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: AttachUserPolicyRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let asked = Asked { policy_arn: Some(&input.policy_arn), ..Asked::default() };
        cx.notes.parameter("policyArn", input.policy_arn.clone());
        let user = gate::holder::<User>(iam, cx, "iam:AttachUserPolicy", &input.user_name, &asked)?;
        Ok(gate::outcome(Nothing {}, user.attach(&input.policy_arn)?))
    }
}
