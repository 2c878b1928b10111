//! `TagRole`: adds tags to a role, or gives new values to those it has.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagRole.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::TagRoleRequest};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
    tags,
};

/// The operation.
pub(crate) struct TagRole;

impl Operation for TagRole {
    type Service = Iam;
    type Input = TagRoleRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "TagRole",
        read_only: false,
        example: "RoleName={role}&Tags.member.1.Key=team&Tags.member.1.Value=pay",
    };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: TagRoleRequest) -> Result<Outcome<Nothing>, Fault> {
        let new = tags::parse(Some(&input.tags))?;
        let role = gate::holder::<Role>(
            iam,
            cx,
            "iam:TagRole",
            &input.role_name,
            &Asked { tags: Some(&new), ..Asked::default() },
        )?;
        let change = role.changed(|role| tags::merge(&mut role.entity.tags, &new))?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
