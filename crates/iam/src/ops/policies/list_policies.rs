//! `ListPolicies`: the managed policies of the account and of AWS.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPolicies.html>

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::iam::{ListPoliciesRequest, ListPoliciesResponse, PolicyScopeType, PolicyUsageType};

use crate::{
    Iam,
    gate::{self, Asked},
    managed, pages, shown,
};

/// The operation.
pub(crate) struct ListPolicies;

impl Operation for ListPolicies {
    type Service = Iam;
    type Input = ListPoliciesRequest;
    type Output = ListPoliciesResponse;
    const FACTS: Facts = Facts::reading("ListPolicies", "Scope=All&OnlyAttached=false&MaxItems=10").shows(&[
        "scope",
        "onlyAttached",
        "pathPrefix",
        "policyUsageFilter",
        "marker",
        "maxItems",
    ]);

    async fn run(iam: &Iam, cx: &mut Cx<'_>, input: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let (_, account) = gate::account(iam, cx, "iam:ListPolicies", "*", &Asked::default())?;
        let scope = input.scope.unwrap_or(PolicyScopeType::All);
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let only_attached = input.only_attached == Some(true);
        let usage = input.policy_usage_filter;
        let of = format!("{scope} {prefix} {only_attached} {usage:?}");
        let asked = pages::Wish {
            name: "ListPolicies",
            of: &of,
            marker: input.marker.as_deref(),
            max_items: input.max_items,
        };
        let own = account.policies.values().filter(|_| scope != PolicyScopeType::Aws);
        let of_aws = managed::of_aws(account.partition).iter().filter(|_| scope != PolicyScopeType::Local);
        let listed = of_aws.chain(own).filter(|policy| {
            let mut ties = account.ties(&policy.arn);
            let wanted = match usage {
                Some(PolicyUsageType::PermissionsBoundary) => ties.any(|tie| tie.bounds),
                Some(PolicyUsageType::PermissionsPolicy) => ties.any(|tie| !tie.bounds),
                None => true,
            };
            wanted
                && policy.path.starts_with(prefix)
                && (!only_attached || account.ties(&policy.arn).any(|tie| !tie.bounds))
        });
        // In the order of their names: AWS's among the account's own.
        let mut listed: Vec<_> = listed.collect();
        listed.sort_by_key(|policy| order(policy));
        let page = pages::page_of(iam, cx, &asked, listed, |policy| order(policy))?;
        Ok(ListPoliciesResponse {
            policies: Some(
                page.items.into_iter().map(|policy| shown::listed_policy(&account, policy)).collect(),
            ),
            is_truncated: Some(page.truncated),
            marker: page.next_marker,
        }
        .into())
    }
}

fn order(policy: &managed::ManagedPolicy) -> String {
    format!("{} {}", policy.name.to_ascii_lowercase(), policy.arn)
}
