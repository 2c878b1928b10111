//! Where identities stand in the store: `<account>/-/<kind>[/<id>]`. They belong to no Region.

use model::arn::AccountId;
use store::Key;

/// Where an account's record stands.
pub(crate) fn account(account: AccountId) -> Key {
    format!("{account}/-/account").into()
}

/// Where an access key's record stands.
pub(crate) fn access_key(account: AccountId, id: &str) -> Key {
    format!("{account}/-/access-key/{id}").into()
}

/// What a store key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Located<'a> {
    Account(AccountId),
    AccessKey(AccountId, &'a str),
}

/// Reads a store key; `None` for records of other crates.
pub(crate) fn locate(key: &[u8]) -> Option<Located<'_>> {
    let (account, rest) = std::str::from_utf8(key).ok()?.split_once("/-/")?;
    let account = AccountId::parse(account).ok()?;
    if rest == "account" {
        return Some(Located::Account(account));
    }
    Some(Located::AccessKey(account, rest.strip_prefix("access-key/")?))
}
