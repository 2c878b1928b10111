//! `CreateGroup`: makes a group.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{CreateGroupRequest, CreateGroupResponse};
use state::created;

use crate::{
    Iam,
    entities::{self, Entity, EntityKind, Group},
    gate::{self, Asked},
    ids::{self, Prefix},
    shown,
};

/// The operation.
pub(crate) struct CreateGroup;

impl Operation for CreateGroup {
    type Service = Iam;
    type Input = CreateGroupRequest;
    type Output = CreateGroupResponse;
    const FACTS: Facts = Facts::changing("CreateGroup", "GroupName=new&Path=%2Fstaff%2F")
        .shows(&["path", "groupName"])
        .answers(&["group"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let path = ids::path(input.path)?;
        let arn = entities::arn(cx.partition(), cx.account(), "group", &path, &input.group_name);
        let (_, account) = gate::account(iam, cx, "iam:CreateGroup", &arn, &Asked::default())?;
        gate::check_free::<Group>(&account, &input.group_name)?;
        let id = ids::generate(cx, Prefix::Group)?;
        let group = Group { entity: Entity::new(cx, EntityKind::Group, input.group_name, path, id) };
        Ok(Outcome::changing(CreateGroupResponse { group: shown::group(&group) }, created(&group)))
    }
}
