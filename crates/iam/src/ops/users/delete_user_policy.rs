//! `DeleteUserPolicy`: deletes an inline policy of a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeleteUserPolicyRequest};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
    inline,
};

/// The operation.
pub(crate) struct DeleteUserPolicy;

impl Operation for DeleteUserPolicy {
    type Service = Iam;
    type Input = DeleteUserPolicyRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts { name: "DeleteUserPolicy", read_only: false, example: "UserName={user}&PolicyName=inline" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: DeleteUserPolicyRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        cx.notes.parameter("policyName", input.policy_name.clone());
        let user =
            gate::holder::<User>(iam, cx, "iam:DeleteUserPolicy", &input.user_name, &Asked::default())?;
        let change = user.changed(|user| inline::delete(user, &input.policy_name))?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
