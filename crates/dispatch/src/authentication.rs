//! Establishing who signed a request.

use std::sync::Arc;

use model::Timestamp;
use sigv4::{Claim, SigningKey};
use state::Snapshot;

use crate::{Credential, Credentials, Fault, Find};

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
}
