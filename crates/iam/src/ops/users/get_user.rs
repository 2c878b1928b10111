//! `GetUser`: a user; without a name, the caller.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{GetUserRequest, GetUserResponse};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
    shown,
};

/// The operation.
pub(crate) struct GetUser;

impl Operation for GetUser {
    type Service = Iam;
    type Input = GetUserRequest;
    type Output = GetUserResponse;
    const FACTS: Facts = Facts::reading("GetUser", "UserName={user}").shows(&["userName"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        if gate::is_root(cx, input.user_name.as_deref()) {
            let (_, account) = gate::account(iam, cx, "iam:GetUser", "*", &Asked::default())?;
            return Ok(GetUserResponse { user: shown::root(cx, &account) }.into());
        }
        let name = gate::user_name(cx, input.user_name.as_deref())?;
        let user = gate::holder::<User>(iam, cx, "iam:GetUser", &name, &Asked::default())?;
        Ok(GetUserResponse { user: shown::user(&user.found) }.into())
    }
}
