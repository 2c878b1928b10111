//! `AddUserToGroup`: makes a user a member of a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddUserToGroup.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::AddUserToGroupRequest};

use crate::{
    Iam,
    entities::{EntityKind, Group},
    faults,
    gate::{self, Asked, Permitted},
    limits::GROUPS_PER_USER,
};

/// The operation.
pub(crate) struct AddUserToGroup;

impl Operation for AddUserToGroup {
    type Service = Iam;
    type Input = AddUserToGroupRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts::changing("AddUserToGroup", "GroupName={group}&UserName={other-user}")
        .shows(&["groupName", "userName"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let group =
            gate::holder::<Group>(iam, cx, "iam:AddUserToGroup", &input.group_name, &Asked::default())?;
        let user = group.account.user(&input.user_name).cloned();
        let user = user.ok_or_else(|| faults::no_entity(EntityKind::User, &input.user_name))?;
        let member = Permitted { tables: group.tables.clone(), account: group.account.clone(), found: user };
        let change = member.changed(|user| {
            user.groups.insert(group.found.entity.id.clone());
            if user.groups.len() > GROUPS_PER_USER {
                return Err(faults::quota("GroupsPerUser", GROUPS_PER_USER));
            }
            Ok(())
        })?;
        // The group's record too, so that its deletion at the same time fails or makes this fail.
        Ok(gate::outcome(Nothing {}, change.map(|change| change.and(group.touched()))))
    }
}
