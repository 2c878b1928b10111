//! `SimulatePrincipalPolicy`: what a user, group or role may do.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html>
//!
//! A role is simulated as its session, with resource policies too, which AWS does not offer.

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{SimulatePolicyResponse, SimulatePrincipalPolicyRequest};

use crate::{
    Iam, faults,
    simulate::{self, Request, Results},
};

/// The operation.
pub(crate) struct SimulatePrincipalPolicy;

impl Operation for SimulatePrincipalPolicy {
    type Service = Iam;
    type Input = SimulatePrincipalPolicyRequest;
    type Output = SimulatePolicyResponse;
    const FACTS: Facts = Facts::reading(
        "SimulatePrincipalPolicy",
        "PolicySourceArn={user-arn}&ActionNames.member.1=kms:Encrypt",
    )
    .shows(&[
        "policySourceArn",
        "actionNames",
        "resourceArns",
        "resourceOwner",
        "callerArn",
        "resourceHandlingOption",
        "maxItems",
        "marker",
    ]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let subject = simulate::subject(iam, cx, "iam:SimulatePrincipalPolicy", &input.policy_source_arn)?;
        if input.policy_exclusion_list.is_some_and(|list| !list.is_empty()) {
            return Err(faults::invalid("PolicyExclusionList is not offered."));
        }
        let mut policies = subject.policies;
        let more = input.policy_input_list.unwrap_or_default();
        policies.extend(simulate::passed(iam, cx, "PolicyInputList", &more)?);
        let passed =
            simulate::passed_boundary(iam, cx, input.permissions_boundary_policy_input_list.as_ref())?;
        let request = Request {
            resource_policy: input.resource_policy,
            resource_owner: input.resource_owner,
            caller_arn: input.caller_arn,
            context_entries: input.context_entries,
        };
        let boundary = passed.or(subject.boundary);
        let simulation = request.simulation(iam, cx, Some(&subject.entity), policies, boundary)?;
        let results = Results {
            actions: input.action_names,
            resources: input.resource_arns,
            marker: input.marker,
            max_items: input.max_items,
        };
        Ok(results.page(iam, cx, "SimulatePrincipalPolicy", &simulation)?.into())
    }
}
