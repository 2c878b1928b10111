//! `UpdateGroup`: gives a group another name or path. Its unique id stays.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateGroup.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::UpdateGroupRequest};

use crate::{
    Iam,
    entities::{self, Group, fold},
    gate::{self, Asked, Holder},
};

/// The operation.
pub(crate) struct UpdateGroup;

impl Operation for UpdateGroup {
    type Service = Iam;
    type Input = UpdateGroupRequest;
    type Output = Nothing;
    const FACTS: Facts = Facts {
        name: "UpdateGroup",
        read_only: false,
        example: "GroupName={group}&NewGroupName=renamed&NewPath=%2Fnew%2F",
    };

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: UpdateGroupRequest) -> Result<Outcome<Nothing>, Fault> {
        let group = gate::holder::<Group>(iam, cx, "iam:UpdateGroup", &input.group_name, &Asked::default())?;
        let mut changed = Group::clone(&group.found);
        let entity = changed.entity_mut();
        if let Some(name) = input.new_group_name {
            entity.name = name;
        }
        if let Some(path) = input.new_path {
            entity.path = path;
        }
        // The name that it is going to have must be the caller's to give.
        let arn = entities::arn(cx.account(), "group", &entity.path, &entity.name);
        gate::account(iam, cx, "iam:UpdateGroup", &arn, &Asked::default())?;
        let (old, new) = (fold(&group.found.entity.name), fold(&changed.entity.name));
        if old == new {
            let change = group.changed(|group| {
                *group = changed;
                Ok(())
            })?;
            return Ok(gate::outcome(Nothing {}, change));
        }
        gate::check_free::<Group>(&group.account, &changed.entity.name)?;
        let mut change = group.deleted();
        let made = gate::made(&changed);
        change.preconditions.extend(made.preconditions);
        change.puts.extend(made.puts);
        Ok(Outcome::changing(Nothing {}, change))
    }
}
