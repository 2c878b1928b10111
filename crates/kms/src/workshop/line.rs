//! Seats that are given in turn.

use std::{
    iter,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot::{self, Sender};

use super::turns::{Customer, Full, Most, Turns};

/// Seats, and those who wait for one.
pub(super) struct Line(Mutex<Seats>);

/// While somebody waits, no seat is free.
struct Seats {
    free: usize,
    waiting: Turns<Sender<Seat>>,
}

/// A seat. It goes to whoever's turn it is when it is left.
pub(super) struct Seat(Arc<Line>);

/// A piece of work was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotDone {
    /// As many requests wait as may: of the customer, of its account, or of all.
    Busy,
    /// It did not come to its end: it panicked, or the server is stopping.
    Interrupted,
}

impl Line {
    /// So many seats, all free, and so many who may wait for one.
    pub(super) fn new(seats: usize, most: Most) -> Arc<Self> {
        Arc::new(Self(Mutex::new(Seats { free: seats, waiting: Turns::new(most) })))
    }

    /// A seat, when it is the customer's turn.
    pub(super) async fn seat(self: &Arc<Self>, customer: &Customer) -> Result<Seat, NotDone> {
        let turn = {
            let mut seats = self.lock();
            if seats.free > 0 {
                seats.free -= 1;
                return Ok(Seat(Arc::clone(self)));
            }
            let (sender, turn) = oneshot::channel();
            if seats.waiting.is_full(customer) {
                // Whoever hung up takes nobody's place.
                seats.waiting.retain(|waiting| !waiting.is_closed());
            }
            seats.waiting.enter(customer, sender).map_err(|Full| NotDone::Busy)?;
            turn
        };
        turn.await.map_err(|_| NotDone::Interrupted)
    }

    fn lock(&self) -> MutexGuard<'_, Seats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let next = {
            let mut seats = self.0.lock();
            // Whoever hung up takes nobody's turn.
            let next = iter::from_fn(|| seats.waiting.next()).find(|waiting| !waiting.is_closed());
            seats.free += usize::from(next.is_none());
            next
        };
        if let Some(next) = next {
            // Whoever hangs up at this very moment does not take the seat, which is left again by that.
            drop(next.send(Self(Arc::clone(&self.0))));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
        thread,
    };

    use model::arn::AccountId;

    use super::*;

    /// What a seat that is left takes of the stack must not grow with the number of those who hung up.
    #[test]
    fn a_seat_goes_past_very_many_who_hung_up() {
        const MANY: usize = 20_000;
        let customer = Customer { account: AccountId::from_u64(1).unwrap(), principal: "a".to_owned() };
        let most = Most { of_principal: MANY, of_account: MANY, of_all: MANY };
        let line = Line::new(1, most);
        let mut context = Context::from_waker(Waker::noop());
        let mut seated = |line: &Arc<Line>| match pin!(line.seat(&customer)).poll(&mut context) {
            Poll::Ready(seat) => seat.ok(),
            Poll::Pending => None,
        };
        let seat = seated(&line).unwrap();
        for _ in 0..MANY - 1 {
            assert!(seated(&line).is_none(), "it waits, and hangs up");
        }
        let small = thread::Builder::new().stack_size(64 * 1024);
        small.spawn(move || drop(seat)).unwrap().join().unwrap();
        assert!(seated(&line).is_some());
    }
}
