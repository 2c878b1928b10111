//! `UpdateUser`: gives a user another name or path. Its unique id stays.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::UpdateUserRequest};

use crate::{
    Iam,
    entities::{self, User, fold},
    gate::{self, Asked, Holder},
};

/// The operation.
pub(crate) struct UpdateUser;

impl Operation for UpdateUser {
    type Service = Iam;
    type Input = UpdateUserRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "UpdateUser",
        read_only: false,
        example: "UserName={user}&NewUserName=renamed&NewPath=%2Fnew%2F",
    };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: UpdateUserRequest) -> Result<Outcome<Nothing>, Fault> {
        let user = gate::holder::<User>(iam, cx, "iam:UpdateUser", &input.user_name, &Asked::default())?;
        let mut changed = User::clone(&user.found);
        let entity = changed.entity_mut();
        if let Some(name) = input.new_user_name {
            entity.name = name;
        }
        if let Some(path) = input.new_path {
            entity.path = path;
        }
        // The name that it is going to have must be the caller's to give.
        let arn = entities::arn(cx.account(), "user", &entity.path, &entity.name);
        gate::account(iam, cx, "iam:UpdateUser", &arn, &Asked::default())?;
        let (old, new) = (fold(&user.found.entity.name), fold(&changed.entity.name));
        if old == new {
            let change = user.changed(|user| {
                *user = changed;
                Ok(())
            })?;
            return Ok(gate::outcome(Nothing {}, change));
        }
        gate::check_free::<User>(&user.account, &changed.entity.name)?;
        let mut change = user.deleted();
        let made = gate::made(&changed);
        change.preconditions.extend(made.preconditions);
        change.puts.extend(made.puts);
        Ok(Outcome::changing(Nothing {}, change))
    }
}
