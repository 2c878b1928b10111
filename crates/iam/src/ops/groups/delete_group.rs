//! `DeleteGroup`: deletes a group that has nothing left.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroup.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::DeleteGroupRequest};

use crate::{
    Iam, attachments,
    entities::Group,
    faults,
    gate::{self, Asked},
};

/// The operation.
pub(crate) struct DeleteGroup;

impl Operation for DeleteGroup {
    type Service = Iam;
    type Input = DeleteGroupRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts { name: "DeleteGroup", read_only: false, example: "GroupName={spare-group}" };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: DeleteGroupRequest) -> Result<Outcome<Nothing>, Fault> {
        let group = gate::holder::<Group>(iam, cx, "iam:DeleteGroup", &input.group_name, &Asked::default())?;
        let entity = &group.found.entity;
        if group.account.members(&entity.id).next().is_some() {
            return Err(faults::conflict("must remove users from group first"));
        }
        attachments::check_none(entity)?;
        Ok(Outcome::changing(Nothing {}, group.deleted()))
    }
}
