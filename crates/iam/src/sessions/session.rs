//! Sessions whose tokens are genuine, kept by the hashes of their tokens.

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use dispatch::{Caller, Credential, Fault, Usage};
use model::arn::AccountId;
use policy::{Policy, PolicyKind};
use secret::Plaintext;
use sigv4::{AuthError, SigningKeys};
use store::Revision;
use strongroom::Strongroom;

use super::{
    Bearer, Claims,
    shelf::{Hash, Shelf},
    token,
};
use crate::activity::{Activities, Activity};

/// The sessions that were used lately.
#[derive(Default)]
pub(crate) struct Sessions {
    known: ArcSwap<Shelf<Arc<Session>>>,
}

/// A session whose token is genuine.
pub(super) struct Session {
    pub(super) account: AccountId,
    pub(super) claims: Claims,
    /// The session policy.
    pub(super) policy: Option<Arc<Policy>>,
    lock: Arc<Lock>,
    signer: ArcSwapOption<Signer>,
}

/// What verifies signatures.
struct Lock {
    access_key_id: String,
    sealed: Vec<u8>,
    signing_keys: SigningKeys,
    strongroom: Arc<Strongroom>,
}

/// A session with its bearer as it was when the account's identities were last changed at this revision.
struct Signer {
    composed: Revision,
    caller: Caller,
    lock: Arc<Lock>,
    /// What the user or role calls whose session it is; nobody asks that of the root user.
    activity: Option<Arc<Activity>>,
}

impl Sessions {
    /// The session behind an access key id and a token.
    ///
    /// # Errors
    /// `UnrecognizedClientException` when the token is not genuine.
    pub(super) fn session(
        &self,
        access_key_id: &str,
        token: &str,
        strongroom: &Arc<Strongroom>,
    ) -> Result<Arc<Session>, Fault> {
        let hash = Hash::of(token);
        let known = self.known.load();
        if let Some((session, is_young)) = known.find(&hash) {
            if session.lock.access_key_id != access_key_id {
                return Err(AuthError::UnrecognizedClient.into());
            }
            let session = Arc::clone(session);
            if !is_young {
                self.keep(hash, &session);
            }
            return Ok(session);
        }
        // Only genuine tokens come further, so nobody can fill the shelf with made-up ones.
        let session = Arc::new(Session::read(access_key_id, token, strongroom)?);
        self.keep(hash, &session);
        Ok(session)
    }

    fn keep(&self, hash: Hash, session: &Arc<Session>) {
        self.known.rcu(|known| Shelf::with(known, hash, Arc::clone(session)));
    }
}

impl Session {
    /// Its access key.
    pub(super) fn access_key_id(&self) -> &str {
        &self.lock.access_key_id
    }

    fn read(access_key_id: &str, token: &str, strongroom: &Arc<Strongroom>) -> Result<Self, Fault> {
        let refused = || Fault::from(AuthError::UnrecognizedClient);
        let (claims, sealed) = token::read(strongroom, access_key_id, token)?;
        let policy = claims.policy.as_deref().map(|text| Policy::parse(text, PolicyKind::IdentityPolicy));
        Ok(Self {
            account: AccountId::from_u64(claims.account).ok_or_else(refused)?,
            policy: policy.transpose().map_err(|_| refused())?.map(Arc::new),
            claims,
            lock: Arc::new(Lock {
                access_key_id: access_key_id.to_owned(),
                sealed,
                signing_keys: SigningKeys::new(),
                strongroom: Arc::clone(strongroom),
            }),
            signer: ArcSwapOption::empty(),
        })
    }

    /// The session as a credential of this caller, who was composed when the account's identities had last changed at
    /// this revision. The next request finds it composed.
    pub(super) fn composed(
        &self,
        changed: Revision,
        activities: &Activities,
        compose: impl FnOnce() -> Result<Caller, Fault>,
    ) -> Result<Arc<dyn Credential>, Fault> {
        let known = self.signer.load();
        if let Some(signer) = known.as_ref().filter(|signer| signer.composed == changed) {
            return Ok(Arc::clone(signer) as Arc<dyn Credential>);
        }
        let signer = Arc::new(Signer {
            composed: changed,
            caller: compose()?,
            lock: Arc::clone(&self.lock),
            activity: self.bearer_id().map(|id| activities.of(id)),
        });
        self.signer.store(Some(Arc::clone(&signer)));
        Ok(signer)
    }
}

impl Session {
    /// The unique id of the user or role on whose policies it lives.
    fn bearer_id(&self) -> Option<&str> {
        match &self.claims.bearer {
            Bearer::Role { id, .. } | Bearer::User { id } => Some(id),
            Bearer::Federated { user, .. } => user.as_deref(),
            Bearer::Root => None,
        }
    }
}

impl Credential for Signer {
    fn caller(&self) -> &Caller {
        &self.caller
    }

    fn signing_keys(&self) -> &SigningKeys {
        &self.lock.signing_keys
    }

    fn secret(&self) -> Result<Plaintext, Fault> {
        token::secret(&self.lock.strongroom, &self.lock.access_key_id, &self.lock.sealed)
    }

    // Temporary access keys are nowhere listed, so nobody asks when they were last used themselves.
    fn used(&self, usage: Usage<'_>) {
        if let Some(activity) = &self.activity {
            activity.note(usage);
        }
    }
}
