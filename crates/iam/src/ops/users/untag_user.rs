//! `UntagUser`: takes tags off a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagUser.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::UntagUserRequest};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
    tags,
};

/// The operation.
pub(crate) struct UntagUser;

impl Operation for UntagUser {
    type Service = Iam;
    type Input = UntagUserRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts { name: "UntagUser", read_only: false, example: "UserName={user}&TagKeys.member.1=team" };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: UntagUserRequest) -> Result<Outcome<Nothing>, Fault> {
        let user = gate::holder::<User>(
            iam,
            cx,
            "iam:UntagUser",
            &input.user_name,
            &Asked { tag_keys: Some(&input.tag_keys), ..Asked::default() },
        )?;
        let change = user.changed(|user| {
            tags::remove_all(&mut user.entity.tags, &input.tag_keys);
            Ok(())
        })?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
