//! What falls due: deletions, rotations, expiries.
//!
//! Due work stands in memory in the order of its time, read off the records, so that it is found also when it
//! fell due while no server ran. It is claimed through the store: the commit holds only if the key is still
//! as it was, so of several nodes one does it, once, and a cancellation in the last moment wins or loses
//! cleanly.

mod delete;
mod expire;
mod rotate;

use std::{collections::BTreeSet, fmt, sync::Arc, time::Duration};

use dispatch::{Backstage, Fault};
use store::StoreError;

use crate::{
    KeyManagement, Kms,
    due::{Due, Work},
    key::Key,
    tables::{Shelf, Tables},
    usage,
};

/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(1);

/// Why a piece of work was not done. It stays due.
#[derive(Debug)]
enum Undone {
    /// The store failed, and would fail for the rest too.
    Store(StoreError),
    /// This piece cannot be done now.
    Fault(Fault),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Fault> for Undone {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl fmt::Display for Undone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Fault(fault) => f.write_str(fault.detail.as_deref().unwrap_or(fault.kind.json)),
        }
    }
}

/// Does what is due, for ever.
pub async fn run(service: Arc<KeyManagement>, backstage: Backstage) {
    loop {
        if let Err(error) = tick(&service, &backstage).await {
            tracing::warn!(%error, "due work is tried again");
        }
        tokio::time::sleep(TICK).await;
    }
}

/// Does everything that is due now, and what becomes due by doing it. Returns how many pieces of work were done here.
///
/// # Errors
/// What the store answers; what is not done stays due.
pub async fn tick(service: &Arc<KeyManagement>, backstage: &Backstage) -> Result<usize, StoreError> {
    let waits = service.leaps.look(&*backstage.clock);
    if !backstage.mirror.is_following() {
        return Ok(0);
    }
    let now = backstage.clock.now();
    usage::write_behind(&view(service, backstage)?, &*backstage.store, now).await?;
    let mut done = 0;
    // What was tried and is still due cannot be done now, or was done by another node that this one has not
    // heard from yet.
    let mut tried: BTreeSet<Due> = BTreeSet::new();
    loop {
        let kms = view(service, backstage)?;
        let is_for_now = |due: &&Due| !(tried.contains(*due) || waits && due.work.waits());
        let due: Vec<Due> = kms.tables().due(now).filter(is_for_now).cloned().collect();
        if due.is_empty() {
            return Ok(done);
        }
        for piece in due {
            match work(&view(service, backstage)?, backstage, &piece).await {
                Ok(here) => done += usize::from(here),
                Err(Undone::Store(error)) => return Err(error),
                Err(undone) => tracing::warn!(%undone, ?piece, "due work is tried again"),
            }
            tried.insert(piece);
        }
    }
}

/// Writes down when keys were last used, at the end of a server.
///
/// # Errors
/// What the store answers.
pub async fn finish(service: &Arc<KeyManagement>, backstage: &Backstage) -> Result<(), StoreError> {
    usage::write(&view(service, backstage)?, &*backstage.store).await
}

/// The service as memory has it now: each piece of work sees one revision.
fn view(service: &Arc<KeyManagement>, backstage: &Backstage) -> Result<Kms, StoreError> {
    let missing = || StoreError::Corrupt("memory has no keys and aliases".to_owned());
    Kms::of(service, &backstage.mirror.snapshot()).ok_or_else(missing)
}

/// Does one piece of work, if it is still due. `false` when it is not, or when another change got in between.
async fn work(kms: &Kms, backstage: &Backstage, due: &Due) -> Result<bool, Undone> {
    let tables = kms.tables();
    let Some((shelf, key)) = find(tables, due) else { return Ok(false) };
    match due.work {
        Work::Delete => delete::delete(backstage, tables, shelf, key).await,
        Work::Rotate => rotate::rotate(kms, backstage, tables, key).await,
        Work::Expire(material) => expire::expire(backstage, shelf, key, material).await,
    }
}

/// The key of a piece of work, as long as its records still make it due.
fn find<'t>(tables: &'t Tables, due: &Due) -> Option<(&'t Arc<Shelf>, &'t Arc<Key>)> {
    let shelf = tables.shelf(&due.place)?;
    let key = shelf.keys.get(&due.key)?;
    let still = match due.work {
        Work::Delete | Work::Rotate => Due::of_key(&due.place, key),
        Work::Expire(id) => Due::of_material(&due.place, due.key, id, shelf.material(due.key, id)?),
    };
    (still.as_ref() == Some(due)).then_some((shelf, key))
}
