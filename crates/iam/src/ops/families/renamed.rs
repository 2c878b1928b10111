//! Other names and paths for users and groups: `UpdateGroup` and `UpdateUser`. The unique id stays.

use dispatch::{Cx, Fault};
use state::created;
use store::Batch;

use crate::{
    Iam,
    entities::{self, Group, User, fold},
    gate::{self, Asked, Holder},
    ids,
};

changes! {
    UpdateGroup(input: UpdateGroupRequest):
        "GroupName={group}&NewGroupName=renamed&NewPath=%2Fnew%2F", ["groupName", "newPath", "newGroupName"],
        rename::<Group>(&input.group_name, input.new_group_name, input.new_path);
    UpdateUser(input: UpdateUserRequest):
        "UserName={user}&NewUserName=renamed&NewPath=%2Fnew%2F", ["userName", "newPath", "newUserName"],
        rename::<User>(&input.user_name, input.new_user_name, input.new_path);
}

/// Gives another name, another path, or both.
fn rename<T: Holder>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    holder: &str,
    new_name: Option<String>,
    new_path: Option<String>,
) -> Result<Option<Batch>, Fault> {
    let holder = gate::holder::<T>(iam, cx, action, holder, &Asked::default())?;
    let mut changed = T::clone(&holder.found);
    let entity = changed.entity_mut();
    if let Some(name) = new_name {
        entity.name = name;
    }
    if let Some(path) = new_path {
        entity.path = ids::path(Some(path))?;
    }
    // Its next ARN must be the caller's to give, too.
    let arn = entities::arn(cx.partition(), cx.account(), T::KIND.as_str(), &entity.path, &entity.name);
    gate::account(iam, cx, action, &arn, &Asked::default())?;
    let (old, new) = (&holder.found.entity().name, &changed.entity().name);
    if fold(old) == fold(new) {
        return holder.changed(|holder| {
            *holder = changed;
            Ok(())
        });
    }
    gate::check_free::<T>(&holder.account, new)?;
    Ok(Some(holder.deleted().and(created(&changed))))
}
