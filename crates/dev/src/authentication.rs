//! Who signed, without asking for proof.

use std::sync::Arc;

use dispatch::{Authentication, Clock, Credential, Credentials, Fault, Find, Verified, fault};
use model::Timestamp;
use server::SystemClock;
use sigv4::Claim;
use state::Snapshot;

use crate::seed::DEFAULT_ACCOUNT;

/// Believes whoever signs, with whatever secret and at whatever time. An access key that exists is its owner, twelve
/// digits are the root user of that account, and everybody else is the root user of the default account.
pub(crate) struct Believed(pub(crate) Find<dyn Credentials>);

/// Verifies signatures. Clients sign with the machine's time, unless they have taken over that of the server's answers,
/// which may have been moved; both are right.
pub(crate) struct Checked {
    verified: Verified,
    clock: SystemClock,
}

impl Checked {
    pub(crate) fn new(credentials: Find<dyn Credentials>) -> Self {
        Self { verified: Verified(credentials), clock: SystemClock::start() }
    }
}

impl Authentication for Believed {
    fn authenticate(
        &self,
        memory: &Snapshot,
        claim: &Claim<'_>,
        _: &[u8],
        now: Timestamp,
    ) -> Result<Arc<dyn Credential>, Fault> {
        let (credentials, id) = ((self.0)(memory), claim.access_key_id());
        match credentials.find(id, claim.security_token(), now) {
            // A session that is over is known all the same.
            Err(fault) if fault.kind != &fault::EXPIRED_TOKEN => {}
            found => return found,
        }
        // Clients that were set up for something else may send a token with any access key.
        credentials.find(id, None, now).or_else(|_| credentials.find(DEFAULT_ACCOUNT, None, now))
    }

    fn knows(&self, _: &Snapshot, _: &Claim<'_>, _: Timestamp) -> Result<(), Fault> {
        Ok(())
    }
}

impl Authentication for Checked {
    fn authenticate(
        &self,
        memory: &Snapshot,
        claim: &Claim<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Arc<dyn Credential>, Fault> {
        self.verified
            .authenticate(memory, claim, body, self.clock.now())
            .or_else(|fault| self.verified.authenticate(memory, claim, body, now).map_err(|_| fault))
    }

    fn knows(&self, memory: &Snapshot, claim: &Claim<'_>, now: Timestamp) -> Result<(), Fault> {
        self.verified
            .knows(memory, claim, self.clock.now())
            .or_else(|_| self.verified.knows(memory, claim, now))
    }
}
