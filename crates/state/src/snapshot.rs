//! Memory at one revision of the store, and a service as one attempt of a call sees it.

use std::{any::Any, ops::Deref, sync::Arc};

use store::{Revision, StoreError};

/// The memory of one service: a value that takes over records as they are stored.
///
/// A clone must be cheap: every batch of changes makes one, which shares what is the same.
pub trait Tables: Clone + Send + Sync + 'static {
    /// Tables of the same kind without any record, for a store that is read from its start. Whatever was remembered
    /// about records of earlier tables is not in them.
    #[must_use]
    fn empty(&self) -> Self;

    /// Takes a stored record over, or its removal. Records of other services are left alone.
    ///
    /// # Errors
    /// [`Unreadable`] when the record does not decode: the store is damaged, or was written by a newer version.
    fn take(&mut self, record: StoredRecord<'_>) -> Result<(), Unreadable>;
}

/// A record as the store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredRecord<'a> {
    /// Where it stands.
    pub key: &'a [u8],
    /// Its bytes; `None` when it was removed.
    pub value: Option<&'a [u8]>,
    /// Where it was last changed.
    pub revision: Revision,
}

/// A stored record that this version cannot read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Key of the record.
    pub key: String,
}

impl Unreadable {
    /// The record under this key.
    #[must_use]
    pub fn at(key: &[u8]) -> Self {
        Self { key: String::from_utf8_lossy(key).into_owned() }
    }
}

impl From<Unreadable> for StoreError {
    fn from(unreadable: Unreadable) -> Self {
        Self::Corrupt(format!("the record `{}` does not decode", unreadable.key))
    }
}

/// The tables of all services at one revision.
#[derive(Clone)]
pub struct Snapshot {
    revision: Revision,
    tables: Vec<Arc<dyn Erased + Send + Sync>>,
}

/// Memory without services, but for those that keep nothing.
impl Default for Snapshot {
    fn default() -> Self {
        Self { revision: Revision::default(), tables: vec![Arc::new(())] }
    }
}

impl Snapshot {
    /// Adds the tables of a service, still empty.
    #[must_use]
    pub fn with<T: Tables>(mut self, empty: T) -> Self {
        self.tables.push(Arc::new(empty));
        self
    }

    /// The revision of the store that the tables hold.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Tables by their type; `None` if memory has none of it.
    #[must_use]
    pub fn find<T: Tables>(&self) -> Option<&T> {
        self.tables.iter().find_map(|tables| {
            let tables: &dyn Any = &**tables;
            tables.downcast_ref()
        })
    }

    fn shared<T: Tables>(&self) -> Option<Arc<T>> {
        let is = |tables: &&Arc<dyn Erased + Send + Sync>| {
            let tables: &dyn Any = &***tables;
            tables.is::<T>()
        };
        let tables: Arc<dyn Any + Send + Sync> =
            Arc::<dyn Erased + Send + Sync>::clone(self.tables.iter().find(is)?);
        tables.downcast().ok()
    }

    /// The same kinds of tables, without any record.
    pub(crate) fn empty(&self) -> Self {
        Self { revision: Revision(0), tables: self.tables.iter().map(|tables| tables.empty()).collect() }
    }

