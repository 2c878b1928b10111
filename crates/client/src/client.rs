//! KMS, as the commands call it.

use std::{ffi::OsString, sync::Arc, time::Duration};

use forward::{ActFor, Context, Kms, KmsError, Machine, Patience, Settings, ThisMachine};
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
        Ok(Self { kms, act_for, endpoint, host, machine, runtime })
    }

    /// Waits for an answer, and says so if it takes long.
    ///
    /// # Errors
    /// [`ClientFailure::Kms`].
    pub(crate) fn wait<T>(
        &self,
        answer: impl Future<Output = Result<T, KmsError>>,
    ) -> Result<T, ClientFailure> {
        let waits = || say(&format_args!("waits for KMS at {}", self.endpoint));
        Ok(self.runtime.block_on(patiently(answer, waits))?)
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
