//! The trails in memory, and what was delivered to them.

use std::{collections::BTreeMap, sync::Arc};

use imbl::OrdMap;
use model::arn::AccountId;
use state::{StoredRecord, Unreadable};

use crate::{
    digest_keys::DigestKey,
    layout::{Located, locate},
    progress::Progress,
    trail_id::TrailId,
    trails::Trail,
};

/// Everything at one revision.
#[derive(Clone, Default)]
pub struct Tables {
    trails: OrdMap<TrailId, Arc<Trail>>,
    /// By trail and node.
    progress: OrdMap<(TrailId, String), Arc<Progress>>,
    /// By fingerprint.
    keys: OrdMap<String, Arc<DigestKey>>,
}

impl state::Tables for Tables {
    fn empty(&self) -> Self {
        Self::default()
    }

    fn take(&mut self, StoredRecord { key, value, revision }: StoredRecord<'_>) -> Result<(), Unreadable> {
        let Some(located) = locate(key) else { return Ok(()) };
        let unreadable = || Unreadable::at(key);
        match (located, value) {
            (Located::Trail(id), Some(value)) => {
                let trail = Trail::decode(id.clone(), value, revision).ok_or_else(unreadable)?;
                self.trails.insert(id, Arc::new(trail));
            }
            (Located::Trail(id), None) => drop(self.trails.remove(&id)),
            (Located::Progress(id, node), Some(value)) => {
                let at = (id.clone(), node.clone());
                let progress = Progress::decode((id, node), value, revision).ok_or_else(unreadable)?;
                self.progress.insert(at, Arc::new(progress));
            }
            (Located::Progress(id, node), None) => drop(self.progress.remove(&(id, node))),
            (Located::DigestKey(fingerprint), Some(value)) => {
                let key = DigestKey::decode(&fingerprint, value).ok_or_else(unreadable)?;
                self.keys.insert(fingerprint, Arc::new(key));
            }
            (Located::DigestKey(fingerprint), None) => drop(self.keys.remove(&fingerprint)),
        }
        Ok(())
    }
}

impl Tables {
    /// All trails.
    pub(crate) fn trails(&self) -> impl Iterator<Item = &Arc<Trail>> {
        self.trails.values()
    }

    /// The trails of an account, by Region and name.
    pub(crate) fn trails_of(&self, account: AccountId) -> impl Iterator<Item = &Arc<Trail>> {
        self.trails().filter(move |trail| trail.id.account == account)
    }

    /// A trail.
    pub(crate) fn trail(&self, id: &TrailId) -> Option<&Arc<Trail>> {
        self.trails.get(id)
    }

    /// What a node has delivered to a trail.
    pub(crate) fn progress(&self, id: &TrailId, node: &str) -> Option<&Arc<Progress>> {
        self.progress.get(&(id.clone(), node.to_owned()))
    }

    /// What all nodes have delivered to a trail.
    pub(crate) fn progress_of(&self, id: &TrailId) -> impl Iterator<Item = &Arc<Progress>> {
        let from = (id.clone(), String::new());
        self.progress.range(from..).map(|(_, progress)| progress).take_while(|progress| progress.trail == *id)
    }

    /// The keys that digests are signed with, by the time from which on they sign.
    pub(crate) fn digest_keys(&self) -> Vec<Arc<DigestKey>> {
        let by_time: BTreeMap<_, _> =
            self.keys.iter().map(|(fingerprint, key)| ((key.from, fingerprint), Arc::clone(key))).collect();
        by_time.into_values().collect()
    }
}
