//! `SimulateCustomPolicy`: what policies would allow.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{SimulateCustomPolicyRequest, SimulatePolicyResponse};

use super::no_organizations;
use crate::{
    Iam, gate,
    simulate::{self, Request, Results},
};

/// The operation.
pub(crate) struct SimulateCustomPolicy;

impl Operation for SimulateCustomPolicy {
    type Service = Iam;
    type Input = SimulateCustomPolicyRequest;
    type Output = SimulatePolicyResponse;
    const FACTS: Facts = Facts::reading(
        "SimulateCustomPolicy",
        r#"PolicyInputList.member.1={"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}&ActionNames.member.1=kms:Encrypt"#,
    ).shows(&["actionNames", "resourceArns", "resourceOwner", "callerArn", "resourceHandlingOption", "maxItems", "marker"]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        gate::account(iam, cx, "iam:SimulateCustomPolicy", "*", &gate::Asked::default())?;
        no_organizations(input.ordered_organization_policy_input_list.is_some_and(|list| !list.is_empty()))?;
        let policies = simulate::passed(iam, cx, "PolicyInputList", &input.policy_input_list)?;
        let boundary =
            simulate::passed_boundary(iam, cx, input.permissions_boundary_policy_input_list.as_ref())?;
        let request = Request {
            resource_policy: input.resource_policy,
            resource_owner: input.resource_owner,
            caller_arn: input.caller_arn,
            context_entries: input.context_entries,
        };
        let simulation = request.simulation(iam, cx, None, policies, boundary)?;
        let results = Results {
            actions: input.action_names,
            resources: input.resource_arns,
            marker: input.marker,
            max_items: input.max_items,
        };
        Ok(results.page(iam, cx, "SimulateCustomPolicy", &simulation)?.into())
    }
}
