//! What a deployment has of its own: the record of its seal, and its domain keys.

use std::sync::Arc;

use dispatch::Clock;
use minicbor::{Decode, Encode};
use model::Timestamp;
use store::{Batch, Key, Precondition, Store, StoreError};
use strongroom::{Entropy, Seal, SealError, SealedDomainKey, Strongroom, UnsealError};

/// How the domain keys are wrapped.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum SealRecord {
    /// By a key in a file outside the data directory.
    #[n(0)]
    File,
    /// By a passphrase, stretched with these parameters.
    #[n(1)]
    Passphrase(#[cbor(n(0), with = "minicbor::bytes")] Vec<u8>),
}

/// A domain key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct DomainKeyRecord {
    /// When it was made, in milliseconds since the epoch.
    #[n(0)]
    created: i64,
    /// Wrapped by the seal.
    #[cbor(n(1), with = "minicbor::bytes")]
    wrapped: Vec<u8>,
}

/// Why the deployment's own records are of no use.
#[derive(Debug)]
pub enum DeploymentError {
    /// The store failed.
    Store(StoreError),
    /// A record does not decode: the store is damaged or from a newer version.
    Unreadable(String),
    /// There are records, and no seal that they are under.
    NoSeal,
    /// The strongroom stays sealed.
    Unseal(UnsealError),
    /// A new domain key could not be wrapped.
    Seal(SealError),
}

