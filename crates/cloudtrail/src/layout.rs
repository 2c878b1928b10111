//! Where the records of trails stand in the store: `<account>/<home Region>/<kind>/…`, as text.

use model::arn::{AccountId, Region};
use store::Key;

use crate::trail_id::TrailId;

const TRAIL: &str = "trail";
const PROGRESS: &str = "trail-progress";
const DIGEST_KEYS: &str = "-/-/digest-key/";

/// Where a trail's record stands.
pub(crate) fn trail(TrailId { account, home, name }: &TrailId) -> Key {
    format!("{account}/{home}/{TRAIL}/{name}").into()
}

/// Where it stands what one node has delivered of its journal to a trail.
pub(crate) fn progress(TrailId { account, home, name }: &TrailId, node: &str) -> Key {
    format!("{account}/{home}/{PROGRESS}/{name}/{node}").into()
}

/// Where a key pair for digests stands. It belongs to no account.
pub(crate) fn digest_key(fingerprint: &str) -> Key {
    format!("{DIGEST_KEYS}{fingerprint}").into()
}

/// What a store key names.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Located {
    /// A trail.
    Trail(TrailId),
    /// What the node of this id, in hexadecimal, has delivered to a trail.
    Progress(TrailId, String),
    /// The key pair with this fingerprint.
    DigestKey(String),
}

/// Reads a store key; `None` for records of other crates.
pub(crate) fn locate(key: &[u8]) -> Option<Located> {
    let text = std::str::from_utf8(key).ok()?;
    if let Some(fingerprint) = text.strip_prefix(DIGEST_KEYS) {
        return Some(Located::DigestKey(fingerprint.to_owned()));
    }
    let mut parts = text.splitn(4, '/');
    let (account, home, kind, name) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let id = |name: &str| {
        let (account, home) = (AccountId::parse(account).ok()?, Region::parse(home).ok()?);
        Some(TrailId { account, home, name: name.to_owned() })
    };
    match kind {
        TRAIL => Some(Located::Trail(id(name)?)),
        PROGRESS => {
            let (name, node) = name.split_once('/')?;
            Some(Located::Progress(id(name)?, node.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_back() {
        let id = TrailId {
            account: AccountId::parse("111122223333").unwrap(),
            home: Region::parse("eu-west-1").unwrap(),
            name: "main".to_owned(),
        };
        assert_eq!(locate(&trail(&id)), Some(Located::Trail(id.clone())));
        assert_eq!(locate(&progress(&id, "ab")), Some(Located::Progress(id, "ab".into())));
        assert_eq!(locate(&digest_key("ab")), Some(Located::DigestKey("ab".into())));
        for other in
            ["111122223333/eu-west-1/key/main", "111122223333/-/user/trail", "x", "-/-/account-alias/a"]
        {
            assert_eq!(locate(other.as_bytes()), None, "{other}");
        }
    }
}
