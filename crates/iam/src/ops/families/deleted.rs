//! What is deleted, once nothing stands against it: `DeleteUser`, `DeletePolicy` and so on.

use dispatch::{Cx, Fault};
use store::{Batch, Key};

use super::Named;
use crate::{
    Iam, activity,
    entities::{Entity, Group, Role, User},
    faults::{self, DELETE_CONFLICT},
    gate::{Asked, Permitted},
    managed::ManagedPolicy,
    profiles::InstanceProfile,
    providers::Provider,
};

changes! {
    DeleteGroup(input: DeleteGroupRequest):
        "GroupName={spare-group}", ["groupName"],
        delete::<Group>(&input.group_name);
    DeleteInstanceProfile(input: DeleteInstanceProfileRequest):
        "InstanceProfileName={spare-profile}", ["instanceProfileName"],
        delete::<InstanceProfile>(&input.instance_profile_name);
    DeleteOpenIDConnectProvider(input: DeleteOpenIDConnectProviderRequest):
        "OpenIDConnectProviderArn={provider}", ["openIDConnectProviderArn"],
        delete::<Provider>(&input.open_id_connect_provider_arn);
    DeletePolicy(input: DeletePolicyRequest):
        "PolicyArn={other-managed-policy}", ["policyArn"],
        delete::<ManagedPolicy>(&input.policy_arn);
    DeleteRole(input: DeleteRoleRequest):
        "RoleName={spare-role}", ["roleName"],
        delete::<Role>(&input.role_name);
    DeleteUser(input: DeleteUserRequest):
        "UserName={spare-user}", ["userName"],
        delete::<User>(&input.user_name);
}

/// Deletes what a request names.
fn delete<T: Deleted>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    name: &str,
) -> Result<Option<Batch>, Fault> {
    let permitted = T::TO_CHANGE(iam, cx, action, name, &Asked::default())?;
    T::check(&permitted)?;
    let batch = permitted.deleted();
    Ok(Some(permitted.found.beside().into_iter().fold(batch, Batch::delete)))
}

/// What can be deleted.
trait Deleted: Named {
    /// Refuses while something stands against the deletion.
    fn check(permitted: &Permitted<Self>) -> Result<(), Fault>;

    /// Where else something is stored that is only about it.
    fn beside(&self) -> Vec<Key> {
        Vec::new()
    }
}

impl Deleted for User {
    fn beside(&self) -> Vec<Key> {
        activity::keys(self.entity.account, &self.entity.id).collect()
    }

    fn check(user: &Permitted<Self>) -> Result<(), Fault> {
        let entity = &user.found.entity;
        check_no_policies(entity)?;
        if user.account.access_keys(&entity.id).next().is_some() {
            return Err(faults::conflict("must delete access keys first"));
        }
        if !user.found.groups.is_empty() {
            return Err(faults::conflict("must remove users from group first"));
        }
        Ok(())
    }
}

impl Deleted for Group {
    fn check(group: &Permitted<Self>) -> Result<(), Fault> {
        let entity = &group.found.entity;
        if group.account.members(&entity.id).next().is_some() {
            return Err(faults::conflict("must remove users from group first"));
        }
        check_no_policies(entity)
    }
}

impl Deleted for Role {
    fn beside(&self) -> Vec<Key> {
        activity::keys(self.entity.account, &self.entity.id).collect()
    }

    fn check(role: &Permitted<Self>) -> Result<(), Fault> {
        let entity = &role.found.entity;
        check_no_policies(entity)?;
        if role.account.profiles_of(&entity.id).next().is_some() {
            return Err(faults::conflict("must remove roles from instance profile first"));
        }
        Ok(())
    }
}

/// Whatever holds policies keeps them until they are taken away.
fn check_no_policies(entity: &Entity) -> Result<(), Fault> {
    if !entity.attached.is_empty() {
        return Err(faults::conflict("must detach all policies first"));
    }
    if !entity.inline.is_empty() {
        return Err(faults::conflict("must delete policies first"));
    }
    Ok(())
}

impl Deleted for ManagedPolicy {
    fn check(policy: &Permitted<Self>) -> Result<(), Fault> {
        if policy.account.ties(&policy.found.arn).next().is_some() {
            return Err(Fault::new(&DELETE_CONFLICT, "Cannot delete a policy attached to entities."));
        }
        if policy.found.versions.len() > 1 {
            return Err(Fault::new(
                &DELETE_CONFLICT,
                "This policy has more than one version. Before you delete a policy, you must delete the policy's \
                 versions. The default version is deleted with the policy.",
            ));
        }
        Ok(())
    }
}

impl Deleted for InstanceProfile {
    fn check(profile: &Permitted<Self>) -> Result<(), Fault> {
        match profile.found.role {
            Some(_) => Err(faults::conflict("must remove roles from instance profile first")),
            None => Ok(()),
        }
    }
}

impl Deleted for Provider {
    fn check(_: &Permitted<Self>) -> Result<(), Fault> {
        Ok(())
    }
}
