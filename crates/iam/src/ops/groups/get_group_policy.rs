//! `GetGroupPolicy`: an inline policy of a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroupPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{GetGroupPolicyRequest, GetGroupPolicyResponse};

use crate::{
    Iam,
    entities::Group,
    gate::{self, Asked},
    inline, shown,
};

/// The operation.
pub(crate) struct GetGroupPolicy;

impl Operation for GetGroupPolicy {
    type Service = Iam;
    type Input = GetGroupPolicyRequest;
    type Output = GetGroupPolicyResponse;
    const FACTS: Facts =
        Facts { name: "GetGroupPolicy", read_only: true, example: "GroupName={group}&PolicyName=inline" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: GetGroupPolicyRequest,
    ) -> Result<Outcome<GetGroupPolicyResponse>, Fault> {
        let group =
            gate::holder::<Group>(iam, cx, "iam:GetGroupPolicy", &input.group_name, &Asked::default())?;
        let entity = &group.found.entity;
        Ok(GetGroupPolicyResponse {
            group_name: entity.name.clone(),
            policy_document: shown::encoded(inline::text(entity, &input.policy_name)?),
            policy_name: input.policy_name,
        }
        .into())
    }
}
