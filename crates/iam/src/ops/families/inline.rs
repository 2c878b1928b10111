//! Inline policies of users, groups and roles: `Put…Policy`, `Get…Policy`, `Delete…Policy` and `List…Policies`.

use dispatch::{Cx, Fault, Page};
use store::Batch;

use crate::{
    Iam,
    entities::{Entity, EntityKind, Group, Role, User},
    faults::{self, LIMIT_EXCEEDED},
    gate::{self, Asked, Holder},
    limits::{INLINE_OF_GROUP, INLINE_OF_ROLE, INLINE_OF_USER},
    pages, shown, written,
};

changes! {
    PutGroupPolicy(input: PutGroupPolicyRequest):
        r#"GroupName={group}&PolicyName=new&PolicyDocument={"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#,
        ["groupName", "policyName", "policyDocument"],
        put::<Group>(&input.group_name, &input.policy_name, &input.policy_document);
    PutRolePolicy(input: PutRolePolicyRequest):
        r#"RoleName={role}&PolicyName=new&PolicyDocument={"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#,
        ["roleName", "policyName", "policyDocument"],
        put::<Role>(&input.role_name, &input.policy_name, &input.policy_document);
    PutUserPolicy(input: PutUserPolicyRequest):
        r#"UserName={user}&PolicyName=new&PolicyDocument={"Statement":{"Effect":"Allow","Action":"kms:*","Resource":"*"}}"#,
        ["userName", "policyName", "policyDocument"],
        put::<User>(&input.user_name, &input.policy_name, &input.policy_document);

    DeleteGroupPolicy(input: DeleteGroupPolicyRequest):
        "GroupName={group}&PolicyName=inline", ["groupName", "policyName"],
        delete::<Group>(&input.group_name, &input.policy_name);
    DeleteRolePolicy(input: DeleteRolePolicyRequest):
        "RoleName={role}&PolicyName=inline", ["roleName", "policyName"],
        delete::<Role>(&input.role_name, &input.policy_name);
    DeleteUserPolicy(input: DeleteUserPolicyRequest):
        "UserName={user}&PolicyName=inline", ["userName", "policyName"],
        delete::<User>(&input.user_name, &input.policy_name);
}

reads! {
    GetGroupPolicy(input: GetGroupPolicyRequest)
        -> GetGroupPolicyResponse { group_name, policy_name, policy_document }:
        "GroupName={group}&PolicyName=inline", ["groupName", "policyName"],
        get::<Group>(&input.group_name, input.policy_name);
    GetRolePolicy(input: GetRolePolicyRequest)
        -> GetRolePolicyResponse { role_name, policy_name, policy_document }:
        "RoleName={role}&PolicyName=inline", ["roleName", "policyName"],
        get::<Role>(&input.role_name, input.policy_name);
    GetUserPolicy(input: GetUserPolicyRequest)
        -> GetUserPolicyResponse { user_name, policy_name, policy_document }:
        "UserName={user}&PolicyName=inline", ["userName", "policyName"],
        get::<User>(&input.user_name, input.policy_name);
}

lists! {
    ListGroupPolicies(input: ListGroupPoliciesRequest) -> ListGroupPoliciesResponse { policy_names }:
        "GroupName={group}", ["groupName"],
        list::<Group>(&input.group_name);
    ListRolePolicies(input: ListRolePoliciesRequest) -> ListRolePoliciesResponse { policy_names }:
        "RoleName={role}", ["roleName"],
        list::<Role>(&input.role_name);
    ListUserPolicies(input: ListUserPoliciesRequest) -> ListUserPoliciesResponse { policy_names }:
        "UserName={user}", ["userName"],
        list::<User>(&input.user_name);
}

/// Puts a policy, in the place of one with the same name if there is one.
fn put<T: Holder>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    holder: &str,
    name: &str,
    text: &str,
) -> Result<Option<Batch>, Fault> {
    let holder = gate::holder::<T>(iam, cx, action, holder, &Asked::default())?;
    holder.changed(|holder| {
        let document = written::identity(iam, cx.region, text)?;
        let entity = holder.entity_mut();
        entity.inline.insert(name.to_owned(), document);
        check_size(entity)
    })
}

/// All inline policies of an entity together have a limit.
fn check_size(entity: &Entity) -> Result<(), Fault> {
    let limit = match entity.kind {
        EntityKind::User => INLINE_OF_USER,
        EntityKind::Group => INLINE_OF_GROUP,
        EntityKind::Role => INLINE_OF_ROLE,
    };
    let size: usize = entity.inline.values().map(|document| written::size(document.text())).sum();
    if size <= limit {
        return Ok(());
    }
    let (kind, name) = (entity.kind.as_str(), &entity.name);
    Err(Fault::new(
        &LIMIT_EXCEEDED,
        format!("Maximum policy size of {limit} bytes exceeded for {kind} {name}"),
    ))
}

/// Deletes a policy.
fn delete<T: Holder>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    holder: &str,
    name: &str,
) -> Result<Option<Batch>, Fault> {
    let holder = gate::holder::<T>(iam, cx, action, holder, &Asked::default())?;
    holder.changed(|holder| {
        let entity = holder.entity_mut();
        entity.inline.remove(name).map(|_| ()).ok_or_else(|| unknown(entity, name))
    })
}

/// The holder's name, the policy's name, and the policy.
fn get<T: Holder>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    holder: &str,
    name: String,
) -> Result<(String, String, String), Fault> {
    let holder = gate::holder::<T>(iam, cx, action, holder, &Asked::default())?;
    let entity = holder.found.entity();
    let document = entity.inline.get(&name).ok_or_else(|| unknown(entity, &name))?;
    Ok((entity.name.clone(), name, shown::encoded(document.text())))
}

fn unknown(entity: &Entity, name: &str) -> Fault {
    faults::no_such(format!("The {} policy with name {name} cannot be found.", entity.kind.as_str()))
}

/// The names of the policies.
fn list<T: Holder>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    page: pages::Wish<'_>,
    holder: &str,
) -> Result<Page<String>, Fault> {
    let holder = gate::holder::<T>(iam, cx, action, holder, &Asked::default())?;
    let entity = holder.found.entity();
    let page = pages::Wish { of: &entity.id, ..page };
    pages::page_of(iam, cx, &page, entity.inline.keys().cloned(), String::clone)
}
