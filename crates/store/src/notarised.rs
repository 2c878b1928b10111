//! Any engine, with every record authenticated and all of them accounted for.
//!
//! Whoever can write to the engine behind this layer can destroy what is in it, but cannot have another record read than
//! the one that was written last under its key:
//!
//! - Every value has a stamp ([`crate::notary`]), which is looked at whenever the value is read. A record that was edited,
//!   moved to another key or brought from another deployment is refused, and named.
//! - Every commit advances a ledger ([`crate::ledger`]). Records that were removed, or put back to an older version, show
//!   when the whole store is read ([`Store::survey`]).
//!
//! Callers do not see stamps and ledgers. A commit reads what it replaces and commits on condition that this is what it
//! replaces; a change in between makes it read again. Reads cost one tag each; what is in memory costs nothing.

use std::sync::Arc;

use bytes::Bytes;

use crate::ledger::{self, Balance, Entry, LedgerState, Ledgers, Seen, Taken};
use crate::notary::{Genuine, Notary, TERM_BYTES, stamp, unstamp};
use crate::{
    Answer, Batch, Bounds, Changes, Conflict, Key, LAST_KEY, Precondition, Revision, SCAN_ITEMS_MAX,
    ScanPage, Store, StoreError, Versioned, Visit, Watch, check_keys,
};

/// How often one commit reads again what it replaces.
const ATTEMPTS: usize = 100;

/// A store whose records are authenticated.
pub struct NotarisedStore {
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) desk: Arc<Desk>,
}

/// What commits and watches share.
pub(crate) struct Desk {
    pub(crate) notary: Arc<dyn Notary>,
    pub(crate) ledgers: Ledgers,
    /// Whether the record of a key has no stamp.
    pub(crate) exempt: fn(&[u8]) -> bool,
}

/// A record that a commit replaces: where it was last changed, and its term. `None` if there is none.
type Replaced = Option<(Revision, [u8; TERM_BYTES])>;

/// A batch as the engine gets it.
struct Carried {
    batch: Batch,
    /// The index of the ledger's precondition. Those before it are the caller's, those behind it are of what is replaced.
    ledger: usize,
    /// How the ledger stands if the batch is committed.
    version: u64,
    balance: Balance,
}

impl NotarisedStore {
    /// Authenticates what is in `inner`. The ledgers are those of `node`. Records whose keys are `exempt` are neither
    /// stamped nor accounted for: what must be readable before the notary has keys.
    #[must_use]
    pub fn new(
        inner: Arc<dyn Store>,
        notary: Arc<dyn Notary>,
        node: [u8; 16],
        exempt: fn(&[u8]) -> bool,
    ) -> Self {
        Self { inner, desk: Arc::new(Desk { notary, ledgers: Ledgers::new(node), exempt }) }
    }

    async fn change(&self, batch: Batch) -> Result<Result<Revision, Conflict>, StoreError> {
        batch.check(Bounds::CALLER)?;
        if batch.written().any(|key| ledger::is_ledger(key)) {
            return Err(StoreError::TooLarge);
        }
        if batch.written().all(|key| (self.desk.exempt)(key)) {
            return self.inner.commit(batch).await;
        }
        let mut taken = self.desk.ledgers.take().await?;
        for _ in 0..ATTEMPTS {
            if let Some(outcome) = self.attempt(&batch, &mut taken).await? {
                return Ok(outcome);
            }
        }
        Err(StoreError::Unavailable("what a batch replaces was changed again and again".to_owned()))
    }

