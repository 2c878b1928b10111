//! Work that takes too long for the thread of a request.
//!
//! A request's thread serves many connections, so what takes longer than some 50 µs is done on a thread of its
//! own, and only so much of it at a time: work of the same size waits its turn, in order. RSA key generation
//! takes up to seconds and has places of its own, so that it cannot keep signatures waiting.
//!
//! Work that has begun is finished, also when nobody waits for it any more, and keeps its place until then.

use std::sync::Arc;

use dispatch::Fault;
use model::kms::KeySpec;
use tokio::{sync::Semaphore, task::spawn_blocking};

/// The places where work is done. One for the whole process.
pub struct Workshop {
    medium: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// How long a piece of work takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Up to some 50 µs: done on the spot.
    Small,
    /// Up to some milliseconds, as a signature with a long key.
    Medium,
    /// Up to seconds: the generation of RSA keys.
    Large,
}

/// The work did not come to its end: it panicked, or the server is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

impl Workshop {
    /// A workshop for a machine with so many cores. Half of them may generate keys.
    #[must_use]
    pub fn new(cores: usize) -> Self {
        let places = |count: usize| Arc::new(Semaphore::new(count.max(1)));
        Self { medium: places(cores), large: places(cores / 2) }
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
        let places = match effort {
            Effort::Small => return Ok(work()),
            Effort::Medium => &self.medium,
            Effort::Large => &self.large,
        };
        let place = Arc::clone(places).acquire_owned().await.map_err(|_| Interrupted)?;
        let working = spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        working.await.map_err(|_| Interrupted)
    }
}

impl Effort {
    /// Making a key.
    #[must_use]
    pub fn of_making(spec: KeySpec) -> Self {
        match spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => Self::Large,
            _ => Self::of_private(spec),
        }
    }

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

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            atomic::{AtomicUsize, Ordering::SeqCst},
            mpsc,
        },
        thread,
    };

    use super::*;

    #[tokio::test]
    async fn small_work_stays_where_it_is_and_other_work_does_not() {
        let workshop = Workshop::new(2);
        let here = thread::current().id();
        assert_eq!(workshop.work(Effort::Small, || thread::current().id()).await, Ok(here));
        for effort in [Effort::Medium, Effort::Large] {
            assert_ne!(workshop.work(effort, || thread::current().id()).await, Ok(here), "{effort:?}");
        }
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

    /// The large piece waits for the medium one, and would wait for ever if that had to wait for it.
    #[tokio::test]
    async fn large_work_does_not_keep_medium_work_waiting() {
        let workshop = Workshop::new(1);
        let (done, wait) = mpsc::channel();
        let large = workshop.work(Effort::Large, move || wait.recv().unwrap());
        let medium = workshop.work(Effort::Medium, move || done.send(7).unwrap());
        let (large, medium) = tokio::join!(large, medium);
        assert_eq!((large, medium), (Ok(7), Ok(())));
    }

    #[tokio::test]
    async fn work_that_panics_frees_its_place() {
        let workshop = Workshop::new(1);
        for _ in 0..3 {
            let work =
                || assert!(thread::current().name().is_none_or(|name| name == "no such name"), "on purpose");
            assert_eq!(workshop.work(Effort::Medium, work).await, Err(Interrupted));
        }
        assert_eq!(workshop.work(Effort::Medium, || 1).await, Ok(1));
    }
}
