//! One budget for the requests that are being read, over all connections.
//!
//! A request whose body is small and there at once passes without it. Any other takes what its head and body need before it
//! is read on. Connections over which nobody known has called yet have a share of the budget, and get no more when the share
//! is used up; the known wait for room. So strangers neither fill the memory nor keep others from being read.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// Bytes that are reckoned as one.
const UNIT_BYTES: usize = 1024;
/// One in so many bytes is the strangers' share.
const STRANGERS_PART: usize = 2;

/// The budget.
#[derive(Debug)]
pub(crate) struct Memory {
    all: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
}

/// What a request has of the budget, until it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Room {
    permits: Vec<OwnedSemaphorePermit>,
}

/// The budget does not suffice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRoom;

impl Memory {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let semaphore =
            |bytes: usize| Arc::new(Semaphore::new((bytes / UNIT_BYTES).min(Semaphore::MAX_PERMITS)));
        Self { all: semaphore(bytes), strangers: semaphore(bytes / STRANGERS_PART) }
    }

    /// Takes so many bytes for a stranger, now or not at all.
    pub(crate) fn take_for_stranger(&self, bytes: usize, held: &mut Room) -> Result<(), NoRoom> {
        let units = units(bytes);
        // In this order: what a stranger does not get of its share, it does not take from all.
        for semaphore in [&self.strangers, &self.all] {
            match Arc::clone(semaphore).try_acquire_many_owned(units) {
                Ok(permit) => held.permits.push(permit),
                Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => return Err(NoRoom),
            }
        }
        Ok(())
    }

    /// Takes so many bytes for somebody known, as soon as they are there.
    pub(crate) async fn take(&self, bytes: usize, held: &mut Room) -> Result<(), NoRoom> {
        let permit = Arc::clone(&self.all).acquire_many_owned(units(bytes)).await;
        held.permits.push(permit.map_err(|_| NoRoom)?);
        Ok(())
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use proptest::prelude::*;

    use super::*;

    const KIB: usize = 1024;

    #[test]
    fn strangers_get_half_and_the_known_wait() {
        let memory = Memory::new(100 * KIB);
        let mut strangers = Room::default();
        assert_eq!(memory.take_for_stranger(50 * KIB, &mut strangers), Ok(()));
        assert_eq!(memory.take_for_stranger(1, &mut Room::default()), Err(NoRoom));
        let (mut first, mut second) = (Room::default(), Room::default());
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(pin!(memory.take(50 * KIB, &mut first)).poll(&mut context), Poll::Ready(Ok(())));
        {
            let mut waiting = pin!(memory.take(10 * KIB, &mut second));
            assert_eq!(waiting.as_mut().poll(&mut context), Poll::Pending);
            drop(first);
            assert_eq!(waiting.poll(&mut context), Poll::Ready(Ok(())));
        }
        drop((second, strangers));
        assert_eq!(memory.all.available_permits(), 100);
        assert_eq!(memory.strangers.available_permits(), 50);
    }

    #[test]
    fn what_a_stranger_does_not_get_it_does_not_keep() {
        let memory = Memory::new(100 * KIB);
        let mut context = Context::from_waker(Waker::noop());
        let mut known = Room::default();
        assert_eq!(pin!(memory.take(80 * KIB, &mut known)).poll(&mut context), Poll::Ready(Ok(())));
        let mut stranger = Room::default();
        assert_eq!(memory.take_for_stranger(30 * KIB, &mut stranger), Err(NoRoom));
        drop(stranger);
        assert_eq!(memory.take_for_stranger(20 * KIB, &mut Room::default()), Ok(()));
    }

    proptest! {
        #[test]
        fn no_more_is_held_than_there_is(
            steps in proptest::collection::vec((1_usize..40_000, any::<bool>(), any::<bool>()), 1..200),
        ) {
            let memory = Memory::new(200 * KIB);
            let mut all: Vec<(Room, usize, bool)> = Vec::new();
            for (bytes, is_stranger, leaves) in steps {
                let mut held = Room::default();
                let mut context = Context::from_waker(Waker::noop());
                let taken = if is_stranger {
                    memory.take_for_stranger(bytes, &mut held).is_ok()
                } else {
                    pin!(memory.take(bytes, &mut held)).poll(&mut context) == Poll::Ready(Ok(()))
                };
                if taken {
                    all.push((held, bytes.div_ceil(KIB), is_stranger));
                }
                if leaves && !all.is_empty() {
                    all.remove(0);
                }
                let held: usize = all.iter().map(|(_, units, _)| units).sum();
                let strangers: usize =
                    all.iter().filter(|(.., is_stranger)| *is_stranger).map(|(_, units, _)| units).sum();
                prop_assert!(held <= 200 && strangers <= 100);
                prop_assert_eq!(memory.all.available_permits(), 200 - held);
            }
        }
    }
}