    /// One attempt to commit; `None` when what the batch replaces, or the ledger, was changed in between.
    async fn attempt(
        &self,
        batch: &Batch,
        taken: &mut Taken<'_>,
    ) -> Result<Option<Result<Revision, Conflict>>, StoreError> {
        let replaced = self.replaced(batch).await?;
        // From here on nobody knows how the ledger stands, unless the engine says so: this future may be dropped.
        let standing = match taken.standing() {
            Some(standing) => standing,
            None => self.standing(&taken.key()).await?,
        };
        let carried = self.desk.carry(batch, &replaced, &taken.key(), &standing);
        let Carried { batch, ledger, version, balance } = match carried {
            Ok(carried) => carried,
            Err(error) => {
                taken.leave(standing);
                return Err(error);
            }
        };
        match self.inner.commit(batch).await {
            Ok(Ok(revision)) => {
                taken.leave(LedgerState { at: Some(revision), version, balance });
                Ok(Some(Ok(revision)))
            }
            Ok(Err(conflict)) if conflict.precondition == ledger => Ok(None),
            Ok(Err(conflict)) => {
                taken.leave(standing);
                Ok((conflict.precondition < ledger).then_some(Err(conflict)))
            }
            Err(error @ (StoreError::TooLarge | StoreError::DuplicateKey | StoreError::Full)) => {
                taken.leave(standing);
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    /// Commits a batch by a first ledger, which accounts for `balance` besides.
    pub(crate) async fn open_first_ledger(&self, batch: Batch, balance: Balance) -> Result<(), StoreError> {
        let mut taken = self.desk.ledgers.take().await?;
        taken.leave(LedgerState { at: None, version: 0, balance });
        let committed = self.attempt(&batch, &mut taken).await?;
        committed.and_then(Result::ok).map(drop).ok_or_else(in_use)
    }

    /// What stands where the batch writes, but for records that are not accounted for, and for those that the batch itself
    /// wants to be absent: they replace nothing, or nothing is committed.
    async fn replaced(&self, batch: &Batch) -> Result<Vec<(Key, Replaced)>, StoreError> {
        let is_new = |key: &Key| {
            batch.preconditions.iter().any(|one| matches!(one, Precondition::Absent(absent) if absent == key))
        };
        let written = batch.written().filter(|key| !(self.desk.exempt)(key) && !is_new(key));
        let keys: Vec<Key> = written.cloned().collect();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.inner.get(&keys).await?;
        let replaced = keys.into_iter().zip(found).map(|(key, found)| {
            let read = |found: Versioned| {
                self.desk.read(&key, &found.value).map(|genuine| (found.revision, genuine.term))
            };
            let replaced = found.map(read).transpose()?;
            Ok((key, replaced))
        });
        replaced.collect()
    }

    /// How a ledger stands in the store.
    async fn standing(&self, key: &Key) -> Result<LedgerState, StoreError> {
        let found = self.inner.get(std::slice::from_ref(key)).await?.into_iter().next().flatten();
        let Some(found) = found else {
            return Ok(LedgerState { at: None, version: 0, balance: Balance::default() });
        };
        let (version, entry) = self.desk.entry(key, &found.value)?;
        Ok(LedgerState { at: Some(found.revision), version, balance: entry.balance })
    }

    /// Shows all records to `visit`, and compares them with all ledgers.
    async fn compare(&self, visit: Visit<'_>) -> Result<(), StoreError> {
        let Accounts { balance, revision } = self.accounts().await?;
        let (mut found, mut from, mut moved) = (Balance::default(), Key::new(), false);
        loop {
            let page = self.inner.scan(&from, LAST_KEY, SCAN_ITEMS_MAX).await?;
            moved |= page.revision != revision;
            let next = page.next.clone();
            visit(self.desk.page(page, &mut |_, genuine| found.add(&genuine.term))?)?;
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
        if moved {
            // No state that the store ever had was read: nothing can be said about it.
            return Err(StoreError::Unavailable("it was changed while all of it was read".to_owned()));
        }
        if found == balance { Ok(()) } else { Err(self.difference(found, balance).await) }
    }

    /// Reads all ledgers.
    pub(crate) async fn accounts(&self) -> Result<Accounts, StoreError> {
        let (mut balance, mut present, mut noted) = (Balance::default(), Seen::default(), Vec::new());
        let mut from = Key::from_static(ledger::RANGE.0);
        let revision = loop {
            let page = self.inner.scan(&from, ledger::RANGE.1, SCAN_ITEMS_MAX).await?;
            for (key, stored) in page.items {
                let (version, entry) = self.desk.entry(&key, &stored.value)?;
                let (node, number) = ledger::parse_key(&key).ok_or_else(|| forged(&key))?;
                balance.join(&entry.balance);
                present.note(node, number, version);
                noted.push(entry.seen);
            }
            match page.next {
                Some(next) => from = next,
                None => break page.revision,
            }
        };
        if noted.is_empty() {
            return Err(StoreError::NotNotarised);
        }
        match noted.iter().find_map(|noted| present.behind(noted)) {
            Some(key) => Err(StoreError::PutBack(format!(
                "the ledger `{}` is older than other ledgers saw it, or missing",
                key.escape_ascii()
            ))),
            None => Ok(Accounts { balance, revision }),
        }
    }

    /// How the records differ from the ledgers, as far as that can be told.
    async fn difference(&self, found: Balance, expected: Balance) -> StoreError {
        let difference = found.records().wrapping_sub(expected.records());
        let what = match difference {
            ..0 => format!("{} of its records were removed", difference.unsigned_abs()),
            0 => "an older version was put in the place of a record".to_owned(),
            1.. => match self.surplus(found, expected).await {
                Some(key) => format!("the record `{key}` was deleted, and is there again"),
                None => format!("{difference} records that were deleted are there again"),
            },
        };
        StoreError::PutBack(what)
    }

    /// The one record without which the records would agree with the ledgers.
    async fn surplus(&self, found: Balance, expected: Balance) -> Option<String> {
        let (mut surplus, mut from) = (None, Key::new());
        loop {
            let page = self.inner.scan(&from, LAST_KEY, SCAN_ITEMS_MAX).await.ok()?;
            let next = page.next.clone();
            let look = &mut |key: &Key, genuine: &Genuine| {
                let mut without = found;
                without.subtract(&genuine.term);
                if without == expected {
                    surplus = Some(key.escape_ascii().to_string());
                }
            };
            self.desk.page(page, look).ok()?;
            match next {
                Some(next) if surplus.is_none() => from = next,
                _ => return surplus,
            }
        }
    }
}

/// All ledgers together.
pub(crate) struct Accounts {
    balance: Balance,
    revision: Revision,
}

impl Desk {
    /// A record that must have a stamp.
    fn read(&self, key: &Key, stored: &Bytes) -> Result<Genuine, StoreError> {
        let genuine = unstamp(&*self.notary, key, stored)?;
        self.ledgers.learn(genuine.version);
        Ok(genuine)
    }

    /// What is written in a ledger, and its version.
    fn entry(&self, key: &Key, stored: &Bytes) -> Result<(u64, Entry), StoreError> {
        let Genuine { version, value, .. } = self.read(key, stored)?;
        let opened = self.notary.open(&sealed_name(key, version), &value)?;
        let entry = opened.and_then(|bytes| Entry::from_bytes(&bytes)).ok_or_else(|| forged(key))?;
        if let Some((node, number)) = ledger::parse_key(key) {
            self.ledgers.learn_of(node, number, version);
        }
        Ok((version, entry))
    }

    /// A record as the caller sees it; `None` for a ledger.
    fn shown(&self, key: &Key, stored: &Bytes) -> Result<Option<Bytes>, StoreError> {
        match key {
            key if (self.exempt)(key) => Ok(Some(stored.clone())),
            key if ledger::is_ledger(key) => self.entry(key, stored).map(|_| None),
            key => self.read(key, stored).map(|genuine| Some(genuine.value)),
        }
    }

    /// A page as the caller sees it. `look` is shown the records that are accounted for.
    fn page(&self, page: ScanPage, look: &mut dyn FnMut(&Key, &Genuine)) -> Result<ScanPage, StoreError> {
        let ScanPage { items, next, revision } = page;
        let mut shown = Vec::with_capacity(items.len());
        for (key, Versioned { value, revision }) in items {
            let value = match &key {
                key if (self.exempt)(key) => value,
                key if ledger::is_ledger(key) => continue,
                key => {
                    let genuine = self.read(key, &value)?;
                    look(key, &genuine);
                    genuine.value
                }
            };
            shown.push((key, Versioned { value, revision }));
        }
        Ok(ScanPage { items: shown, next, revision })
    }

    /// The batch as the engine gets it: with stamps, with the next entry of the ledger, and on condition that it replaces
    /// what was found.
    fn carry(
        &self,
        batch: &Batch,
        replaced: &[(Key, Replaced)],
        ledger: &Key,
        standing: &LedgerState,
    ) -> Result<Carried, StoreError> {
        let mut carried = Batch { deletes: batch.deletes.clone(), ..Batch::default() };
        let (version, mut balance) = (self.ledgers.next_version(), standing.balance);
        for (_, (_, term)) in replaced.iter().filter_map(|(key, found)| Some((key, found.as_ref()?))) {
            balance.subtract(term);
        }
        for (key, value) in &batch.puts {
            let value = if (self.exempt)(key) {
                value.clone()
            } else {
                let (stored, term) = stamp(&*self.notary, key, version, value)?;
                balance.add(&term);
                stored
            };
            carried.puts.push((key.clone(), value));
        }
        let entry = Entry { balance, seen: self.ledgers.seen() };
        let sealed = self.notary.seal(&sealed_name(ledger, version), entry.to_bytes())?;
        carried.puts.push((ledger.clone(), stamp(&*self.notary, ledger, version, &sealed)?.0));

        let found = replaced.iter().map(|(key, found)| expected(key, found.map(|(at, _)| at)));
        let own = std::iter::once(expected(ledger, standing.at)).chain(found);
        carried.preconditions = batch.preconditions.iter().cloned().chain(own).collect();
        Ok(Carried { batch: carried, ledger: batch.preconditions.len(), version, balance })
    }
}

impl Store for NotarisedStore {
    fn get<'a>(&'a self, keys: &'a [Key]) -> Answer<'a, Vec<Option<Versioned>>> {
        Box::pin(async move {
            check_keys(keys)?;
            let found = self.inner.get(keys).await?;
            let shown = keys.iter().zip(found).map(|(key, found)| {
                let Some(Versioned { value, revision }) = found else { return Ok(None) };
                Ok(self.desk.shown(key, &value)?.map(|value| Versioned { value, revision }))
            });
            shown.collect()
        })
    }

    fn scan<'a>(&'a self, from: &'a [u8], to: &'a [u8], limit: usize) -> Answer<'a, ScanPage> {
        Box::pin(async move {
            // The ledgers are passed over: a page without records is the last one.
            let (first, last) = ledger::RANGE;
            let mut page = self.inner.scan(from, to.min(first), limit).await?;
            let after = from.max(last);
            if page.next.is_none() && after < to {
                let room = limit.min(SCAN_ITEMS_MAX).saturating_sub(page.items.len());
                let rest = self.inner.scan(after, to, room).await?;
                if page.items.is_empty() {
                    page = rest;
                } else if rest.revision == page.revision {
                    page.items.extend(rest.items);
                    page.next = rest.next;
                } else {
                    page.next = Some(Key::copy_from_slice(after));
                }
            }
            self.desk.page(page, &mut |_, _| {})
        })
    }

    fn commit(&self, batch: Batch) -> Answer<'_, Result<Revision, Conflict>> {
        Box::pin(self.change(batch))
    }

    fn survey<'a>(&'a self, visit: Visit<'a>) -> Answer<'a, ()> {
        Box::pin(self.compare(visit))
    }

    fn watch(&self, after: Revision) -> Answer<'_, Box<dyn Watch>> {
        Box::pin(async move {
            let inner = self.inner.watch(after).await?;
            let watch: Box<dyn Watch> = Box::new(NotarisedWatch { inner, desk: Arc::clone(&self.desk) });
            Ok(watch)
        })
    }
}

