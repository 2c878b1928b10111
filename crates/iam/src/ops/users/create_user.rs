//! `CreateUser`: makes a user.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html>

use std::collections::BTreeSet;

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{CreateUserRequest, CreateUserResponse};
use state::created;

use crate::{
    Iam,
    entities::{self, Entity, EntityKind, User},
    gate::{self, Asked},
    ids::{self, Prefix},
    shown, tags,
};

/// The operation.
pub(crate) struct CreateUser;

impl Operation for CreateUser {
    type Service = Iam;
    type Input = CreateUserRequest;
    type Output = CreateUserResponse;
    const FACTS: Facts = Facts::changing(
        "CreateUser",
        "UserName=new&Path=%2Fstaff%2F&PermissionsBoundary={managed-policy}&Tags.member.1.Key=team&Tags.member.1.Value=pay",
    ).shows(&["path", "userName", "permissionsBoundary", "tags"]).answers(&["user"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let path = ids::path(input.path)?;
        let tags = tags::parse(input.tags.as_deref())?;
        let boundary = input.permissions_boundary;
        let asked = Asked { tags: Some(&tags), boundary: boundary.as_deref(), ..Asked::default() };
        let arn = entities::arn(cx.partition(), cx.account(), "user", &path, &input.user_name);
        let (_, account) = gate::account(iam, cx, "iam:CreateUser", &arn, &asked)?;
        if !tags.is_empty() {
            gate::account(iam, cx, "iam:TagUser", &arn, &asked)?;
        }
        gate::check_free::<User>(&account, &input.user_name)?;
        let entity = Entity {
            boundary: boundary.clone(),
            tags,
            ..Entity::new(cx, EntityKind::User, input.user_name, path, ids::generate(cx, Prefix::User)?)
        };
        let user = User { entity, groups: BTreeSet::new() };
        let mut change = created(&user);
        if let Some(boundary) = &boundary {
            gate::hold(&account, boundary, &mut change)?;
        }
        Ok(Outcome::changing(CreateUserResponse { user: Some(shown::user(&user)) }, change))
    }
}
