//! Work that takes too long for the thread of a request.
//!
//! A request's thread serves many connections, so what takes longer than some 50 µs is done on a thread of its
//! own, and only so much of it at a time. RSA key generation takes up to seconds and has places of its own, so that
//! it cannot keep signatures waiting. Places are given in turn: however much one caller asks for, another waits for
//! little more than what is being done. Nobody's requests wait without end: beyond a number of them, further ones are
//! refused.
//!
//! Work that has begun is finished, also when nobody waits for it any more, and keeps its place until then.

mod line;
mod turns;

use std::sync::Arc;

use dispatch::Fault;
use model::kms::KeySpec;
use tokio::task::spawn_blocking;

use crate::faults;
use line::Line;
pub(crate) use line::NotDone;
pub(crate) use turns::Customer;
use turns::Most;

/// The places where work is done. One for the whole process.
pub struct Workshop {
    medium: Arc<Line>,
    large: Arc<Line>,
}

/// How long a piece of work takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effort {
    /// Up to some 50 µs: done on the spot.
    Small,
    /// Up to some milliseconds, as a signature with a long key.
    Medium,
    /// Up to seconds: the generation of RSA keys.
    Large,
}

/// Of what takes milliseconds, a second's work may wait.
const MEDIUM: Most = Most { of_principal: 512, of_account: 1024, of_all: 4096 };
/// Clients that make many keys at a time have some ten requests under way.
const LARGE: Most = Most { of_principal: 32, of_account: 64, of_all: 256 };

impl Workshop {
    /// A workshop for a machine with so many cores. Half of them may generate keys.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        Self { medium: Line::new(cores.max(1), MEDIUM), large: Line::new((cores / 2).max(1), LARGE) }
    }

    /// Does a piece of work of a customer's, when it is the customer's turn. Needs a tokio runtime, unless the effort is
    /// small; then nobody asks who the customer is.
    ///
    /// # Errors
    /// [`NotDone`].
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        customer: impl FnOnce() -> Customer,
        effort: Effort,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotDone> {
        let line = match effort {
            Effort::Small => return Ok(work()),
            Effort::Medium => &self.medium,
            Effort::Large => &self.large,
        };
        let seat = line.seat(&customer()).await?;
        let working = spawn_blocking(move || {
            let done = work();
            drop(seat);
            done
        });
        working.await.map_err(|_| NotDone::Interrupted)
    }
}

impl Effort {
    /// Making a key.
    pub(crate) fn of_making(spec: KeySpec) -> Self {
        match spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => Self::Large,
            _ => Self::of_private(spec),
        }
    }

    /// Opening a key, and computing with its private part: signing, decrypting, agreeing.
    pub(crate) fn of_private(spec: KeySpec) -> Self {
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
    pub(crate) fn of_public(spec: KeySpec) -> Self {
        match spec {
            // The public exponent is short.
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => Self::Small,
            _ => Self::of_private(spec),
        }
    }
}

impl From<NotDone> for Fault {
    fn from(why: NotDone) -> Self {
        match why {
            NotDone::Busy => {
                faults::throttled().with_detail("too many requests of the caller's wait for their turn")
            }
            NotDone::Interrupted => Self::internal(
                "work was interrupted: by a panic, whose place the log has, or because the server stops",
            ),
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
        assert_eq!(workshop.work(|| customer("a"), Effort::Small, || thread::current().id()).await, Ok(here));
        assert_ne!(
            workshop.work(|| customer("a"), Effort::Medium, || thread::current().id()).await,
            Ok(here)
        );
        assert_ne!(workshop.work(|| customer("a"), Effort::Large, || thread::current().id()).await, Ok(here));
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
                    workshop.work(|| customer("a"), Effort::Medium, piece).await
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
        let workshop = Workshop::new(1);
        let (done, wait) = mpsc::channel();
        let generation = workshop.work(|| customer("a"), Effort::Large, move || wait.recv().unwrap());
        let medium = workshop.work(|| customer("a"), Effort::Medium, move || done.send(7).unwrap());
        let (generation, medium) = tokio::join!(generation, medium);
        assert_eq!((generation, medium), (Ok(7), Ok(())));
    }

    /// Starts so many generations of a customer, which note who they were for when they end.
    fn start(
        workshop: &Arc<Workshop>,
        who: &'static str,
        count: usize,
        done: &Arc<Mutex<Vec<&'static str>>>,
    ) -> Vec<JoinHandle<Result<(), NotDone>>> {
        let generate = |_| {
            let (workshop, done) = (Arc::clone(workshop), Arc::clone(done));
            tokio::spawn(async move {
                workshop.work(|| customer(who), Effort::Large, move || done.lock().unwrap().push(who)).await
            })
        };
        (0..count).map(generate).collect()
    }

    /// Takes the only place of a workshop, until something is sent.
    async fn occupied(workshop: &Arc<Workshop>) -> (JoinHandle<Result<(), NotDone>>, mpsc::Sender<()>) {
        let (go, wait) = mpsc::channel();
        let workshop = Arc::clone(workshop);
        let first = tokio::spawn(async move {
            workshop.work(|| customer("first"), Effort::Large, move || wait.recv().unwrap()).await
        });
        tokio::task::yield_now().await;
        (first, go)
    }

    #[tokio::test]
    async fn however_many_keys_one_wants_another_waits_for_little() {
        let (workshop, done) = (Arc::new(Workshop::new(1)), Arc::new(Mutex::new(Vec::new())));
        let (first, go) = occupied(&workshop).await;
        let greedy = start(&workshop, "greedy", 64, &done);
        tokio::task::yield_now().await;
        let modest = start(&workshop, "modest", 1, &done);
        tokio::task::yield_now().await;
        go.send(()).unwrap();
        assert_eq!(first.await.unwrap(), Ok(()));
        let mut refused = 0;
        for generation in greedy {
            match generation.await.unwrap() {
                Ok(()) => {}
                Err(why) => {
                    assert_eq!(why, NotDone::Busy);
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
        let (workshop, done) = (Arc::new(Workshop::new(1)), Arc::new(Mutex::new(Vec::new())));
        let (first, go) = occupied(&workshop).await;
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
        assert_eq!(first.await.unwrap(), Ok(()));
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
            assert_eq!(
                workshop.work(|| customer("a"), Effort::Medium, work).await,
                Err(NotDone::Interrupted)
            );
            assert_eq!(workshop.work(|| customer("a"), Effort::Large, work).await, Err(NotDone::Interrupted));
        }
        assert_eq!(workshop.work(|| customer("a"), Effort::Large, || 1).await, Ok(1));
        assert_eq!(workshop.work(|| customer("a"), Effort::Medium, || 1).await, Ok(1));
    }
}
