//! The doorway of a worker: strangers come through it a few at a time.
//!
//! A worker does what is ready in the order in which it became ready. Hundreds of strangers' connections may be, and somebody
//! known would wait behind all of them, and behind all of them once more for the record of the call. So the connection of a
//! stranger comes through the doorway before each piece of work. When a few have come, the worker looks what the network and
//! other threads have for it. Whoever is known needs no doorway, and comes before the next few.

use std::convert::Infallible;

use tokio::{
    select,
    sync::{Notify, Semaphore},
    task::yield_now,
};

use crate::limits::STRANGERS_AT_A_TIME;

/// The doorway.
#[derive(Debug)]
pub(crate) struct Doorway {
    places: Semaphore,
    passed: Notify,
}

impl Default for Doorway {
    fn default() -> Self {
        Self { places: Semaphore::new(STRANGERS_AT_A_TIME), passed: Notify::new() }
    }
}

impl Doorway {
    /// Comes through, after those who came before.
    pub(crate) async fn pass(&self) {
        // Nobody closes the semaphore.
        if let Ok(place) = self.places.acquire().await {
            place.forget();
        }
        self.passed.notify_one();
    }

    /// Keeps the doorway while something else goes on: without a keeper, only the first few come through.
    pub(crate) async fn kept_while<F: Future>(&self, work: F) -> F::Output {
        select! {
            done = work => done,
            never = self.keep() => match never {},
        }
    }

    async fn keep(&self) -> Infallible {
        loop {
            self.passed.notified().await;
            // tokio goes on here when it has looked at the network, and then does first what it found there.
            yield_now().await;
            self.places.add_permits(STRANGERS_AT_A_TIME.saturating_sub(self.places.available_permits()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::Relaxed},
        },
        task::{Context, Poll, Waker},
    };

    use super::*;

    #[test]
    fn without_a_keeper_a_few_come_through_and_no_more() {
        let doorway = Doorway::default();
        let mut context = Context::from_waker(Waker::noop());
        let passed = (0..50).filter(|_| pin!(doorway.pass()).poll(&mut context) == Poll::Ready(())).count();
        assert_eq!(passed, STRANGERS_AT_A_TIME);
    }

    #[tokio::test]
    async fn with_a_keeper_all_come_through_and_others_between_them() {
        let (doorway, passed) = (Arc::new(Doorway::default()), Arc::new(AtomicUsize::new(0)));
        let strangers = (0..50).map(|_| {
            let (doorway, passed) = (Arc::clone(&doorway), Arc::clone(&passed));
            tokio::spawn(async move {
                doorway.pass().await;
                passed.fetch_add(1, Relaxed);
            })
        });
        let strangers: Vec<_> = strangers.collect();
        let most_at_once = async {
            let mut most = 0;
            while passed.load(Relaxed) < 50 {
                let before = passed.load(Relaxed);
                yield_now().await;
                most = most.max(passed.load(Relaxed) - before);
            }
            most
        };
        assert_eq!(doorway.kept_while(most_at_once).await, STRANGERS_AT_A_TIME);
        for stranger in strangers {
            stranger.await.unwrap();
        }
    }
}
