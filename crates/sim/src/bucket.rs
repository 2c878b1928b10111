//! A bucket in memory, which can refuse.

use std::{
    collections::BTreeMap,
    future::ready,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use cloudtrail::{BucketObject, DeliveryBucket, NotPut, Putting};

/// The name that trails have for it.
pub const BUCKET: &str = "audit-bucket";

/// A bucket in memory.
#[derive(Default)]
pub struct SimBucket(Mutex<State>);

/// An object in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimObject {
    /// Its contents.
    pub contents: Bytes,
    /// Its metadata.
    pub metadata: BTreeMap<String, String>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, SimObject>,
    /// How many of the next objects are put, before it refuses; `None` for all.
    until_refusal: Option<usize>,
    puts: usize,
}

impl SimBucket {
    /// What is in it, by name.
    pub fn objects(&self) -> BTreeMap<String, SimObject> {
        self.state().objects.clone()
    }

    /// How many objects have been put, also over others.
    pub fn puts(&self) -> usize {
        self.state().puts
    }

    /// Takes so many objects more, and then none.
    pub fn refuse_after(&self, objects: usize) {
        self.state().until_refusal = Some(objects);
    }

    /// Takes all objects again.
    pub fn accept(&self) {
        self.state().until_refusal = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, object: &BucketObject<'_>) -> Result<(), NotPut> {
        let mut state = self.state();
        if state.until_refusal == Some(0) {
            return Err(NotPut { code: "SlowDown".to_owned(), detail: "it was told so".to_owned() });
        }
        state.until_refusal = state.until_refusal.map(|left| left - 1);
        state.puts += 1;
        let metadata = object.metadata.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let kept = SimObject { contents: object.contents.clone(), metadata: metadata.collect() };
        state.objects.insert(object.name.to_owned(), kept);
        Ok(())
    }
}

impl DeliveryBucket for SimBucket {
    fn put<'a>(&'a self, object: BucketObject<'a>) -> Putting<'a> {
        Box::pin(ready(self.keep(&object)))
    }
}
