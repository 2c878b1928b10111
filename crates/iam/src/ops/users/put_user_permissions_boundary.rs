//! `PutUserPermissionsBoundary`: sets what bounds the policies of a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutUserPermissionsBoundary.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::PutUserPermissionsBoundaryRequest};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct PutUserPermissionsBoundary;

impl Operation for PutUserPermissionsBoundary {
    type Service = Iam;
    type Input = PutUserPermissionsBoundaryRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "PutUserPermissionsBoundary",
        read_only: false,
        example: "UserName={user}&PermissionsBoundary={managed-policy}",
    };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: PutUserPermissionsBoundaryRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let asked = Asked { boundary: Some(&input.permissions_boundary), ..Asked::default() };
        cx.notes.parameter("permissionsBoundary", input.permissions_boundary.clone());
        let user = gate::holder::<User>(iam, cx, "iam:PutUserPermissionsBoundary", &input.user_name, &asked)?;
        Ok(gate::outcome(Nothing {}, user.bound(&input.permissions_boundary)?))
    }
}
