//! `PutRolePolicy`: puts an inline policy into a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::PutRolePolicyRequest};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
    inline,
};

/// The operation.
pub(crate) struct PutRolePolicy;

impl Operation for PutRolePolicy {
    type Service = Iam;
    type Input = PutRolePolicyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "PutRolePolicy",
        read_only: false,
        example: r#"RoleName={role}&PolicyName=new&PolicyDocument={"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#,
    };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: PutRolePolicyRequest) -> Result<Outcome<Nothing>, Fault> {
        cx.notes.parameter("policyName", input.policy_name.clone());
        let role = gate::holder::<Role>(iam, cx, "iam:PutRolePolicy", &input.role_name, &Asked::default())?;
        let change =
            role.changed(|role| inline::put(iam, role, &input.policy_name, &input.policy_document))?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
