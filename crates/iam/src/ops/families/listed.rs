//! What an account has: `ListUsers`, `ListGroups`, `ListRoles` and `ListInstanceProfiles`.

use std::{ops::Bound, sync::Arc};

use dispatch::{Cx, Fault, Page};
use imbl::OrdMap;
use model::iam;

use crate::{
    Iam,
    entities::{Group, Role, User},
    gate::{self, Asked},
    pages,
    profiles::InstanceProfile,
    shown,
    tables::{Account, Tables},
};

lists! {
    ListGroups(input: ListGroupsRequest) -> ListGroupsResponse { groups }:
        "PathPrefix=%2F&MaxItems=10", ["pathPrefix"],
        list::<Group>(input.path_prefix.as_deref());
    ListInstanceProfiles(input: ListInstanceProfilesRequest)
        -> ListInstanceProfilesResponse { instance_profiles }:
        "", ["pathPrefix"],
        list::<InstanceProfile>(input.path_prefix.as_deref());
    ListRoles(input: ListRolesRequest) -> ListRolesResponse { roles }:
        "PathPrefix=%2F&MaxItems=10", ["pathPrefix"],
        list::<Role>(input.path_prefix.as_deref());
    ListUsers(input: ListUsersRequest) -> ListUsersResponse { users }:
        "PathPrefix=%2F&MaxItems=10", ["pathPrefix"],
        list::<User>(input.path_prefix.as_deref());
}

/// What an account has many of.
trait Listed: Sized + 'static {
    /// As listings have it.
    type Shown;
    /// As ARNs name its kind.
    const KIND: &'static str;
    /// All that an account has, by their names in small letters.
    fn all(account: &Account) -> &OrdMap<String, Arc<Self>>;
    /// From `/` to `/`.
    fn path(&self) -> &str;
    /// As listings have it.
    fn shown(&self, iam: &Iam, tables: &Tables) -> Self::Shown;
}

/// What each is called in ARNs, where the account has all of them, where each has its path, and how it is shown.
macro_rules! listed {
    ($($type:ident: $kind:literal, $all:ident, $($path:ident).*,
        |$this:ident, $iam:ident, $tables:ident| $shown:expr;)*) => {
        $(impl Listed for $type {
            type Shown = iam::$type;
            const KIND: &'static str = $kind;

            fn all(account: &Account) -> &OrdMap<String, Arc<Self>> {
                &account.$all
            }

            fn path(&self) -> &str {
                &self.$($path).*
            }

            fn shown(&self, $iam: &Iam, $tables: &Tables) -> Self::Shown {
                let $this = self;
                $shown
            }
        })*
    };
}

listed! {
    Group: "group", groups, entity.path, |group, _iam, _tables| shown::group(group);
    InstanceProfile: "instance-profile", profiles, path,
        |profile, iam, tables| shown::profile(iam, tables, profile);
    Role: "role", roles, entity.path, |role, iam, _tables| shown::listed_role(iam, role);
    User: "user", users, entity.path, |user, _iam, _tables| shown::listed_user(user);
}

/// Those whose paths begin with a prefix, in the order of their names.
fn list<T: Listed>(
    iam: &Iam,
    cx: &mut Cx<'_>,
    action: &'static str,
    page: pages::Wish<'_>,
    prefix: Option<&str>,
) -> Result<Page<T::Shown>, Fault> {
    let resource = cx.partition().iam_arn(cx.account(), format_args!("{}/*", T::KIND));
    let (tables, account) = gate::account(iam, cx, action, &resource, &Asked::default())?;
    let prefix = prefix.unwrap_or("/");
    let page = pages::Wish { of: prefix, ..page };
    let under = |after| {
        let all = T::all(&account).range((after, Bound::Unbounded));
        all.filter(|(_, listed)| listed.path().starts_with(prefix))
    };
    let page = pages::page(iam, cx, &page, under, |(name, _)| (*name).clone())?;
    Ok(pages::shown(page, |(_, listed)| listed.shown(iam, &tables)))
}
