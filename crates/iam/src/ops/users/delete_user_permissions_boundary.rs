//! `DeleteUserPermissionsBoundary`: takes away what bounds the policies of a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPermissionsBoundary.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeleteUserPermissionsBoundaryRequest};

use crate::{
    Iam,
    entities::User,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct DeleteUserPermissionsBoundary;

impl Operation for DeleteUserPermissionsBoundary {
    type Service = Iam;
    type Input = DeleteUserPermissionsBoundaryRequest;
    type Output = Nothing;
    const FACTS: Facts =
        Facts { name: "DeleteUserPermissionsBoundary", read_only: false, example: "UserName={user}" };

    async fn run(
        iam: &Iam,
        cx: &mut Cx<'_>,
        input: DeleteUserPermissionsBoundaryRequest,
    ) -> Result<Outcome<Nothing>, Fault> {
        let user = gate::holder::<User>(
            iam,
            cx,
            "iam:DeleteUserPermissionsBoundary",
            &input.user_name,
            &Asked::default(),
        )?;
        Ok(gate::outcome(Nothing {}, user.unbound()?))
    }
}
