//! Permissions boundaries of users and roles: `Put…PermissionsBoundary` and `Delete…PermissionsBoundary`.

use dispatch::{Cx, Fault};
use store::Batch;

use crate::{
    Iam,
    entities::{Role, User},
    gate::{self, Asked, Holder},
};

changes! {
    PutRolePermissionsBoundary(input: PutRolePermissionsBoundaryRequest):
        "RoleName={role}&PermissionsBoundary={managed-policy}", ["roleName", "permissionsBoundary"],
        put::<Role>(&input.role_name, &input.permissions_boundary);
    PutUserPermissionsBoundary(input: PutUserPermissionsBoundaryRequest):
        "UserName={user}&PermissionsBoundary={managed-policy}", ["userName", "permissionsBoundary"],
        put::<User>(&input.user_name, &input.permissions_boundary);

    DeleteRolePermissionsBoundary(input: DeleteRolePermissionsBoundaryRequest):
        "RoleName={role}", ["roleName"],
        delete::<Role>(&input.role_name);
    DeleteUserPermissionsBoundary(input: DeleteUserPermissionsBoundaryRequest):
        "UserName={user}", ["userName"],
        delete::<User>(&input.user_name);
}

/// Makes a managed policy the boundary.
fn put<T: Holder>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    holder: &str,
    arn: &str,
) -> Result<Option<Batch>, Fault> {
    let asked = Asked { boundary: Some(arn), ..Asked::default() };
    let holder = gate::holder::<T>(iam, cx, action, holder, &asked)?;
    gate::attachable(&holder.account, arn)?;
    let mut change = holder.changed(|holder| {
        holder.entity_mut().boundary = Some(arn.to_owned());
        Ok(())
    })?;
    if let Some(change) = &mut change {
        gate::hold(&holder.account, arn, change)?;
    }
    Ok(change)
}

/// Takes the boundary away. Nothing changes where there is none.
fn delete<T: Holder>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    holder: &str,
) -> Result<Option<Batch>, Fault> {
    gate::holder::<T>(iam, cx, action, holder, &Asked::default())?.changed(|holder| {
        holder.entity_mut().boundary = None;
        Ok(())
    })
}
