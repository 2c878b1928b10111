//! `UpdateAssumeRolePolicy`: changes who may assume a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::UpdateAssumeRolePolicyRequest};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
    written,
};

/// The operation.
pub(crate) struct UpdateAssumeRolePolicy;

impl Operation for UpdateAssumeRolePolicy {
    type Service = Iam;
    type Input = UpdateAssumeRolePolicyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing(
        "UpdateAssumeRolePolicy",
        r#"RoleName={role}&PolicyDocument={"Statement":{"Effect":"Allow","Principal":{"Service":"a.example"},"Action":"sts:AssumeRole"}}"#,
    ).shows(&["roleName", "policyDocument"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let role =
            gate::holder::<Role>(iam, cx, "iam:UpdateAssumeRolePolicy", &input.role_name, &Asked::default())?;
        let change = role.changed(|role| {
            role.trust = written::trust(iam, cx.region, &input.policy_document)?;
            Ok(())
        })?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