    /// What it becomes by these records, at this revision.
    ///
    /// # Errors
    /// [`Unreadable`] for the first record that does not decode.
    pub fn taking(&self, records: &[StoredRecord<'_>], revision: Revision) -> Result<Self, Unreadable> {
        let take = |tables: &Arc<dyn Erased + Send + Sync>| tables.taking(records);
        Ok(Self { revision, tables: self.tables.iter().map(take).collect::<Result<_, _>>()? })
    }
}

/// Tables whose type is erased.
trait Erased: Any {
    fn empty(&self) -> Arc<dyn Erased + Send + Sync>;
    fn taking(&self, records: &[StoredRecord<'_>]) -> Result<Arc<dyn Erased + Send + Sync>, Unreadable>;
}

impl<T: Tables> Erased for T {
    fn empty(&self) -> Arc<dyn Erased + Send + Sync> {
        Arc::new(Tables::empty(self))
    }

    fn taking(&self, records: &[StoredRecord<'_>]) -> Result<Arc<dyn Erased + Send + Sync>, Unreadable> {
        let mut tables = self.clone();
        for record in records {
            tables.take(*record)?;
        }
        Ok(Arc::new(tables))
    }
}

/// A service that keeps tables in memory. The implementor is all that the service works with beside them.
pub trait Stateful: Send + Sync + 'static {
    /// What it keeps.
    type Tables: Tables;
}

/// A service at one revision: all that one attempt of a call sees.
///
/// There is no way from here to newer tables, so that an attempt cannot mix two revisions.
pub struct View<S: Stateful> {
    service: Arc<S>,
    tables: Arc<S::Tables>,
    snapshot: Arc<Snapshot>,
}

impl<S: Stateful> View<S> {
    /// A service on this snapshot; `None` when its tables are not in it.
    #[must_use]
    pub fn of(service: &Arc<S>, snapshot: &Arc<Snapshot>) -> Option<Self> {
        Some(Self {
            service: Arc::clone(service),
            tables: snapshot.shared()?,
            snapshot: Arc::clone(snapshot),
        })
    }

    /// The service's own tables.
    #[must_use]
    pub fn tables(&self) -> &Arc<S::Tables> {
        &self.tables
    }

    /// The tables of all services, at the same revision.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl<S: Stateful> Deref for View<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.service
    }
}

/// A service that works with nothing and keeps nothing.
impl Stateful for () {
    type Tables = ();
}

/// The tables of a service that keeps nothing.
impl Tables for () {
    fn empty(&self) -> Self {}

    fn take(&mut self, _: StoredRecord<'_>) -> Result<(), Unreadable> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Clone, Default, Debug, PartialEq, Eq)]
    struct Words(BTreeMap<String, String>);

    impl Tables for Words {
        fn empty(&self) -> Self {
            Self::default()
        }

        fn take(&mut self, record: StoredRecord<'_>) -> Result<(), Unreadable> {
            let text =
                |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| Unreadable::at(record.key));
            match record.value {
                Some(value) => self.0.insert(text(record.key)?, text(value)?),
                None => self.0.remove(&text(record.key)?),
            };
            Ok(())
        }
    }

    struct Dictionary;

    impl Stateful for Dictionary {
        type Tables = Words;
    }

    fn record<'a>(key: &'a str, value: Option<&'a [u8]>) -> StoredRecord<'a> {
        StoredRecord { key: key.as_bytes(), value, revision: Revision(1) }
    }

    #[test]
    fn a_view_does_not_change_with_what_follows() {
        let empty = Snapshot::default().with(Words::default());
        let one = Arc::new(empty.taking(&[record("a", Some(b"1"))], Revision(1)).unwrap());
        let view = View::of(&Arc::new(Dictionary), &one).unwrap();
        let two = one.taking(&[record("a", None), record("b", Some(b"2"))], Revision(2)).unwrap();
        assert_eq!(view.tables().0.get("a").map(String::as_str), Some("1"));
        assert_eq!((view.snapshot().revision(), two.revision()), (Revision(1), Revision(2)));
        assert_eq!(two.find::<Words>().unwrap().0.keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!(two.empty().find::<Words>(), Some(&Words::default()));
    }

    #[test]
    fn tables_that_memory_does_not_have_give_no_view() {
        let without = Arc::new(Snapshot::default());
        assert!(View::of(&Arc::new(Dictionary), &without).is_none());
    }

    #[test]
    fn a_record_that_does_not_decode_is_named() {
        let empty = Snapshot::default().with(Words::default());
        let taken = empty.taking(&[record("a", Some(&[0xFF]))], Revision(1));
        assert_eq!(taken.err(), Some(Unreadable::at(b"a")));
    }
}
