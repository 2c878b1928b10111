//! `DeleteGroupPolicy`: deletes an inline policy of a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroupPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeleteGroupPolicyRequest};

use crate::{
    Iam,
    entities::Group,
    gate::{self, Asked},
    inline,
};

/// The operation.
pub(crate) struct DeleteGroupPolicy;

impl Operation for DeleteGroupPolicy {
    type Service = Iam;
    type Input = DeleteGroupPolicyRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts { name: "DeleteGroupPolicy", read_only: false, example: "GroupName={group}&PolicyName=inline" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: DeleteGroupPolicyRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        cx.notes.parameter("policyName", input.policy_name.clone());
        let group =
            gate::holder::<Group>(iam, cx, "iam:DeleteGroupPolicy", &input.group_name, &Asked::default())?;
        let change = group.changed(|group| inline::delete(group, &input.policy_name))?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
