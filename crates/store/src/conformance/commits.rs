//! Cases about `commit`.

use super::{
    all, committed, conflict, delete, everything, key, one, only_if, poll_once, put, revision_of, value,
};
use crate::Precondition::{Absent, At};
use crate::{Batch, Conflict, Revision, Store, Versioned};

pub(super) async fn preconditions_decide(store: &dyn Store) {
    let first = committed(store, only_if(Absent(key("a")), put(&["a"]))).await;
    conflict(store, only_if(Absent(key("a")), put(&["a"]))).await;
    conflict(store, only_if(At(key("a"), Revision(first.0 + 1)), put(&["a"]))).await;
    conflict(store, only_if(At(key("a"), Revision(first.0 - 1)), put(&["a"]))).await;
    conflict(store, only_if(At(key("b"), first), put(&["b"]))).await;
    conflict(store, only_if(At(key("b"), Revision(0)), put(&["b"]))).await;

    let second = committed(store, only_if(At(key("a"), first), put(&["a"]))).await;
    conflict(store, only_if(At(key("a"), first), delete(&["a"]))).await;
    committed(store, only_if(At(key("a"), second), delete(&["a"]))).await;
    conflict(store, only_if(At(key("a"), second), put(&["a"]))).await;
    committed(store, only_if(Absent(key("a")), Batch::default())).await;
}

pub(super) async fn preconditions_look_at_the_store_before_the_batch(store: &dyn Store) {
    let first = committed(store, put(&["old"])).await;
    let batch = Batch {
        preconditions: vec![At(key("old"), first), Absent(key("new"))],
        puts: vec![(key("new"), value("1"))],
        deletes: vec![key("old")],
    };
    committed(store, batch).await;
    assert_eq!(one(store, "old").await, None);
    assert!(one(store, "new").await.is_some());
}

pub(super) async fn the_first_failed_precondition_is_named(store: &dyn Store) {
    let a = committed(store, put(&["a"])).await;
    let preconditions = vec![At(key("a"), a), Absent(key("b")), Absent(key("a")), At(key("b"), a)];
    let found = conflict(store, Batch { preconditions, ..put(&["c"]) }).await;
    assert_eq!(found, Conflict { precondition: 2, revision: a });
}

pub(super) async fn a_conflict_tells_when_the_other_change_was_there(store: &dyn Store) {
    let seen = committed(store, put(&["a"])).await;
    let changed = committed(store, put(&["a"])).await;
    assert_eq!(conflict(store, only_if(At(key("a"), seen), put(&["a"]))).await.revision, changed);
    let removed = committed(store, delete(&["a"])).await;
    let found = conflict(store, only_if(At(key("a"), changed), put(&["a"]))).await.revision;
    assert_eq!(found, removed, "also of a change that left nothing behind");
}

pub(super) async fn a_batch_is_committed_as_a_whole(store: &dyn Store) {
    let before = committed(store, put(&["a", "b"])).await;
    let batch = Batch { deletes: vec![key("a"), key("nothing")], ..put(&["b", "c"]) };
    conflict(store, only_if(Absent(key("b")), batch.clone())).await;
    let revision = committed(store, only_if(At(key("a"), before), batch)).await;
    let versioned = |text| (key(text), Versioned { value: value(text), revision });
    assert_eq!(everything(store).await, (revision, vec![versioned("b"), versioned("c")]));
}

pub(super) async fn revisions_increase(store: &dyn Store) {
    let (mut last, records) = everything(store).await;
    assert_eq!((last, records), (Revision(0), vec![]), "a new store is empty");
    // This holds also for batches that write what is there, remove what is not, or do nothing at all.
    for batch in [put(&["a"]), put(&["a"]), put(&["b"]), delete(&["a"]), delete(&["a"]), Batch::default()] {
        let touched = batch.puts.first().map(|(key, _)| key.clone());
        let revision = committed(store, batch).await;
        assert!(revision > last, "{revision:?} follows {last:?}");
        assert_eq!(everything(store).await.0, revision);
        if let Some(touched) = touched {
            let found = store.get(&[touched]).await.unwrap().pop().unwrap();
            assert_eq!(found.unwrap().revision, revision);
        }
        last = revision;
    }
    assert!(revision_of(store, "b").await < last, "what a batch does not write keeps its revision");
}

pub(super) async fn a_key_that_comes_back_has_a_new_revision(store: &dyn Store) {
    let first = committed(store, put(&["a"])).await;
    committed(store, delete(&["a"])).await;
    let second = committed(store, put(&["a"])).await;
    assert!(second > first);
    conflict(store, only_if(At(key("a"), first), put(&["a"]))).await;
}

pub(super) async fn one_of_two_racing_commits_wins(store: &dyn Store) {
    for round in ["a", "b", "c", "d"] {
        let contenders = ["x", "y", "z"].map(|text| {
            let puts = vec![(key(round), value(text))];
            only_if(Absent(key(round)), Batch { puts, ..Batch::default() })
        });
        let answers = all(contenders.map(|batch| store.commit(batch))).await;
        let (mut won, mut lost) = (Vec::new(), Vec::new());
        for (answer, text) in answers.into_iter().zip(["x", "y", "z"]) {
            match answer.unwrap() {
                Ok(revision) => won.push(Versioned { value: value(text), revision }),
                Err(Conflict { precondition, revision }) => lost.push((precondition, revision)),
            }
        }
        assert_eq!(won.len(), 1, "one commit wins");
        let winner = won.pop();
        let after =
            |(_, revision): &(usize, Revision)| Some(*revision) >= winner.as_ref().map(|won| won.revision);
        assert!(
            lost.iter().all(|lost| lost.0 == 0 && after(lost)),
            "whoever lost is told of the winner: {lost:?}"
        );
        assert_eq!(one(store, round).await, winner);
    }
}

pub(super) async fn racing_counters_lose_no_step(store: &dyn Store) {
    const COUNTERS: u64 = 8;
    const STEPS: u64 = 10;
    let count = async || {
        let mut done = 0;
        while done < STEPS {
            let (precondition, counted) = match one(store, "counter").await {
                None => (Absent(key("counter")), 0),
                Some(found) => {
                    let counted = std::str::from_utf8(&found.value).unwrap().parse::<u64>().unwrap();
                    (At(key("counter"), found.revision), counted)
                }
            };
            let puts = vec![(key("counter"), (counted + 1).to_string().into())];
            let batch = only_if(precondition, Batch { puts, ..Batch::default() });
            done += u64::from(store.commit(batch).await.unwrap().is_ok());
        }
    };
    all((0..COUNTERS).map(|_| count())).await;
    assert_eq!(one(store, "counter").await.unwrap().value, (COUNTERS * STEPS).to_string());
}

pub(super) async fn a_dropped_commit_happens_as_a_whole_or_not_at_all(store: &dyn Store) {
    let before = committed(store, put(&["old"])).await;
    let batch = Batch { deletes: vec![key("old")], ..put(&["new"]) };
    let answered = poll_once(store.commit(batch)).await;
    let mut watch = store.watch(before).await.unwrap();
    let after = committed(store, put(&["after"])).await;

    let mut happened = false;
    loop {
        let changes = watch.next().await.unwrap();
        if changes.revision == after {
            break;
        }
        assert_eq!(changes.items, [(key("new"), Some(value("new"))), (key("old"), None)]);
        happened = true;
    }
    assert!(happened || answered.is_none(), "what was answered has happened");
    let found = (one(store, "old").await.is_some(), one(store, "new").await.is_some());
    assert_eq!(found, (!happened, happened));
}
