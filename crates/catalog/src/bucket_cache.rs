//! Buckets in memory: every request reads one before anything else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::bucket::Bucket;

/// Most buckets that are kept. Names that do not exist are not kept: strangers could invent any number.
const BUCKETS_MAX: usize = 1024;

/// Buckets that were read since the last change of any bucket.
#[derive(Default)]
pub(crate) struct BucketCache {
    kept: Mutex<CachedBuckets>,
}

#[derive(Default)]
struct CachedBuckets {
    /// How many times the cache was emptied.
    emptied: u64,
    buckets: HashMap<String, Arc<Bucket>>,
}

/// When a read began, as far as the cache is concerned.
#[derive(Clone, Copy)]
pub(crate) struct ReadBegan(u64);

impl BucketCache {
    /// The bucket if it is here, or the moment at which a read begins.
    pub(crate) fn find(&self, name: &str) -> Result<Arc<Bucket>, ReadBegan> {
        let kept = self.kept();
        kept.buckets.get(name).cloned().ok_or(ReadBegan(kept.emptied))
    }

    /// Keeps what was read since `moment`, unless the cache was emptied meanwhile: then the read may have been too early.
    pub(crate) fn keep(&self, bucket: &Arc<Bucket>, moment: ReadBegan) {
        let mut kept = self.kept();
        if kept.emptied == moment.0 {
            if kept.buckets.len() >= BUCKETS_MAX {
                kept.buckets.clear();
            }
            kept.buckets.insert(bucket.name.clone(), Arc::clone(bucket));
        }
    }

    /// Forgets all buckets. To be called between the commit that changes a bucket and its answer.
    pub(crate) fn empty(&self) {
        let mut kept = self.kept();
        kept.emptied += 1;
        kept.buckets.clear();
    }

    fn kept(&self) -> MutexGuard<'_, CachedBuckets> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> Arc<Bucket> {
        let (name, owner, region) = ("b".to_owned(), "111122223333".to_owned(), "eu-central-1".to_owned());
        let (encryption, policy) = (None, None);
        Arc::new(Bucket { name, owner, region, created_ms: 1, encryption, policy, tags: Vec::new() })
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let cache = BucketCache::default();
        let Err(moment) = cache.find("b") else { panic!("it is empty") };
        cache.empty();
        cache.keep(&bucket(), moment);
        let Err(moment) = cache.find("b") else { panic!("an old bucket is kept") };
        cache.keep(&bucket(), moment);
        assert!(cache.find("b").is_ok());
    }
}
