//! Taking over a store whose records have no stamps: one that a version before them kept.

use bytes::Bytes;

use crate::ledger::Balance;
use crate::notarised::{NotarisedStore, in_use};
use crate::notary::{is_stamped, stamp, unstamp};
use crate::{Batch, Key, LAST_KEY, Precondition, SCAN_ITEMS_MAX, StoreError, Versioned};

/// Records that are stamped in one commit.
const STAMPED_MAX: usize = 100;

/// What became of a store that was to be taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adoption {
    /// Its records have stamps now, and a ledger accounts for them.
    Done {
        /// Records that had no stamp.
        stamped: u64,
        /// Records that had one: of an adoption that was interrupted.
        before: u64,
    },
    /// It has ledgers: nothing was changed.
    Notarised,
    /// It has no ledgers, but records with stamps. An adoption was interrupted, or somebody took the ledgers away. Nothing
    /// was changed.
    Begun,
}

impl NotarisedStore {
    /// Takes all records as they are, gives them stamps, and opens the first ledger, in one commit with `last`. Whoever
    /// calls this believes whatever is in the store. Nobody else may use the store meanwhile.
    ///
    /// `resume` goes on with an adoption that was interrupted. Records that have stamps must be genuine even then.
    ///
    /// # Errors
    /// [`StoreError::Forged`] and what the engine meets. Until the end, the store is one without ledgers.
    pub async fn adopt(&self, last: Batch, resume: bool) -> Result<Adoption, StoreError> {
        match self.accounts().await {
            Err(StoreError::NotNotarised) => {}
            Ok(_) | Err(StoreError::Forged(_) | StoreError::PutBack(_)) => return Ok(Adoption::Notarised),
            Err(error) => return Err(error),
        }
        if !resume && self.has_stamps().await? {
            return Ok(Adoption::Begun);
        }
        let (mut balance, mut stamped, mut before, mut from) = (Balance::default(), 0, 0, Key::new());
        loop {
            let page = self.inner.scan(&from, LAST_KEY, SCAN_ITEMS_MAX).await?;
            let mut bare = Vec::new();
            for (key, stored) in page.items {
                match stored {
                    _ if (self.desk.exempt)(&key) => {}
                    stored if is_stamped(&stored.value) => {
                        let genuine = unstamp(&*self.desk.notary, &key, &stored.value)?;
                        self.desk.ledgers.learn(genuine.version);
                        balance.add(&genuine.term);
                        before += 1;
                    }
                    stored => bare.push((key, stored)),
                }
            }
            for records in bare.chunks(STAMPED_MAX) {
                self.give_stamps(records, &mut balance).await?;
                stamped += records.len() as u64;
            }
            match page.next {
                Some(next) => from = next,
                None => break,
            }
        }
        self.open_first_ledger(last, balance).await?;
        Ok(Adoption::Done { stamped, before })
    }

    async fn has_stamps(&self) -> Result<bool, StoreError> {
        let mut from = Key::new();
        loop {
            let page = self.inner.scan(&from, LAST_KEY, SCAN_ITEMS_MAX).await?;
            let mut records = page.items.iter().filter(|(key, _)| !(self.desk.exempt)(key));
            if records.any(|(_, stored)| is_stamped(&stored.value)) {
                return Ok(true);
            }
            match page.next {
                Some(next) => from = next,
                None => return Ok(false),
            }
        }
    }

    async fn give_stamps(
        &self,
        records: &[(Key, Versioned)],
        balance: &mut Balance,
    ) -> Result<(), StoreError> {
        let version = self.desk.ledgers.next_version();
        let mut batch = Batch::default();
        for (key, Versioned { value, revision }) in records {
            let (stored, term): (Bytes, _) = stamp(&*self.desk.notary, key, version, value)?;
            balance.add(&term);
            batch = batch.only_if(Precondition::At(key.clone(), *revision)).put(key.clone(), stored);
        }
        self.inner.commit(batch).await?.map(drop).map_err(|_| in_use())
    }
}
