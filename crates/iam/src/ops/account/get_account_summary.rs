//! `GetAccountSummary`: how many identities of each kind the account has, and how many it may have.
//! <https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html>

use std::collections::BTreeMap;

use dispatch::{Cx, Facts, Fault, Operation, Outcome};
use model::{Nothing, iam::GetAccountSummaryResponse};

use crate::{
    Iam,
    gate::{self, Asked},
    limits,
};

/// The operation.
pub(crate) struct GetAccountSummary;

impl Operation for GetAccountSummary {
    type Service = Iam;
    type Input = Nothing;
    type Output = GetAccountSummaryResponse;
    const FACTS: Facts = Facts::reading("GetAccountSummary", "");

    async fn run(iam: &Iam, cx: &mut Cx<'_>, _: Self::Input) -> Result<Outcome<Self::Output>, Fault> {
        let (_, account) = gate::account(iam, cx, "iam:GetAccountSummary", "*", &Asked::default())?;
        let versions = account.policies.values().map(|policy| policy.versions.len()).sum();
        let rows = [
            ("AccessKeysPerUserQuota", limits::ACCESS_KEYS),
            ("AccountAccessKeysPresent", usize::from(account.access_keys("").next().is_some())),
            ("AccountMFAEnabled", 0),
            ("AccountSigningCertificatesPresent", 0),
            ("AttachedPoliciesPerGroupQuota", limits::ATTACHED_POLICIES),
            ("AttachedPoliciesPerRoleQuota", limits::ATTACHED_POLICIES),
            ("AttachedPoliciesPerUserQuota", limits::ATTACHED_POLICIES),
            ("AssumeRolePolicySizeQuota", limits::TRUST_POLICY),
            ("GroupPolicySizeQuota", limits::INLINE_OF_GROUP),
            ("Groups", account.groups.len()),
            ("GroupsPerUserQuota", limits::GROUPS_PER_USER),
            ("InstanceProfiles", account.profiles.len()),
            ("MFADevices", 0),
            ("MFADevicesInUse", 0),
            ("Policies", account.policies.len()),
            ("PolicySizeQuota", limits::MANAGED_POLICY),
            ("PolicyVersionsInUse", versions),
            ("Providers", account.providers.len()),
            ("RolePolicySizeQuota", limits::INLINE_OF_ROLE),
            ("Roles", account.roles.len()),
            ("ServerCertificates", 0),
            ("UserPolicySizeQuota", limits::INLINE_OF_USER),
            ("Users", account.users.len()),
            ("VersionsPerPolicyQuota", limits::POLICY_VERSIONS),
        ];
        let map: BTreeMap<String, i32> = rows
            .into_iter()
            .map(|(name, count)| (name.to_owned(), i32::try_from(count).unwrap_or(i32::MAX)))
            .collect();
        Ok(GetAccountSummaryResponse { summary_map: Some(map) }.into())
    }
}