impl std::fmt::Display for DeploymentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            Self::Unreadable(key) => write!(f, "the record `{key}` does not decode"),
            Self::NoSeal => f.write_str(
                "the store has records, and the record `-/-/seal` is gone: nothing in the store can be opened without it",
            ),
            Self::Unseal(error) => error.fmt(f),
            Self::Seal(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for DeploymentError {}

impl From<StoreError> for DeploymentError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What is known of the deployment itself.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
struct DeploymentRecord {
    /// When it was founded, in milliseconds since the epoch.
    #[n(0)]
    founded: i64,
}

const SEAL: Key = Key::from_static(b"-/-/seal");
const DEPLOYMENT: Key = Key::from_static(b"-/-/deployment");
const DOMAIN_KEYS: (&[u8], &[u8]) = (b"-/-/domain-key/", b"-/-/domain-key0");
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// Whether the record of this key is authenticated by its own envelope, and has no stamp: it must be read before the
/// strongroom can vouch for records. Wrong parameters of a seal open nothing, and a domain key opens under its own
/// number and this deployment's seal alone.
pub(crate) fn is_sealed_by_itself(key: &[u8]) -> bool {
    key == SEAL || key.starts_with(DOMAIN_KEYS.0)
}

/// The record of the seal; `None` before the deployment is initialised, when the store is empty.
///
/// # Errors
/// [`DeploymentError::Store`], [`DeploymentError::Unreadable`]. [`DeploymentError::NoSeal`]: another deployment over what is
/// left would destroy that.
pub(crate) async fn seal_record(store: &dyn Store) -> Result<Option<SealRecord>, DeploymentError> {
    let found = store.get(&[SEAL]).await?.into_iter().next().flatten();
    let decode = |bytes: &[u8]| {
        minicbor::decode(bytes).map_err(|_| DeploymentError::Unreadable("-/-/seal".to_owned()))
    };
    match found {
        Some(stored) => decode(&stored.value).map(Some),
        None if store.scan(b"", b"\xFF", 1).await?.items.is_empty() => Ok(None),
        None => Err(DeploymentError::NoSeal),
    }
}

/// The change that initialises a deployment with its seal and first domain key, and that domain key.
///
/// # Errors
/// [`DeploymentError::Seal`].
pub(crate) fn founding(
    record: &SealRecord,
    seal: &dyn Seal,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> Result<(Batch, SealedDomainKey), DeploymentError> {
    let key = SealedDomainKey::generate(1, seal, entropy).map_err(DeploymentError::Seal)?;
    let batch = Batch {
        preconditions: vec![Precondition::Absent(SEAL)],
        puts: vec![
            (SEAL, encode(record)),
            (at(1), domain_key_record(&key, now)),
            // There is always something that the first ledger accounts for.
            (DEPLOYMENT, encode(&DeploymentRecord { founded: now.as_millis() })),
        ],
        deletes: Vec::new(),
    };
    Ok((batch, key))
}

/// Unseals the strongroom with every domain key in the store.
///
/// # Errors
/// All but [`DeploymentError::Seal`].
pub(crate) async fn unseal(
    store: &dyn Store,
    strongroom: &Strongroom,
    seal: &dyn Seal,
) -> Result<(), DeploymentError> {
    let keys: Vec<SealedDomainKey> = domain_keys(store).await?.into_iter().map(|(key, _)| key).collect();
    strongroom.unseal(seal, &keys).map_err(DeploymentError::Unseal)
}

/// Makes a new domain key when the newest is older than `days`. Through the store one node makes it; all take
/// up what they find. Returns whether this one did.
///
/// # Errors
/// [`DeploymentError`].
pub(crate) async fn rotate_domain_key(
    store: &Arc<dyn Store>,
    strongroom: &Strongroom,
    seal: &dyn Seal,
    days: u32,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<bool, DeploymentError> {
    let keys = domain_keys(&**store).await?;
    let Some((newest, created)) = keys.last() else { return Ok(false) };
    let now = clock.now();
    let due = is_due(*created, now, days);
    if due {
        let number = newest.number().saturating_add(1);
        let key = SealedDomainKey::generate(number, seal, entropy).map_err(DeploymentError::Seal)?;
        let batch = Batch {
            preconditions: vec![Precondition::Absent(at(number))],
            puts: vec![(at(number), domain_key_record(&key, now))],
            deletes: Vec::new(),
        };
        // Stored first: the strongroom seals with it from the moment that it has it.
        let _ = store.commit(batch).await?;
    }
    unseal(&**store, strongroom, seal).await?;
    Ok(due)
}

/// The number of the newest domain key in the store, and when it was made. `None` before the deployment is initialised.
///
/// # Errors
/// [`DeploymentError::Store`], [`DeploymentError::Unreadable`].
pub(crate) async fn newest_domain_key(
    store: &dyn Store,
) -> Result<Option<(u32, Timestamp)>, DeploymentError> {
    let keys = domain_keys(store).await?;
    Ok(keys.last().map(|(key, created)| (key.number(), *created)))
}

/// Whether a domain key that was made then is older than `days`.
pub(crate) fn is_due(created: Timestamp, now: Timestamp, days: u32) -> bool {
    let age = now.as_millis().saturating_sub(created.as_millis());
    age >= i64::from(days).saturating_mul(DAY_MILLIS)
}

async fn domain_keys(store: &dyn Store) -> Result<Vec<(SealedDomainKey, Timestamp)>, DeploymentError> {
    let mut keys = Vec::new();
    let mut from = Key::from_static(DOMAIN_KEYS.0);
    loop {
        let page = store.scan(&from, DOMAIN_KEYS.1, store::SCAN_ITEMS_MAX).await?;
        for (key, stored) in page.items {
            let read = || {
                let record: DomainKeyRecord = minicbor::decode(&stored.value).ok()?;
                let sealed = SealedDomainKey::from_bytes(&record.wrapped).ok()?;
                Some((sealed, Timestamp::from_millis(record.created)))
            };
            let unreadable = || DeploymentError::Unreadable(String::from_utf8_lossy(&key).into_owned());
            let (sealed, created) = read().ok_or_else(unreadable)?;
            if key != at(sealed.number()) {
                return Err(StoreError::Forged(String::from_utf8_lossy(&key).into_owned()).into());
            }
            keys.push((sealed, created));
        }
        match page.next {
            Some(next) => from = next,
            None => return Ok(keys),
        }
    }
}

fn at(number: u32) -> Key {
    format!("-/-/domain-key/{number:010}").into()
}

fn domain_key_record(key: &SealedDomainKey, now: Timestamp) -> bytes::Bytes {
    encode(&DomainKeyRecord { created: now.as_millis(), wrapped: key.to_bytes() })
}

fn encode<T: Encode<()>>(record: &T) -> bytes::Bytes {
    minicbor::to_vec(record).map(Into::into).unwrap_or_default()
}