struct NotarisedWatch {
    inner: Box<dyn Watch>,
    desk: Arc<Desk>,
}

impl Watch for NotarisedWatch {
    fn next(&mut self) -> Answer<'_, Changes> {
        Box::pin(async move {
            let Changes { revision, items } = self.inner.next().await?;
            let mut shown = Vec::with_capacity(items.len());
            for (key, value) in items {
                let value = match value {
                    None if ledger::is_ledger(&key) => return Err(forged(&key)),
                    None => None,
                    Some(stored) => match self.desk.shown(&key, &stored)? {
                        None => continue,
                        value => value,
                    },
                };
                shown.push((key, value));
            }
            Ok(Changes { revision, items: shown })
        })
    }
}

/// A ledger's content is sealed for its key and version.
fn sealed_name(key: &Key, version: u64) -> Vec<u8> {
    [&key[..], b"/", &version.to_be_bytes()].concat()
}

fn expected(key: &Key, at: Option<Revision>) -> Precondition {
    at.map_or_else(|| Precondition::Absent(key.clone()), |at| Precondition::At(key.clone(), at))
}

/// Somebody else writes to a store that is being taken over.
pub(crate) fn in_use() -> StoreError {
    StoreError::Unavailable("somebody else changes it".to_owned())
}

fn forged(key: &Key) -> StoreError {
    StoreError::Forged(key.escape_ascii().to_string())
}
