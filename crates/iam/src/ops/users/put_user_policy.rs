//! `PutUserPolicy`: puts an inline policy into a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::PutUserPolicyRequest};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
    inline,
};

/// The operation.
pub(crate) struct PutUserPolicy;

impl Operation for PutUserPolicy {
    type Service = Iam;
    type Input = PutUserPolicyRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "PutUserPolicy",
        read_only: false,
        example: r#"UserName={user}&PolicyName=new&PolicyDocument={"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#,
    };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: PutUserPolicyRequest) -> Result<Outcome<Nothing>, Fault> {
        cx.notes.parameter("policyName", input.policy_name.clone());
        let user = gate::holder::<User>(iam, cx, "iam:PutUserPolicy", &input.user_name, &Asked::default())?;
        let change =
            user.changed(|user| inline::put(iam, user, &input.policy_name, &input.policy_document))?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
