//! Domain keys: the keys under which everything stored is sealed.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use secret::Plaintext;

use crate::aead::KEY_BYTES;
use crate::entropy::Entropy;
use crate::envelope::Broken;
use crate::error::SealError;
use crate::mac;
use crate::purpose::RecordKeys;
use crate::seal::Seal;

/// A domain key wrapped by a seal: what the store keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedDomainKey {
    number: u32,
    wrapped: Vec<u8>,
}

/// The bytes are not a sealed domain key of a known version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl SealedDomainKey {
    /// Makes a new domain key. Numbers count upwards from 1 and are never used again. Store the result before you
    /// hand it to [`Strongroom::unseal`](crate::Strongroom::unseal): from then on it seals.
    ///
    /// # Errors
    /// What the seal says, or [`SealError::Broken`] if randomness fails.
    pub fn generate(number: u32, seal: &dyn Seal, entropy: &dyn Entropy) -> Result<Self, SealError> {
        let key =
            Plaintext::zeroed(KEY_BYTES).fill(|out| entropy.fill(out)).map_err(|_| SealError::Broken)?;
        Self::wrap(number, &key, seal, entropy)
    }

    /// The same key under another seal: how a store changes its seal without touching anything else.
    ///
    /// # Errors
    /// What either seal says.
    pub fn reseal(&self, from: &dyn Seal, to: &dyn Seal, entropy: &dyn Entropy) -> Result<Self, SealError> {
        Self::wrap(self.number, &self.open(from)?, to, entropy)
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The stored form: magic and version, number (u32, big-endian), the key as the seal wrapped it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&associated(self.number), self.wrapped.as_slice()].concat()
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`Malformed`] if the bytes are too short or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let (magic, rest) = bytes.split_first_chunk().ok_or(Malformed)?;
        let (number, wrapped) = rest.split_first_chunk().ok_or(Malformed)?;
        if magic != &MAGIC {
            return Err(Malformed);
        }
        Ok(Self { number: u32::from_be_bytes(*number), wrapped: wrapped.to_vec() })
    }

    pub(crate) fn open(&self, seal: &dyn Seal) -> Result<Plaintext, SealError> {
        let key = seal.unwrap(&self.wrapped, &associated(self.number))?;
        if key.len() == KEY_BYTES { Ok(key) } else { Err(SealError::WouldNotOpen) }
    }

    fn wrap(number: u32, key: &Plaintext, seal: &dyn Seal, entropy: &dyn Entropy) -> Result<Self, SealError> {
        Ok(Self { number, wrapped: seal.wrap(key, &associated(number), entropy)? })
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a sealed domain key of a known version")
    }
}

impl Error for Malformed {}

/// The bytes to which the seal binds the key; the stored form begins with them.
fn associated(number: u32) -> [u8; 8] {
    let [a, b, c, d] = MAGIC;
    let [e, f, g, h] = number.to_be_bytes();
    [a, b, c, d, e, f, g, h]
}

/// An open domain key.
pub(crate) struct DomainKey {
    key: Plaintext,
    records: RecordKeys,
}

impl DomainKey {
    /// Derives what is in constant use.
    pub(crate) fn new(key: Plaintext) -> Result<Self, Broken> {
        let records = RecordKeys::derive(&key)?;
        Ok(Self { key, records })
    }

    /// The key, to derive others from.
    pub(crate) fn key(&self) -> &Plaintext {
        &self.key
    }

    /// The keys that stored records are authenticated with.
    pub(crate) fn records(&self) -> &RecordKeys {
        &self.records
    }
}

/// The open domain keys. An unsealed strongroom has at least one.
#[derive(Clone, Default)]
pub(crate) struct DomainKeys(BTreeMap<u32, Arc<DomainKey>>);

impl DomainKeys {
    /// Adds a key. The same key may come again. Another key of the same number is an error that names the number.
    pub(crate) fn add(&mut self, number: u32, key: &Arc<DomainKey>) -> Result<(), u32> {
        let known = self.0.entry(number).or_insert_with(|| Arc::clone(key));
        if mac::equal(known.key.reveal(), key.key.reveal()) { Ok(()) } else { Err(number) }
    }

    /// The key of this number, which opens what names the number.
    pub(crate) fn get(&self, number: u32) -> Option<&DomainKey> {
        self.0.get(&number).map(Arc::as_ref)
    }

    /// The key that seals: the newest.
    pub(crate) fn active(&self) -> Option<(u32, &DomainKey)> {
        self.0.last_key_value().map(|(number, key)| (*number, key.as_ref()))
    }
}

const MAGIC: [u8; 4] = *b"KWD\x01";
