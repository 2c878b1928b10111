//! `RemoveUserFromGroup`: ends the membership of a user in a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveUserFromGroup.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::RemoveUserFromGroupRequest};

use crate::{
    Iam,
    entities::{EntityKind, Group},
    faults,
    gate::{self, Asked, Permitted},
};

/// The operation.
pub(crate) struct RemoveUserFromGroup;

impl Operation for RemoveUserFromGroup {
    type Service = Iam;
    type Input = RemoveUserFromGroupRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing("RemoveUserFromGroup", "GroupName={group}&UserName={user}")
        .shows(&["groupName", "userName"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let group =
            gate::holder::<Group>(iam, cx, "iam:RemoveUserFromGroup", &input.group_name, &Asked::default())?;
        let user = group.account.user(&input.user_name).cloned();
        let user = user.ok_or_else(|| faults::no_entity(EntityKind::User, &input.user_name))?;
        let member = Permitted { tables: group.tables, account: group.account, found: user };
        let change = member.changed(|user| {
            user.groups.remove(&group.found.entity.id);
            Ok(())
        })?;
        Ok(gate::outcome(Nothing {}, change))
    }
}
