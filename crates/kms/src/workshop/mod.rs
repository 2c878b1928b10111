//! Work that takes too long for the thread of a request.
//!
//! A request's thread serves many connections, so what takes longer than some 50 µs is done on a thread of its
//! own, and only so much of it at a time. RSA key generation takes up to seconds and has places of its own, so that
//! it cannot keep signatures waiting. Who wants RSA keys gets a place in turn: however many one caller asks for, another
//! waits for little more than the key that is being generated. Nobody's requests wait without end: beyond a number of
//! them, further ones are refused.
//!
//! Work that has begun is finished, also when nobody waits for it any more, and keeps its place until then.

mod line;
mod turns;

use std::sync::Arc;

use dispatch::Fault;
use model::kms::KeySpec;
use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::faults;
use line::Line;
pub use line::NotGenerated;
pub use turns::Customer;

/// The places where work is done. One for the whole process.
pub struct Workshop {
    medium: Arc<Semaphore>,
    generation: Arc<Line>,
}

/// How long a piece of work takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Up to some 50 µs: done on the spot.
    Small,
    /// Up to some milliseconds, as a signature with a long key.
    Medium,
}

/// The work did not come to its end: it panicked, or the server is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl Workshop {
    /// A workshop for a machine with so many cores. Half of them may generate keys.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        Self { medium: Arc::new(Semaphore::new(cores.max(1))), generation: Line::new((cores / 2).max(1)) }
    }

    /// Does a piece of work. Needs a tokio runtime, unless the effort is small.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub async fn work<T: Send + 'static>(
        &self,
        effort: Effort,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Interrupted> {
        if effort == Effort::Small {
            return Ok(work());
        }
        let place = Arc::clone(&self.medium).acquire_owned().await.map_err(|_| Interrupted)?;
        at(place, work).await
    }

    /// Generates an RSA key, when it is the customer's turn. Needs a tokio runtime.
    ///
    /// # Errors
    /// [`NotGenerated`].
    pub async fn generate<T: Send + 'static>(
        &self,
        customer: &Customer,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotGenerated> {
        let seat = self.generation.seat(customer).await?;
        at(seat, work).await.map_err(|Interrupted| NotGenerated::Interrupted)
    }
}

