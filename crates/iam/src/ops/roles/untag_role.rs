//! `UntagRole`: takes tags off a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagRole.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::UntagRoleRequest};

use crate::{
    Iam,
    entities::Role,
    gate::{self, Asked},
    tags,
};

/// The operation.
pub(crate) struct UntagRole;

impl Operation for UntagRole {
    type Service = Iam;
    type Input = UntagRoleRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts { name: "UntagRole", read_only: false, example: "RoleName={role}&TagKeys.member.1=team" };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: UntagRoleRequest) -> Result<Outcome<Nothing>, Fault> {
        let role = gate::holder::<Role>(
            iam,
            cx,
            "iam:UntagRole",
            &input.role_name,
            &Asked { tag_keys: Some(&input.tag_keys), ..Asked::default() },
        )?;
        let change = role.changed(|role| {
            tags::remove_all(&mut role.entity.tags, &input.tag_keys);
            Ok(())
        })?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
