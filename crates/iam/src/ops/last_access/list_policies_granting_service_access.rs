//! `ListPoliciesGrantingServiceAccess`: the policies by which somebody can call a service.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPoliciesGrantingServiceAccess.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome, Page};
use model::iam::{
    ListPoliciesGrantingServiceAccessEntry, ListPoliciesGrantingServiceAccessRequest,
    ListPoliciesGrantingServiceAccessResponse, PolicyGrantingServiceAccess, PolicyType,
};

use crate::{
    Iam, faults, gate,
    granting::{self, Entitled, Granting},
    pages,
};

/// The operation.
pub(crate) struct ListPoliciesGrantingServiceAccess;

impl Operation for ListPoliciesGrantingServiceAccess {
    type Service = Iam;
    type Input = ListPoliciesGrantingServiceAccessRequest;
    type Output = ListPoliciesGrantingServiceAccessResponse;
    const FACTS: Facts = Facts::reading(
        "ListPoliciesGrantingServiceAccess",
        "Arn={user-arn}&ServiceNamespaces.member.1=kms&ServiceNamespaces.member.2=iam",
    )
    .shows(&["arn", "serviceNamespaces", "marker"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let entitled = super::entitled(iam, cx, "iam:ListPoliciesGrantingServiceAccess", &input.arn)?;
        if let Entitled::Policy(_) = entitled {
            return Err(faults::invalid(format!("{} is no user, group or role.", input.arn)));
        }
        let (tables, account) = gate::here(iam, cx)?;
        let policies = entitled.policies(&tables, &account);
        let asked = pages::Wish {
            name: "ListPoliciesGrantingServiceAccess",
            of: &format!("{} {:?}", input.arn, input.service_namespaces),
            marker: input.marker.as_deref(),
            max_items: None,
        };
        let namespaces = input.service_namespaces.iter().enumerate();
        let page = pages::page_of(iam, cx, &asked, namespaces, |(number, _)| format!("{number:03}"))?;
        let Page { items, truncated, next_marker } =
            pages::shown(page, |(_, namespace)| ListPoliciesGrantingServiceAccessEntry {
                service_namespace: Some(namespace.clone()),
                policies: Some(
                    policies.iter().filter(|policy| policy.allows(namespace)).map(shown).collect(),
                ),
            });
        Ok(ListPoliciesGrantingServiceAccessResponse {
            policies_granting_service_access: items,
            is_truncated: Some(truncated),
            marker: next_marker,
        }
        .into())
    }
}

fn shown(policy: &Granting<'_>) -> PolicyGrantingServiceAccess {
    PolicyGrantingServiceAccess {
        policy_name: policy.name.to_owned(),
        policy_type: if policy.arn.is_some() { PolicyType::Managed } else { PolicyType::Inline },
        policy_arn: policy.arn.map(ToOwned::to_owned),
        entity_type: policy.holder.map(|holder| granting::owner(holder.kind)),
        entity_name: policy.holder.map(|holder| holder.name.clone()),
    }
}
