//! `CreateRole`: makes a role.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{CreateRoleRequest, CreateRoleResponse};
use state::created;

use crate::{
    Iam,
    entities::{self, Entity, EntityKind, Role},
    faults,
    gate::{self, Asked},
    ids::{self, Prefix},
    limits::SESSION_SECONDS_DEFAULT,
    service_linked, shown, tags, written,
};

/// The operation.
pub(crate) struct CreateRole;

impl Operation for CreateRole {
    type Service = Iam;
    type Input = CreateRoleRequest;
    type Output = CreateRoleResponse;
    const FACTS: Facts = Facts::changing(
        "CreateRole",
        r#"RoleName=new&AssumeRolePolicyDocument={"Statement":{"Effect":"Allow","Principal":{"Service":"a.example"},"Action":"sts:AssumeRole"}}&Description=made&Path=%2Fstaff%2F&MaxSessionDuration=7200&PermissionsBoundary={managed-policy}&Tags.member.1.Key=team&Tags.member.1.Value=pay"#,
    ).shows(&["path", "roleName", "assumeRolePolicyDocument", "description", "maxSessionDuration", "permissionsBoundary", "tags"]).answers(&["role"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let path = ids::path(input.path)?;
        let tags = tags::parse(input.tags.as_deref())?;
        let boundary = input.permissions_boundary;
        let asked = Asked { tags: Some(&tags), boundary: boundary.as_deref(), ..Asked::default() };
        let arn = entities::arn(cx.partition(), cx.account(), "role", &path, &input.role_name);
        let (_, account) = gate::account(iam, cx, "iam:CreateRole", &arn, &asked)?;
        if !tags.is_empty() {
            gate::account(iam, cx, "iam:TagRole", &arn, &asked)?;
        }
        if path.starts_with(service_linked::PATH) {
            return Err(faults::invalid(format!(
                "The path {} is for roles that are linked to a service.",
                service_linked::PATH
            )));
        }
        gate::check_free::<Role>(&account, &input.role_name)?;
        let trust = written::trust(iam, cx.region, &input.assume_role_policy_document)?;
        let entity = Entity {
            boundary: boundary.clone(),
            tags,
            ..Entity::new(cx, EntityKind::Role, input.role_name, path, ids::generate(cx, Prefix::Role)?)
        };
        let seconds = input.max_session_duration.and_then(|seconds| u32::try_from(seconds).ok());
        let role = Role {
            entity,
            trust,
            description: input.description,
            session_seconds_max: seconds.unwrap_or(SESSION_SECONDS_DEFAULT),
        };
        let mut change = created(&role);
        if let Some(boundary) = &boundary {
            gate::hold(&account, boundary, &mut change)?;
        }
        // AWS's answer to this operation alone leaves these out.
        let shown = model::iam::Role {
            max_session_duration: None,
            role_last_used: None,
            ..shown::role(iam, &role, cx.now)
        };
        Ok(Outcome::changing(CreateRoleResponse { role: shown }, change))
    }
}
