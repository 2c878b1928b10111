//! The faulty engine fails what it was told to, and nothing else.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::future::{Future, poll_fn};
use std::task::Poll;

use bytes::Bytes;
use store::{
    Batch, FaultEffect, FaultyStore, Key, MemoryStore, PlannedFault, Revision, Store, StoreCall, StoreError,
};

#[test]
fn calls_fail_from_where_and_as_often_as_planned() {
    let full = PlannedFault {
        call: StoreCall::Commit,
        after: 2,
        times: 3,
        effect: FaultEffect::Fail(StoreError::Full),
    };
    let store = FaultyStore::new(MemoryStore::new(), vec![full.clone()]);
    let answers: Vec<_> = (0..7).map(|_| commit(&store).is_ok()).collect();
    assert_eq!(answers, [true, true, false, false, false, true, true]);
    assert_eq!(revision(&store), Revision(4), "a failed call is not made");

    // The plan starts anew, and for ever.
    store.set_plan(vec![PlannedFault { times: u64::MAX, ..full }]);
    let answers: Vec<_> = (0..5).map(|_| commit(&store).is_ok()).collect();
    assert_eq!(answers, [true, true, false, false, false]);
    store.set_plan(vec![]);
    assert_eq!(commit(&store), Ok(Revision(7)));
}

#[test]
fn each_call_has_its_own_faults() {
    let gone = || StoreError::Unavailable("gone".to_owned());
    let store = FaultyStore::new(MemoryStore::new(), vec![]);
    let mut watch = block_on(store.watch(Revision(0))).unwrap();
    for failing in [StoreCall::Get, StoreCall::Scan, StoreCall::Commit, StoreCall::Watch, StoreCall::Next] {
        let effect = FaultEffect::Fail(gone());
        store.set_plan(vec![PlannedFault { call: failing, after: 0, times: u64::MAX, effect }]);
        block_on(store.inner().commit(Batch::default())).unwrap().unwrap();
        let failed = [
            (StoreCall::Get, block_on(store.get(&[])).err()),
            (StoreCall::Scan, block_on(store.scan(b"", b"z", 1)).err()),
            (StoreCall::Commit, block_on(store.commit(Batch::default())).err()),
            (StoreCall::Watch, block_on(store.watch(Revision(0))).err()),
            (StoreCall::Next, block_on(watch.next()).err()),
        ];
        for (call, error) in failed {
            assert_eq!(error, (call == failing).then(gone), "{call:?} while {failing:?} fails");
        }
    }
}

#[test]
fn a_lost_answer_leaves_the_commit_done() {
    let lost = PlannedFault { call: StoreCall::Commit, after: 0, times: 1, effect: FaultEffect::DropAnswer };
    let store = FaultyStore::new(MemoryStore::new(), vec![lost]);
    assert!(matches!(commit(&store), Err(StoreError::Unavailable(_))));
    assert_eq!(revision(&store), Revision(1));
    assert!(block_on(store.get(&[Key::from_static(b"a")])).unwrap()[0].is_some());
}

#[test]
fn a_delay_gives_way_so_many_times() {
    let delay = |turns| PlannedFault {
        call: StoreCall::Commit,
        after: 0,
        times: 1,
        effect: FaultEffect::Delay { turns },
    };
    let fail = PlannedFault {
        call: StoreCall::Commit,
        after: 0,
        times: 1,
        effect: FaultEffect::Fail(StoreError::Full),
    };
    for (faults, turns, answer) in [
        (vec![delay(3)], 3, Ok(Revision(1))),
        (vec![delay(3), delay(2), fail], 5, Err(StoreError::Full)),
        (vec![], 0, Ok(Revision(1))),
    ] {
        let store = FaultyStore::new(MemoryStore::new(), faults);
        let mut call = store.commit(Batch::default());
        let mut given_way = 0;
        let answered = block_on(poll_fn(|context| {
            let polled = call.as_mut().poll(context);
            given_way += u32::from(polled.is_pending());
            match polled {
                Poll::Ready(answer) => Poll::Ready(answer.map(Result::unwrap)),
                Poll::Pending => Poll::Pending,
            }
        }));
        assert_eq!((given_way, answered), (turns, answer));
    }
}

fn commit(store: &dyn Store) -> Result<Revision, StoreError> {
    let puts = vec![(Key::from_static(b"a"), Bytes::from_static(b"value"))];
    block_on(store.commit(Batch { puts, ..Batch::default() })).map(Result::unwrap)
}

fn revision(store: &dyn Store) -> Revision {
    block_on(store.scan(b"", b"", 0)).unwrap().revision
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}
