//! `DeleteUser`: deletes a user that has nothing left.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeleteUserRequest};

use crate::{
    Iam, attachments,
    entities::User,
    faults,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct DeleteUser;

impl Operation for DeleteUser {
    type Service = Iam;
    type Input = DeleteUserRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts { name: "DeleteUser", read_only: false, example: "UserName={spare-user}" };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: DeleteUserRequest) -> Result<Outcome<Nothing>, Fault> {
        let user = gate::holder::<User>(iam, cx, "iam:DeleteUser", &input.user_name, &Asked::default())?;
        let entity = &user.found.entity;
        attachments::check_none(entity)?;
        if user.account.access_keys(&entity.id).next().is_some() {
            return Err(faults::conflict("must delete access keys first"));
        }
        if !user.found.groups.is_empty() {
            return Err(faults::conflict("must remove users from group first"));
        }
        Ok(Outcome::changing(Nothing {}, user.deleted()))
    }
}
