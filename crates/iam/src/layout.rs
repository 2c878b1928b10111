//! Where identities stand in the store: `<account>/-/<kind>[/<id>]`. They belong to no Region.
//!
//! Users, groups, roles, policies and instance profiles stand under their names in small letters, which
//! makes the names unique whatever their case, as in AWS.

use model::arn::AccountId;
use store::Key;

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The account itself; has no id.
    Account,
    /// An access key, under its id.
    AccessKey,
    /// When an access key was last used, under its id.
    AccessKeyUse,
    /// When a user or role last called a service, under its unique id and the service's namespace.
    ServiceUse,
    /// That a report of such calls was asked for, under the report's id.
    AccessReport,
    /// A user.
    User,
    /// A group.
    Group,
    /// A role.
    Role,
    /// A managed policy.
    Policy,
    /// An instance profile.
    InstanceProfile,
    /// An OpenID Connect provider, under its URL without the scheme.
    Provider,
    /// Whom a service identity is bound to, under what its ARN says behind the account.
    ServiceIdentity,
}

const KINDS: [Kind; 11] = [
    Kind::AccessKey,
    Kind::AccessKeyUse,
    Kind::ServiceUse,
    Kind::AccessReport,
    Kind::User,
    Kind::Group,
    Kind::Role,
    Kind::Policy,
    Kind::InstanceProfile,
    Kind::Provider,
    Kind::ServiceIdentity,
];

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::AccessKey => "access-key",
            Self::AccessKeyUse => "access-key-use",
            Self::ServiceUse => "service-use",
            Self::AccessReport => "access-report",
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
            Self::Policy => "policy",
            Self::InstanceProfile => "instance-profile",
            Self::Provider => "oidc-provider",
            Self::ServiceIdentity => "service-identity",
        }
    }
}

/// Where an account's record stands.
pub(crate) fn account(account: AccountId) -> Key {
    format!("{account}/-/account").into()
}

/// Where the record of anything else stands. `id` is a name in small letters, or an id.
pub(crate) fn key(account: AccountId, kind: Kind, id: &str) -> Key {
    format!("{account}/-/{}/{id}", kind.as_str()).into()
}

/// Where an account alias is claimed. Aliases are unique in the deployment.
pub(crate) fn account_alias(alias: &str) -> Key {
    format!("-/-/account-alias/{alias}").into()
}

/// What a store key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Located<'a> {
    pub(crate) account: AccountId,
    pub(crate) kind: Kind,
    /// Empty for the account's record.
    pub(crate) id: &'a str,
}

/// Reads a store key; `None` for records of other crates.
pub(crate) fn locate(key: &[u8]) -> Option<Located<'_>> {
    let (account, rest) = std::str::from_utf8(key).ok()?.split_once("/-/")?;
    let account = AccountId::parse(account).ok()?;
    if rest == Kind::Account.as_str() {
        return Some(Located { account, kind: Kind::Account, id: "" });
    }
    let (name, id) = rest.split_once('/')?;
    let kind = KINDS.into_iter().find(|kind| kind.as_str() == name)?;
    Some(Located { account, kind, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_again() {
        let account_id = AccountId::parse("111122223333").unwrap();
        for kind in KINDS {
            let at = key(account_id, kind, "a/b");
            assert_eq!(locate(&at), Some(Located { account: account_id, kind, id: "a/b" }));
        }
        let at = account(account_id);
        assert_eq!(locate(&at), Some(Located { account: account_id, kind: Kind::Account, id: "" }));
        assert_eq!(locate(&account_alias("x")), None);
        assert_eq!(locate(b"111122223333/us-east-1/key/x"), None);
    }
}
