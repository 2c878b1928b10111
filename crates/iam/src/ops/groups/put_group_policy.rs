//! `PutGroupPolicy`: puts an inline policy into a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutGroupPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::PutGroupPolicyRequest};

use crate::{
    Iam,
    entities::Group,
    gate::{self, Asked},
    inline,
};

/// The operation.
pub(crate) struct PutGroupPolicy;

impl Operation for PutGroupPolicy {
    type Service = Iam;
    type Input = PutGroupPolicyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "PutGroupPolicy",
        read_only: false,
        example: r#"GroupName={group}&PolicyName=new&PolicyDocument={"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#,
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: PutGroupPolicyRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        cx.notes.parameter("policyName", input.policy_name.clone());
        let group =
            gate::holder::<Group>(iam, cx, "iam:PutGroupPolicy", &input.group_name, &Asked::default())?;
        let change =
            group.changed(|group| inline::put(iam, group, &input.policy_name, &input.policy_document))?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