/// Works at a place, and leaves it.
async fn at<P: Send + 'static, T: Send + 'static>(
    place: P,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Interrupted> {
    let working = spawn_blocking(move || {
        let done = work();
        drop(place);
        done
    });
    working.await.map_err(|_| Interrupted)
}

impl Effort {
    /// Opening a key, and computing with its private part: signing, decrypting, agreeing.
    #[must_use]
    pub fn of_private(spec: KeySpec) -> Self {
        match spec {
            KeySpec::Rsa2048
            | KeySpec::Rsa3072
            | KeySpec::Rsa4096
            | KeySpec::EccNistP384
            | KeySpec::EccNistP521
            | KeySpec::MlDsa44
            | KeySpec::MlDsa65
            | KeySpec::MlDsa87
            | KeySpec::Sm2 => Self::Medium,
            KeySpec::SymmetricDefault
            | KeySpec::Hmac224
            | KeySpec::Hmac256
            | KeySpec::Hmac384
            | KeySpec::Hmac512
            | KeySpec::EccNistP256
            | KeySpec::EccSecgP256k1
            | KeySpec::EccNistEdwards25519
            | KeySpec::MlKem512
            | KeySpec::MlKem768
            | KeySpec::MlKem1024 => Self::Small,
        }
    }

    /// Computing with a key's public part: verifying, encrypting.
    #[must_use]
    pub fn of_public(spec: KeySpec) -> Self {
        match spec {
            // The public exponent is short.
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => Self::Small,
            _ => Self::of_private(spec),
        }
    }
}

impl From<Interrupted> for Fault {
    fn from(_: Interrupted) -> Self {
        Self::internal(
            "work was interrupted: by a panic, whose place the log has, or because the server stops",
        )
    }
}

impl From<NotGenerated> for Fault {
    fn from(why: NotGenerated) -> Self {
        match why {
            NotGenerated::Busy => {
                faults::throttled().with_detail("too many requests for RSA keys wait already".to_owned())
            }
            NotGenerated::Interrupted => Interrupted.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering::SeqCst},
            mpsc,
        },
        thread,
    };

    use model::arn::AccountId;
    use tokio::task::JoinHandle;

    use super::*;

    fn customer(name: &str) -> Customer {
        Customer { account: AccountId::from_u64(1).unwrap(), principal: name.to_owned() }
    }

    #[tokio::test]
    async fn small_work_stays_where_it_is_and_other_work_does_not() {
        let workshop = Workshop::new(2);
        let here = thread::current().id();
        assert_eq!(workshop.work(Effort::Small, || thread::current().id()).await, Ok(here));
        assert_ne!(workshop.work(Effort::Medium, || thread::current().id()).await, Ok(here));
        assert_ne!(workshop.generate(&customer("a"), || thread::current().id()).await, Ok(here));
    }

    #[tokio::test]
    async fn only_so_much_is_done_at_a_time() {
        let workshop = Arc::new(Workshop::new(2));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let pieces: Vec<_> = (0..50)
            .map(|_| {
                let (workshop, running, most) =
                    (Arc::clone(&workshop), Arc::clone(&running), Arc::clone(&most));
                tokio::spawn(async move {
                    let piece = move || {
                        most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                        thread::yield_now();
                        running.fetch_sub(1, SeqCst);
                    };
                    workshop.work(Effort::Medium, piece).await
                })
            })
            .collect();
        for piece in pieces {
            assert_eq!(piece.await.unwrap(), Ok(()));
        }
        assert!((1..=2).contains(&most.load(SeqCst)), "{most:?}");
    }

    /// The generation waits for the medium piece, and would wait for ever if that had to wait for it.
    #[tokio::test]
    async fn generation_does_not_keep_medium_work_waiting() {
        let (workshop, greedy) = (Workshop::new(1), customer("a"));
        let (done, wait) = mpsc::channel();
        let generation = workshop.generate(&greedy, move || wait.recv().unwrap());
        let medium = workshop.work(Effort::Medium, move || done.send(7).unwrap());
        let (generation, medium) = tokio::join!(generation, medium);
        assert_eq!((generation, medium), (Ok(7), Ok(())));
    }

    /// Starts so many generations of a customer, which note who they were for when they end.
    fn start(
        workshop: &Arc<Workshop>,
        who: &'static str,
        count: usize,
        done: &Arc<Mutex<Vec<&'static str>>>,
    ) -> Vec<JoinHandle<Result<(), NotGenerated>>> {
        let generate = |_| {
            let (workshop, done) = (Arc::clone(workshop), Arc::clone(done));
            tokio::spawn(async move {
                workshop.generate(&customer(who), move || done.lock().unwrap().push(who)).await
            })
        };
        (0..count).map(generate).collect()
    }

    #[tokio::test]
    async fn however_many_keys_one_wants_another_waits_for_little() {
        let workshop = Arc::new(Workshop::new(1));
        let done = Arc::new(Mutex::new(Vec::new()));
        let (go, wait) = mpsc::channel::<()>();
        let first = Arc::clone(&workshop);
        let first =
            tokio::spawn(async move { first.generate(&customer("first"), move || wait.recv()).await });
        tokio::task::yield_now().await;
        let greedy = start(&workshop, "greedy", 64, &done);
        tokio::task::yield_now().await;
        let modest = start(&workshop, "modest", 1, &done);
        tokio::task::yield_now().await;
        go.send(()).unwrap();
        first.await.unwrap().unwrap().unwrap();
        let mut refused = 0;
        for generation in greedy {
            match generation.await.unwrap() {
                Ok(()) => {}
                Err(why) => {
                    assert_eq!(why, NotGenerated::Busy);
                    assert_eq!(Fault::from(why).kind.json, "ThrottlingException");
                    refused += 1;
                }
            }
        }
        for generation in modest {
            assert_eq!(generation.await.unwrap(), Ok(()));
        }
        let done = done.lock().unwrap();
        assert_eq!(done.iter().position(|who| *who == "modest"), Some(1), "{done:?}");
        assert_eq!(refused + done.len(), 65);
        assert!(refused > 0);
    }

    #[tokio::test]
    async fn who_hung_up_is_passed_over() {
        let workshop = Arc::new(Workshop::new(1));
        let done = Arc::new(Mutex::new(Vec::new()));
        let (go, wait) = mpsc::channel::<()>();
        let first = Arc::clone(&workshop);
        let first =
            tokio::spawn(async move { first.generate(&customer("first"), move || wait.recv()).await });
        tokio::task::yield_now().await;
        // As often as this, each time a full queue: whoever is gone takes no place in it.
        for _ in 0..5 {
            let gone = start(&workshop, "gone", 32, &done);
            tokio::task::yield_now().await;
            gone.iter().for_each(JoinHandle::abort);
            for generation in gone {
                assert!(generation.await.unwrap_err().is_cancelled());
            }
        }
        let patient = start(&workshop, "patient", 2, &done);
        tokio::task::yield_now().await;
        go.send(()).unwrap();
        first.await.unwrap().unwrap().unwrap();
        for generation in patient {
            assert_eq!(generation.await.unwrap(), Ok(()));
        }
        assert_eq!(*done.lock().unwrap(), ["patient", "patient"]);
    }

    #[tokio::test]
    async fn work_that_panics_frees_its_place() {
        let workshop = Workshop::new(1);
        for _ in 0..3 {
            let work =
                || assert!(thread::current().name().is_none_or(|name| name == "no such name"), "on purpose");
            assert_eq!(workshop.work(Effort::Medium, work).await, Err(Interrupted));
            assert_eq!(workshop.generate(&customer("a"), work).await, Err(NotGenerated::Interrupted));
        }
        assert_eq!(workshop.generate(&customer("a"), || 1).await, Ok(1));
        assert_eq!(workshop.work(Effort::Medium, || 1).await, Ok(1));
    }
}
