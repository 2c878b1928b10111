//! Managed policies that are attached to users, groups and roles: `Attach…Policy`, `Detach…Policy` and
//! `ListAttached…Policies`.

use dispatch::{Cx, Fault, Page};
use model::iam::AttachedPolicy;
use store::Batch;

use crate::{
    Iam,
    entities::{EntityKind, Group, Role, User},
    faults,
    gate::{self, Asked, Holder},
    limits::ATTACHED_POLICIES,
    managed, pages, shown,
};

changes! {
    AttachGroupPolicy(input: AttachGroupPolicyRequest):
        "GroupName={group}&PolicyArn={other-managed-policy}", ["groupName", "policyArn"],
        attach::<Group>(&input.group_name, &input.policy_arn);
    AttachRolePolicy(input: AttachRolePolicyRequest):
        "RoleName={role}&PolicyArn={other-managed-policy}", ["roleName", "policyArn"],
        attach::<Role>(&input.role_name, &input.policy_arn);
    AttachUserPolicy(input: AttachUserPolicyRequest):
        "UserName={user}&PolicyArn={other-managed-policy}", ["userName", "policyArn"],
        attach::<User>(&input.user_name, &input.policy_arn);

    DetachGroupPolicy(input: DetachGroupPolicyRequest):
        "GroupName={group}&PolicyArn={managed-policy}", ["groupName", "policyArn"],
        detach::<Group>(&input.group_name, &input.policy_arn);
    DetachRolePolicy(input: DetachRolePolicyRequest):
        "RoleName={role}&PolicyArn={managed-policy}", ["roleName", "policyArn"],
        detach::<Role>(&input.role_name, &input.policy_arn);
    DetachUserPolicy(input: DetachUserPolicyRequest):
        "UserName={user}&PolicyArn={managed-policy}", ["userName", "policyArn"],
        detach::<User>(&input.user_name, &input.policy_arn);
}

lists! {
    ListAttachedGroupPolicies(input: ListAttachedGroupPoliciesRequest)
        -> ListAttachedGroupPoliciesResponse { attached_policies }:
        "GroupName={group}", ["groupName", "pathPrefix"],
        list::<Group>(&input.group_name, input.path_prefix.as_deref());
    ListAttachedRolePolicies(input: ListAttachedRolePoliciesRequest)
        -> ListAttachedRolePoliciesResponse { attached_policies }:
        "RoleName={role}", ["roleName", "pathPrefix"],
        list::<Role>(&input.role_name, input.path_prefix.as_deref());
    ListAttachedUserPolicies(input: ListAttachedUserPoliciesRequest)
        -> ListAttachedUserPoliciesResponse { attached_policies }:
        "UserName={user}", ["userName", "pathPrefix"],
        list::<User>(&input.user_name, input.path_prefix.as_deref());
}

/// Attaches a policy. What is attached already stays as it is.
fn attach<T: Holder>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    holder: &str,
    arn: &str,
) -> Result<Option<Batch>, Fault> {
    let asked = Asked { policy_arn: Some(arn), ..Asked::default() };
    let holder = gate::holder::<T>(iam, cx, action, holder, &asked)?;
    gate::attachable(&holder.account, arn)?;
    let mut change = holder.changed(|holder| {
        let attached = &mut holder.entity_mut().attached;
        attached.insert(arn.to_owned());
        if attached.len() > ATTACHED_POLICIES {
            let quota = match T::KIND {
                EntityKind::User => "PoliciesPerUser",
                EntityKind::Group => "PoliciesPerGroup",
                EntityKind::Role => "PoliciesPerRole",
            };
            return Err(faults::quota(quota, ATTACHED_POLICIES));
        }
        Ok(())
    })?;
    if let Some(change) = &mut change {
        gate::hold(&holder.account, arn, change)?;
    }
    Ok(change)
}

/// Detaches a policy.
fn detach<T: Holder>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    holder: &str,
    arn: &str,
) -> Result<Option<Batch>, Fault> {
    let asked = Asked { policy_arn: Some(arn), ..Asked::default() };
    let holder = gate::holder::<T>(iam, cx, action, holder, &asked)?;
    holder.changed(|holder| match holder.entity_mut().attached.remove(arn) {
        true => Ok(()),
        false => Err(gate::check_arn(cx.partition(), arn).err().unwrap_or_else(|| faults::no_policy(arn))),
    })
}

/// The attached policies whose paths begin with a prefix, in the order of their ARNs.
fn list<T: Holder>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    page: pages::Wish<'_>,
    holder: &str,
    prefix: Option<&str>,
) -> Result<Page<AttachedPolicy>, Fault> {
    let holder = gate::holder::<T>(iam, cx, action, holder, &Asked::default())?;
    let (entity, prefix) = (holder.found.entity(), prefix.unwrap_or("/"));
    let of = format!("{} {prefix}", entity.id);
    let page = pages::Wish { of: &of, ..page };
    let arn = |policy: &AttachedPolicy| policy.policy_arn.clone().unwrap_or_default();
    let attached = shown::attached(&holder.account, entity);
    let attached = attached.filter(|policy| managed::is_under(policy.policy_arn.as_deref(), prefix));
    pages::page_of(iam, cx, &page, attached, arn)
}
