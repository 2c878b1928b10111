//! KMS, as the commands call it.

use std::{
    ffi::OsString,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use forward::{ActFor, Context, Kms, KmsError, Machine, ObjectStore, Patience, Settings, ThisMachine};
use secret::Plaintext;
use tokio::runtime::{Builder, Runtime};

use crate::{
    cli::Calling,
    ending::{ClientFailure, say},
    record::WrapRecord,
};

/// After this time somebody wants to know why nothing happens.
const SILENCE: Duration = Duration::from_secs(2);

/// KMS, and for whom it is called.
pub(crate) struct Client {
    pub(crate) kms: Arc<Kms>,
    pub(crate) act_for: ActFor,
    pub(crate) endpoint: String,
    /// The name or address in it.
    pub(crate) host: String,
    machine: Arc<ThisMachine>,
    pub(crate) runtime: Runtime,
    /// How often it calls at most, if somebody set that.
    pace: Mutex<Option<CallPace>>,
}

/// Calls at even distances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallPace {
    distance: Duration,
    /// When the next call may be made.
    next: Duration,
}

impl CallPace {
    /// So many calls a second, at least one.
    pub(crate) fn per_second(calls: u32) -> Self {
        Self { distance: Duration::from_secs(1) / calls.max(1), next: Duration::ZERO }
    }

    /// How long to wait now, before the call whose turn it is. Who was slow does not catch up.
    fn turn(&mut self, now: Duration) -> Duration {
        let turn = self.next.max(now);
        self.next = turn.saturating_add(self.distance);
        turn.saturating_sub(now)
    }
}

impl Client {
    /// Calls as the command line and the environment say.
    ///
    /// # Errors
    /// [`ClientFailure::Kms`] for settings that are missing or wrong.
    pub(crate) fn new(
        calling: &Calling,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<Self, ClientFailure> {
        let settings = Settings::read(variable)?;
        let endpoint = settings.endpoint().to_string();
        let host = settings.endpoint().host().unwrap_or_default().to_owned();
        let patience = Patience { total: Duration::from_secs(calling.wait), ..Patience::OF_A_PROGRAM };
        let machine = Arc::new(ThisMachine::start());
        let act_for = match calling.act_for.as_deref() {
            None => ActFor::Itself,
            Some("service") => ActFor::SERVICE,
            Some(principal) => ActFor::Principal(principal.to_owned()),
        };
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| ClientFailure::Use(error.to_string()))?;
        let kms = Arc::new(Kms::new(settings, patience, Arc::clone(&machine) as Arc<dyn Machine>)?);
        Ok(Self { kms, act_for, endpoint, host, machine, runtime, pace: Mutex::default() })
    }

    /// Calls no more often from now on.
    pub(crate) fn keep_to(&self, pace: CallPace) {
        *self.pace.lock().unwrap_or_else(PoisonError::into_inner) = Some(pace);
    }

    /// Objects, where the environment says that they are. `calling` is what [`Client::new`] was given.
    ///
    /// # Errors
    /// [`ClientFailure::Kms`] for settings that are missing or wrong.
    pub(crate) fn objects(
        &self,
        calling: &Calling,
        variable: &dyn Fn(&str) -> Option<OsString>,
    ) -> Result<ObjectStore, ClientFailure> {
        let patience = Patience { total: Duration::from_secs(calling.wait), ..Patience::OF_A_PROGRAM };
        let machine = Arc::clone(&self.machine) as Arc<dyn Machine>;
        Ok(ObjectStore::new(Settings::read_for_s3(variable)?, patience, machine)?)
    }

    /// Waits for an answer, and says so if it takes long.
    ///
    /// # Errors
    /// [`ClientFailure::Kms`].
    pub(crate) fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, KmsError>>,
    ) -> Result<T, ClientFailure> {
        Ok(self.wait_for(&format_args!("KMS at {}", self.endpoint), answer)?)
    }

    /// The same for an answer of somebody else.
    ///
    /// # Errors
    /// What the answer says.
    pub(crate) fn wait_for<T, E>(
        &self,
        whom: &dyn fmt::Display,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let pause = match &mut *self.pace.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(pace) => pace.turn(self.machine.elapsed()),
            None => Duration::ZERO,
        };
        let waits = || say(&format_args!("waits for {whom}"));
        self.runtime.block_on(async {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            patiently(answer, waits).await
        })
    }

    /// What a record keeps. It is only opened with the key that the record names.
    ///
    /// # Errors
    /// [`ClientFailure::Kms`].
    pub(crate) fn open(&self, record: &WrapRecord) -> Result<Plaintext, ClientFailure> {
        let WrapRecord { key, wrapped, context, .. } = record;
        self.decrypt(key, &wrapped.0, context)
    }

    /// What is under the key with this ARN, and under no other.
    ///
    /// # Errors
    /// [`ClientFailure::Kms`].
    pub(crate) fn decrypt(
        &self,
        key: &str,
        blob: &[u8],
        context: &Context,
    ) -> Result<Plaintext, ClientFailure> {
        Ok(self.wait(self.kms.decrypt(&self.act_for, Some(key), blob, context))?.plaintext)
    }

    /// A record of what another record keeps, under the newest material of a key.
    ///
    /// # Errors
    /// [`ClientFailure::Kms`]; [`ClientFailure::Record`] if what the record keeps is not under its key.
    pub(crate) fn rewrap(&self, record: &WrapRecord, to: &str) -> Result<WrapRecord, ClientFailure> {
        let WrapRecord { key, context, wrapped, .. } = record;
        let made = self.wait(self.kms.re_encrypt(&self.act_for, &wrapped.0, context, to, context))?;
        if made.source_key != *key {
            let why = format!("what the record keeps is under {}, and not under its key", made.source_key);
            return Err(ClientFailure::Record(why));
        }
        Ok(WrapRecord::new(made.key, context.clone(), made.blob, made.material))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub(crate) fn now_seconds(&self) -> i64 {
        self.machine.now_seconds()
    }

    /// The time since the program started.
    pub(crate) fn elapsed(&self) -> Duration {
        self.machine.elapsed()
    }

    /// A part of a name that no other process has.
    pub(crate) fn unique(&self) -> String {
        format!("{}-{:08x}", std::process::id(), self.machine.random())
    }
}

/// Waits for an answer. `waits` tells somebody of it, if it takes long.
pub(crate) async fn patiently<T>(answer: impl Future<Output = T>, waits: impl FnOnce()) -> T {
    tokio::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => return answer,
        () = tokio::time::sleep(SILENCE) => waits(),
    }
    answer.await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_made_at_even_distances_and_nobody_catches_up() {
        let mut pace = CallPace::per_second(10);
        let mut turn = |millis| pace.turn(Duration::from_millis(millis)).as_millis();
        assert_eq!((turn(0), turn(0), turn(50)), (0, 100, 150));
        assert_eq!((turn(1000), turn(1000)), (0, 100));
    }
}
