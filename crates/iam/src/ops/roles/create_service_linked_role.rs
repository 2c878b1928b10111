//! `CreateServiceLinkedRole`: makes the role that a service of AWS has in the account.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{CreateServiceLinkedRoleRequest, CreateServiceLinkedRoleResponse};
use state::created;

use crate::{
    Iam,
    entities::{self, Entity, EntityKind, Role},
    faults,
    gate::{self, Asked, Holder},
    ids::{self, Prefix},
    limits::SESSION_SECONDS_DEFAULT,
    service_linked, shown, written,
};

/// The operation.
pub(crate) struct CreateServiceLinkedRole;

impl Operation for CreateServiceLinkedRole {
    type Service = Iam;
    type Input = CreateServiceLinkedRoleRequest;
    type Output = CreateServiceLinkedRoleResponse;
    const FACTS: Facts = Facts::changing(
        "CreateServiceLinkedRole",
        "AWSServiceName=autoscaling.amazonaws.com&CustomSuffix=new&Description=made",
    )
    .shows(&["aWSServiceName", "description", "customSuffix"])
    .answers(&["role"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let template = service_linked::template(&input.aws_service_name);
        let suffix = input.custom_suffix.as_deref();
        // Strangers do not learn which services there are, so that nothing is refused before policies are asked.
        let path = format!("{}{}/", service_linked::PATH, input.aws_service_name);
        let name =
            template.map_or_else(|| "AWSServiceRoleFor*".to_owned(), |template| template.role_name(suffix));
        let arn = entities::arn(cx.partition(), cx.account(), "role", &path, &name);
        let asked = Asked { service_name: Some(&input.aws_service_name), ..Asked::default() };
        let (_, account) = gate::account(iam, cx, "iam:CreateServiceLinkedRole", &arn, &asked)?;
        let template = template.ok_or_else(|| {
            faults::invalid(format!(
                "Cannot find Service Linked Role template for {}",
                input.aws_service_name
            ))
        })?;
        if suffix.is_some() && !template.suffixes {
            return Err(faults::invalid(format!("Custom suffix is not allowed for {}", template.service)));
        }
        if Role::find(&account, &name).is_some() {
            return Err(faults::invalid(format!(
                "Service role name {name} has been taken in this account, please try a different suffix."
            )));
        }
        let id = ids::generate(cx, Prefix::Role)?;
        let role = Role {
            entity: Entity::new(cx, EntityKind::Role, name, template.path(), id),
            trust: written::trust(iam, cx.region, &template.trust())?,
            description: input.description,
            session_seconds_max: SESSION_SECONDS_DEFAULT,
        };
        let change = created(&role);
        let shown = model::iam::Role {
            max_session_duration: None,
            role_last_used: None,
            ..shown::role(iam, &role, cx.now)
        };
        Ok(Outcome::changing(CreateServiceLinkedRoleResponse { role: Some(shown) }, change))
    }
}
