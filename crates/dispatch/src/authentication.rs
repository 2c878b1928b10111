//! Establishing who signed a request.

use std::sync::Arc;

use model::Timestamp;
use sigv4::{AuthError, Claim, SigningKey};
use state::Snapshot;

use crate::{BodyFault, Credential, Credentials, Fault, Find};

/// Establishes who signed a request.
pub trait Authentication: Send + Sync {
    /// The credential that `claim` names, once it is established that the request comes from its holder.
    ///
    /// # Errors
    /// The fault for a request that is not believed.
    fn authenticate(
        &self,
        memory: &Snapshot,
        claim: &Claim<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Arc<dyn Credential>, Fault>;

    /// Whether `claim` names a credential that there is. That proves nothing yet.
    ///
    /// # Errors
    /// The fault for a request that names none.
    fn knows(&self, memory: &Snapshot, claim: &Claim<'_>, now: Timestamp) -> Result<(), Fault>;
}

/// The fault of a request without a body. A body that was not read because nobody known sent it is answered by what the
/// head says.
pub(crate) fn unread(
    authentication: &dyn Authentication,
    memory: &Snapshot,
    claim: &Result<Claim<'_>, AuthError>,
    fault: BodyFault,
    now: Timestamp,
) -> Fault {
    match (fault, claim) {
        (BodyFault::Unread, Ok(claim)) => {
            authentication.knows(memory, claim, now).err().unwrap_or_else(|| fault.into())
        }
        (BodyFault::Unread, Err(error)) => error.clone().into(),
        (fault, _) => fault.into(),
    }
}

/// Verifies the signature with the secret of the access key.
pub struct Verified(pub Find<dyn Credentials>);

impl Authentication for Verified {
    fn authenticate(
        &self,
        memory: &Snapshot,
        claim: &Claim<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Arc<dyn Credential>, Fault> {
        let credential = (self.0)(memory).find(claim.access_key_id(), claim.security_token(), now)?;
        let now = now.as_millis().div_euclid(1000);
        let keys = credential.signing_keys();
        if let Some(key) = keys.find(claim.scope()) {
            claim.verify(&key, body, now)?;
        } else {
            claim.check_time(now)?;
            let key = Arc::new(SigningKey::derive(credential.secret()?.reveal(), claim.scope()));
            claim.verify(&key, body, now)?;
            keys.keep(&key);
        }
        Ok(credential)
    }

    fn knows(&self, memory: &Snapshot, claim: &Claim<'_>, now: Timestamp) -> Result<(), Fault> {
        (self.0)(memory).find(claim.access_key_id(), claim.security_token(), now).map(drop)
    }
}
