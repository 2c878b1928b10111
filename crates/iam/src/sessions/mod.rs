//! Temporary credentials: how they are made, and how requests are verified with them.
//!
//! ```text
//! token ── unsealed, policy parsed: once ──► Session ── with the identities as they are now ──► Signer
//! ```
//! A session is kept by the hash of its token. What it may do is composed anew whenever an identity of its
//! account changes, so that a decision is always about current policies, and a role or user that is gone takes
//! its sessions along.

mod claims;
mod compose;
mod shelf;
mod token;

use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use dispatch::{Caller, Credential, Fault, Usage};
use model::{Timestamp, arn::AccountId};
use policy::{Policy, PolicyKind};
use secret::Plaintext;
use sigv4::{AuthError, SigningKeys};
use store::Revision;
use strongroom::Strongroom;

pub(crate) use claims::{Bearer, Claims};
pub(crate) use compose::{federated_arn, session_arn};
pub(crate) use token::{Minted, account_of, mint};

use crate::tables::Tables;
use shelf::{Hash, Shelf};

/// The sessions that were used lately.
#[derive(Default)]
pub(crate) struct Sessions {
    known: ArcSwap<Shelf<Arc<Session>>>,
}

/// A session whose token is genuine.
pub(crate) struct Session {
    account: AccountId,
    claims: Claims,
    /// The session policy.
    policy: Option<Arc<Policy>>,
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
}

impl Sessions {
    /// The credential behind an access key id and a token.
    ///
    /// # Errors
    /// `UnrecognizedClientException` when the token is not genuine or its bearer is gone, `ExpiredTokenException`
    /// when its time is over.
    pub(crate) fn find(
        &self,
        (access_key_id, token): (&str, &str),
        now: Timestamp,
        tables: &Tables,
        strongroom: &Arc<Strongroom>,
    ) -> Result<Arc<dyn Credential>, Fault> {
        let session = self.session(access_key_id, token, strongroom)?;
        if now.as_millis() >= session.claims.expires {
            return Err(AuthError::ExpiredToken.into());
        }
        session.credential(tables)
    }

    fn session(
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

    fn credential(&self, tables: &Tables) -> Result<Arc<dyn Credential>, Fault> {
        let account =
            tables.account(self.account).ok_or_else(|| Fault::from(AuthError::UnrecognizedClient))?;
        let known = self.signer.load();
        if let Some(signer) = known.as_ref().filter(|signer| signer.composed == account.changed) {
            return Ok(Arc::clone(signer) as Arc<dyn Credential>);
        }
        let signer = Arc::new(Signer {
            composed: account.changed,
            caller: self.caller(tables, account)?,
            lock: Arc::clone(&self.lock),
        });
        self.signer.store(Some(Arc::clone(&signer)));
        Ok(signer)
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

    // Temporary access keys are nowhere listed, so nobody asks when they were last used.
    fn used(&self, _: Usage<'_>) {}
}
