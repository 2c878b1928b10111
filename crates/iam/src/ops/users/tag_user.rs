//! `TagUser`: adds tags to a user, or gives new values to those it has.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagUser.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::TagUserRequest};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
    tags,
};

/// The operation.
pub(crate) struct TagUser;

impl Operation for TagUser {
    type Service = Iam;
    type Input = TagUserRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "TagUser",
        read_only: false,
        example: "UserName={user}&Tags.member.1.Key=team&Tags.member.1.Value=pay",
    };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: TagUserRequest) -> Result<Outcome<Nothing>, Fault> {
        let new = tags::parse(Some(&input.tags))?;
        let user = gate::holder::<User>(
            iam,
            cx,
            "iam:TagUser",
            &input.user_name,
            &Asked { tags: Some(&new), ..Asked::default() },
        )?;
        let change = user.changed(|user| tags::merge(&mut user.entity.tags, &new))?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
