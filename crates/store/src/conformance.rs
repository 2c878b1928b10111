//! What every engine must do, as one suite. Run the suite in the tests of each engine.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use store::{Bounds, MemoryStore, Store, conformance};
//!
//! conformance::suite(Bounds::ENGINE, async || Arc::new(MemoryStore::new()) as Arc<dyn Store>).await;
//! # });
//! ```
#![expect(clippy::unwrap_used, reason = "a test suite: what it finds is told by a panic")]

mod commits;
mod limits;
mod reads;
mod watches;

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;

use crate::{Batch, Bounds, Conflict, Key, Precondition, Revision, Store, Versioned};

/// Runs every case, each on an empty store of its own that `make` opens. `bounds` are those of its batches.
///
/// # Panics
/// When the engine breaks a rule.
pub async fn suite(bounds: Bounds, make: impl AsyncFn() -> Arc<dyn Store>) {
    reads::get_answers_in_the_order_asked(&*make().await).await;
    reads::scan_keeps_its_bounds(&*make().await).await;
    reads::scan_orders_keys_as_bytes(&*make().await).await;
    reads::scan_goes_on_where_a_page_ended(&*make().await).await;
    reads::scan_bounds_its_pages(&*make().await).await;

    commits::preconditions_decide(&*make().await).await;
    commits::preconditions_look_at_the_store_before_the_batch(&*make().await).await;
    commits::the_first_failed_precondition_is_named(&*make().await).await;
    commits::a_conflict_tells_when_the_other_change_was_there(&*make().await).await;
    commits::a_batch_is_committed_as_a_whole(&*make().await).await;
    commits::revisions_increase(&*make().await).await;
    commits::a_key_that_comes_back_has_a_new_revision(&*make().await).await;
    commits::one_of_two_racing_commits_wins(&*make().await).await;
    commits::racing_counters_lose_no_step(&*make().await).await;
    commits::a_dropped_commit_happens_as_a_whole_or_not_at_all(&*make().await).await;

    limits::what_is_within_the_limits_is_kept(bounds, &*make().await).await;
    limits::what_is_beyond_the_limits_changes_nothing(bounds, &*make().await).await;
    limits::a_key_is_written_once_in_a_batch(&*make().await).await;

    watches::changes_come_in_order(&*make().await).await;
    watches::a_watch_begins_after_the_revision_asked(&*make().await).await;
    watches::a_watch_keeps_pace_with_commits(&*make().await).await;
    watches::a_dropped_wait_loses_nothing(&*make().await).await;
    watches::a_scan_and_a_watch_from_its_revision_show_everything(&*make().await).await;
}

fn key(text: &'static str) -> Key {
    Key::from_static(text.as_bytes())
}

fn value(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// A batch that puts some keys, each with itself as its value.
fn put(keys: &[&'static str]) -> Batch {
    Batch { puts: keys.iter().map(|text| (key(text), value(text))).collect(), ..Batch::default() }
}

fn delete(keys: &[&'static str]) -> Batch {
    Batch { deletes: keys.iter().map(|text| key(text)).collect(), ..Batch::default() }
}

fn only_if(precondition: Precondition, batch: Batch) -> Batch {
    Batch { preconditions: vec![precondition], ..batch }
}

/// Commits a batch that must be committed.
async fn committed(store: &dyn Store, batch: Batch) -> Revision {
    store.commit(batch).await.unwrap().unwrap()
}

/// Tries to commit a batch that must meet a conflict, and checks that it changed nothing.
async fn conflict(store: &dyn Store, batch: Batch) -> Conflict {
    let before = everything(store).await;
    let conflict = store.commit(batch).await.unwrap().unwrap_err();
    assert_eq!(everything(store).await, before, "a conflict changes nothing, the revision included");
    conflict
}

async fn one(store: &dyn Store, text: &'static str) -> Option<Versioned> {
    store.get(&[key(text)]).await.unwrap().pop().unwrap()
}

/// The revision of a key that must exist.
async fn revision_of(store: &dyn Store, text: &'static str) -> Revision {
    one(store, text).await.unwrap().revision
}

/// The store's revision and all that is in it.
async fn everything(store: &dyn Store) -> (Revision, Vec<(Key, Versioned)>) {
    let page = store.scan(b"", &[0xFF; 8], crate::SCAN_ITEMS_MAX).await.unwrap();
    assert_eq!(page.next, None, "the case fits into one page");
    (page.revision, page.items)
}

/// Polls a future once. For futures that are then dropped.
async fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = Box::pin(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Runs futures concurrently, on this task. Returns their outputs in the order of the futures.
async fn all<T>(futures: impl IntoIterator<Item: Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    poll_fn(|context| {
        let mut waiting = false;
        for (future, answer) in &mut running {
            if answer.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(done) => *answer = Some(done),
                    Poll::Pending => waiting = true,
                }
            }
        }
        if waiting { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    running.into_iter().filter_map(|(_, answer)| answer).collect()
}
