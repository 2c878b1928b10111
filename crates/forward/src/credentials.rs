//! The credentials that calls are signed with, exchanged before they end.

use std::{
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use outbound::{Outbound, OwnCredentials};
use tokio::sync::Mutex as Turn;

use crate::{
    container::{Container, Temporary},
    error::KmsError,
    machine::Machine,
};

/// Credentials in a file, and others that do not say when they end, are read again after this time.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// Credentials that end are exchanged when so little is left of them.
const LEFT_SECONDS: i64 = 300;

/// Others are looked for no more often: neither after an attempt that failed, nor because a call is refused. Some calls are
/// refused for credentials that are in them, whatever a stranger put there.
const PAUSE: Duration = Duration::from_secs(5);

/// Where credentials are had from.
pub(crate) trait CredentialSource: Send + Sync {
    /// Credentials. `now` is the time since some fixed moment.
    fn find(&self, now: Duration) -> FindingCredentials<'_>;
}

/// Credentials on their way, and when they end, in seconds since 1970; never if nothing is said.
pub(crate) type FindingCredentials<'a> =
    Pin<Box<dyn Future<Output = Result<(Arc<OwnCredentials>, Option<i64>), KmsError>> + Send + 'a>>;

/// The program's own credentials, where its settings say.
pub(crate) struct ProgramCredentials {
    pub(crate) sources: Arc<CredentialSources>,
    pub(crate) outbound: Outbound,
}

/// Where credentials are looked for, in this order.
pub(crate) struct CredentialSources {
    /// In the environment.
    pub(crate) fixed: Option<Arc<OwnCredentials>>,
    /// In these files, under a profile.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) profile: String,
    /// At an endpoint on this machine.
    pub(crate) container: Option<Container>,
}

/// Has credentials whenever it is asked.
pub(crate) struct CredentialKeeper {
    source: Box<dyn CredentialSource>,
    machine: Arc<dyn Machine>,
    present: Mutex<Option<Present>>,
    /// Only one call looks for others at a time.
    turn: Turn<()>,
}

/// The credentials that there are.
#[derive(Clone)]
struct Present {
    own: Arc<OwnCredentials>,
    ends_seconds: Option<i64>,
    /// When others were looked for last.
    looked: Duration,
    /// Until when nobody looks for others.
    settled: Duration,
}

impl CredentialKeeper {
    pub(crate) fn new(source: impl CredentialSource + 'static, machine: Arc<dyn Machine>) -> Self {
        Self { source: Box::new(source), machine, present: Mutex::default(), turn: Turn::default() }
    }

    /// Credentials that are good now. While others are looked for, those that are still good serve.
    pub(crate) async fn current(&self) -> Result<Arc<OwnCredentials>, KmsError> {
        let present = self.present();
        if let Some(present) = &present {
            if self.machine.elapsed() < present.settled && self.is_good(present) {
                return Ok(Arc::clone(&present.own));
            }
            if self.is_good(present) && self.turn.try_lock().is_err() {
                return Ok(Arc::clone(&present.own));
            }
        }
        let _turn = self.turn.lock().await;
        // Somebody else may have had the turn meanwhile.
        match self.present() {
            Some(present) if self.machine.elapsed() < present.settled && self.is_good(&present) => {
                Ok(present.own)
            }
            present => self.look(present).await,
        }
    }

    /// Other credentials than these, if there are, now that these are not believed.
    pub(crate) async fn newer_than(&self, refused: &Arc<OwnCredentials>) -> Option<Arc<OwnCredentials>> {
        let _turn = self.turn.lock().await;
        let now = self.machine.elapsed();
        let own = match self.present() {
            Some(present) if !Arc::ptr_eq(&present.own, refused) => present.own,
            Some(present) if now.saturating_sub(present.looked) < PAUSE => return None,
            present => self.look(present).await.ok()?,
        };
        (own.access_key_id != refused.access_key_id || own.token != refused.token).then_some(own)
    }

    /// Looks for credentials; if there are none, `present` serves as long as it is good.
    async fn look(&self, present: Option<Present>) -> Result<Arc<OwnCredentials>, KmsError> {
        let now = self.machine.elapsed();
        match self.source.find(now).await {
            Ok((own, ends_seconds)) => {
                let settled = self.settled(ends_seconds).saturating_add(now);
                self.put(Present { own: Arc::clone(&own), ends_seconds, looked: now, settled });
                Ok(own)
            }
            Err(error) => match present.filter(|present| self.is_good(present)) {
                Some(present) => {
                    let settled = now.saturating_add(PAUSE);
                    self.put(Present { looked: now, settled, ..present.clone() });
                    Ok(present.own)
                }
                None => Err(error),
            },
        }
    }

    /// How long credentials that were just found are not looked for again.
    fn settled(&self, ends_seconds: Option<i64>) -> Duration {
        let Some(ends_seconds) = ends_seconds else { return READ_AGAIN };
        let left = ends_seconds.saturating_sub(self.machine.now_seconds()).saturating_sub(LEFT_SECONDS);
        Duration::from_secs(u64::try_from(left).unwrap_or(0)).max(PAUSE)
    }

    fn is_good(&self, present: &Present) -> bool {
        present.ends_seconds.is_none_or(|ends_seconds| self.machine.now_seconds() < ends_seconds)
    }

    fn present(&self) -> Option<Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn put(&self, present: Present) {
        *self.present.lock().unwrap_or_else(PoisonError::into_inner) = Some(present);
    }
}

impl CredentialSource for ProgramCredentials {
    fn find(&self, now: Duration) -> FindingCredentials<'_> {
        Box::pin(self.sources.find(&self.outbound, now))
    }
}

impl CredentialSources {
    async fn find(
        &self,
        outbound: &Outbound,
        now: Duration,
    ) -> Result<(Arc<OwnCredentials>, Option<i64>), KmsError> {
        if let Some(own) = &self.fixed {
            return Ok((Arc::clone(own), None));
        }
        let mut missing = vec!["AWS_ACCESS_KEY_ID is not set".to_owned()];
        for file in &self.files {
            match OwnCredentials::from_file(file, &self.profile) {
                Ok(own) => return Ok((Arc::new(own), None)),
                Err(why) => missing.push(why),
            }
        }
        let Some(container) = &self.container else {
            missing.push("AWS_CONTAINER_CREDENTIALS_FULL_URI is not set".to_owned());
            return Err(KmsError::Credentials { why: missing.join("; "), may_pass: false });
        };
        let Temporary { own, ends_seconds } = container.ask(outbound, now).await?;
        Ok((Arc::new(own), ends_seconds))
    }
}
