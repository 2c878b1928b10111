//! `GetUserPolicy`: an inline policy of a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUserPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{GetUserPolicyRequest, GetUserPolicyResponse};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
    inline, shown,
};

/// The operation.
pub(crate) struct GetUserPolicy;

impl Operation for GetUserPolicy {
    type Service = Iam;
    type Input = GetUserPolicyRequest;
    type Output = GetUserPolicyResponse;
    const FACTS: Facts =
        Facts { name: "GetUserPolicy", read_only: true, example: "UserName={user}&PolicyName=inline" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: GetUserPolicyRequest,
    ) -> Result<Outcome<GetUserPolicyResponse>, Fault> {
        let user = gate::holder::<User>(iam, cx, "iam:GetUserPolicy", &input.user_name, &Asked::default())?;
        let entity = &user.found.entity;
        Ok(GetUserPolicyResponse {
            user_name: entity.name.clone(),
            policy_document: shown::encoded(inline::text(entity, &input.policy_name)?),
            policy_name: input.policy_name,
        }
        .into())
    }
}
