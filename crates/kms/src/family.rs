//! The keys that share an id and its material: a multi-Region primary and its replicas.
//! <https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html>
//!
//! That they are related stands nowhere but in their ids: a key is of a family with every key of its account that
//! has the same `mrk-` id. Whoever adds a member, or counts on there being no other, replaces the record of the
//! primary in the same batch, so that two such changes exclude each other.

use std::sync::Arc;

use dispatch::Fault;
use model::{
    arn::{AccountId, KeyId, Region},
    kms::{MultiRegionConfiguration, MultiRegionKey, MultiRegionKeyType},
};

use crate::{Kms, faults, key::Key, layout::Place, tables::Tables};

/// The Region that a replica or a primary is to be in: one that is served, of the key's partition, and not its own.
pub(crate) fn other_region(kms: &Kms, key: &Key, sent: &str) -> Result<Region, Fault> {
    let own = &key.arn.region;
    let region = Region::parse(sent).map_err(|_| faults::unfit_region(sent, "is not a Region."))?;
    if region == *own {
        return Err(faults::unfit_region(sent, "is the Region that the primary key is in."));
    }
    if !kms.regions.serve(&region) || region.partition() != own.partition() {
        return Err(faults::unfit_region(sent, "is not a supported Region for multi-Region keys."));
    }
    Ok(region)
}

/// Some changes are made at the primary only.
pub(crate) fn check_primary(key: &Key) -> Result<(), Fault> {
    match key.family_role() {
        Some(MultiRegionKeyType::Primary) => Ok(()),
        Some(MultiRegionKeyType::Replica) | None => Err(faults::not_a_primary(&key.arn)),
    }
}

impl Tables {
    /// Every key with this multi-Region id, in the order of their Regions.
    #[must_use]
    pub fn family(&self, account: AccountId, id: KeyId) -> Vec<Arc<Key>> {
        self.places_from(Place { account, region: Region::before_all() })
            .take_while(|(place, _)| place.account == account)
            .filter_map(|(_, shelf)| shelf.keys.get(&id).cloned())
            .collect()
    }

    /// The replicas of a multi-Region key, whichever of the family `key` is. Empty for keys of one Region.
    #[must_use]
    pub fn replicas(&self, key: &Key) -> Vec<Arc<Key>> {
        if !key.arn.key_id.is_multi_region() {
            return Vec::new();
        }
        let mut family = self.family(key.arn.account, key.arn.key_id);
        family.retain(|member| member.replica);
        family
    }

    /// A primary, or a key of one Region, as it is given, and its replicas.
    pub(crate) fn with_replicas(&self, key: &Key) -> Vec<Arc<Key>> {
        std::iter::once(Arc::new(key.clone())).chain(self.replicas(key)).collect()
    }

    /// The primary of a key's family, which may be the key itself; the key itself, if it has no family.
    #[must_use]
    pub fn primary(&self, key: &Arc<Key>) -> Arc<Key> {
        if !key.replica {
            return Arc::clone(key);
        }
        let family = self.family(key.arn.account, key.arn.key_id);
        family.into_iter().find(|member| !member.replica).unwrap_or_else(|| Arc::clone(key))
    }

    /// The family of a key as `KeyMetadata` has it: the same from every member.
    pub(crate) fn configuration(&self, key: &Key) -> Option<MultiRegionConfiguration> {
        let role = key.family_role()?;
        // A key that is being made is not in memory yet.
        let mut family = self.family(key.arn.account, key.arn.key_id);
        if !family.iter().any(|member| member.arn == key.arn) {
            family.push(Arc::new(key.clone()));
            family.sort_by(|one, other| one.arn.region.cmp(&other.arn.region));
        }
        let entry = |member: &Arc<Key>| MultiRegionKey {
            arn: Some(member.arn.to_string()),
            region: Some(member.arn.region.to_string()),
        };
        Some(MultiRegionConfiguration {
            multi_region_key_type: Some(role),
            primary_key: family.iter().find(|member| !member.replica).map(entry),
            replica_keys: Some(family.iter().filter(|member| member.replica).map(entry).collect()),
        })
    }
}
