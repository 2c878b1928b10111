//! Where KMS records stand in the store: `<account>/<Region>/<kind>/<id>`, as text.

use dispatch::Cx;
use model::arn::{AccountId, AliasName, GrantId, KeyArn, KeyId, MaterialId, Region};
use store::Key as StoreKey;

/// An account in a Region: where a key, an alias and their names belong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The account.
    pub account: AccountId,
    /// The Region.
    pub region: Region,
}

impl Place {
    /// The caller's account in the Region of the call.
    pub(crate) fn of(cx: &Cx<'_>) -> Self {
        Self { account: cx.account(), region: cx.region.clone() }
    }

    /// Where a key belongs.
    #[must_use]
    pub fn of_key(arn: &KeyArn) -> Self {
        Self { account: arn.account, region: arn.region.clone() }
    }

    /// Where the record of a KMS key stands.
    #[must_use]
    pub fn key(&self, id: KeyId) -> StoreKey {
        format!("{}/{}/key/{id}", self.account, self.region).into()
    }

    /// Where the sealed token of a key's material stands.
    #[must_use]
    pub fn material(&self, id: KeyId, material: MaterialId) -> StoreKey {
        format!("{}/{}/material/{id}/{material}", self.account, self.region).into()
    }

    /// Where the record of a grant stands.
    #[must_use]
    pub fn grant(&self, id: KeyId, grant: GrantId) -> StoreKey {
        format!("{}/{}/grant/{id}/{grant}", self.account, self.region).into()
    }

    /// Where the record of a key's last use stands. Behind those of keys, so that whoever reads them all in their
    /// order knows the key.
    #[must_use]
    pub fn usage(&self, id: KeyId) -> StoreKey {
        format!("{}/{}/usage/{id}", self.account, self.region).into()
    }

    /// Where the record of an alias stands.
    #[must_use]
    pub fn alias(&self, name: &AliasName) -> StoreKey {
        format!("{}/{}/alias/{name}", self.account, self.region).into()
    }
}

/// What a store key names.
#[derive(Debug, PartialEq, Eq)]
pub enum Located {
    /// A KMS key.
    Key(Place, KeyId),
    /// Material of a KMS key.
    Material(Place, KeyId, MaterialId),
    /// A grant on a KMS key.
    Grant(Place, KeyId, GrantId),
    /// The last use of a KMS key.
    Usage(Place, KeyId),
    /// An alias.
    Alias(Place, AliasName),
}

/// Reads a store key; `None` for records of other crates.
#[must_use]
pub fn locate(key: &[u8]) -> Option<Located> {
    let text = std::str::from_utf8(key).ok()?;
    let mut parts = text.splitn(4, '/');
    let (account, region, kind, id) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let place =
        || Some(Place { account: AccountId::parse(account).ok()?, region: Region::parse(region).ok()? });
    match kind {
        "key" => Some(Located::Key(place()?, KeyId::parse(id).ok()?)),
        "material" => {
            let (id, material) = id.split_once('/')?;
            Some(Located::Material(place()?, KeyId::parse(id).ok()?, MaterialId::parse(material).ok()?))
        }
        "grant" => {
            let (id, grant) = id.split_once('/')?;
            Some(Located::Grant(place()?, KeyId::parse(id).ok()?, GrantId::parse(grant).ok()?))
        }
        "usage" => Some(Located::Usage(place()?, KeyId::parse(id).ok()?)),
        "alias" => Some(Located::Alias(place()?, AliasName::parse(id).ok()?)),
        _ => None,
    }
}
