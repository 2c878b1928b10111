//! `GetAccountPasswordPolicy`: there are no passwords, so there is no policy for them.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountPasswordPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::GetAccountPasswordPolicyResponse};

use crate::{
    Iam, faults,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct GetAccountPasswordPolicy;

impl Operation for GetAccountPasswordPolicy {
    type Service = Iam;
    type Input = Nothing;
    type Output = GetAccountPasswordPolicyResponse;
    const FACTS: Facts = Facts::reading("GetAccountPasswordPolicy", "");

    async fn run(iam: &Iam, cx: &mut Cx<'_>, _: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        gate::account(iam, cx, "iam:GetAccountPasswordPolicy", "*", &Asked::default())?;
        let text = format!("The Password Policy with domain name {} cannot be found.", cx.account());
        Err(faults::no_such(text))
    }
}
