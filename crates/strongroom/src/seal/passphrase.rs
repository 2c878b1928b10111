//! A seal key that Argon2id makes from a passphrase. If the passphrase is not kept on the machine, nothing there
//! opens the data, and a restart needs somebody who knows it.

use std::error::Error;
use std::fmt;
use std::ops::RangeInclusive;

use secret::Plaintext;

use super::{KeyInHand, Seal};
use crate::aead::KEY_BYTES;
use crate::argon;
use crate::entropy::{Entropy, EntropyFailed};
use crate::error::SealError;
use crate::kdf::Label;

/// A seal whose key was made from a passphrase.
pub struct PassphraseSeal(KeyInHand);

/// How a passphrase becomes a key. The parameters are public, and stored beside what the key seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassphraseParameters {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; SALT_BYTES],
}

/// Why there is no seal or no set of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassphraseRefused {
    /// The passphrase is empty.
    Empty,
    /// The parameters have no known form, or are too weak or too costly to be meant.
    Parameters,
    /// There is not enough memory for the hash.
    NoMemory,
}

impl PassphraseSeal {
    /// Hashes the passphrase. Takes the time and memory that the parameters say; the recommended ones take a fifth
    /// of a second and 64 MiB.
    ///
    /// # Errors
    /// [`PassphraseRefused`]. A wrong passphrase is noticed only when a domain key does not open.
    pub fn new(passphrase: &Plaintext, parameters: &PassphraseParameters) -> Result<Self, PassphraseRefused> {
        if passphrase.is_empty() {
            return Err(PassphraseRefused::Empty);
        }
        let input = argon::Input {
            passphrase: passphrase.reveal(),
            salt: &parameters.salt,
            pepper: &[],
            associated: &[],
            memory_kib: parameters.memory_kib,
            passes: parameters.passes,
            lanes: parameters.lanes,
        };
        let key = Plaintext::zeroed(KEY_BYTES)
            .fill(|out| argon::hash(&input, out))
            .map_err(|_| PassphraseRefused::NoMemory)?;
        Ok(Self(KeyInHand { key, label: Label::SEAL_PASSPHRASE }))
    }
}

impl PassphraseParameters {
    /// RFC 9106 section 4, second recommended option: 64 MiB, 3 passes, 4 lanes, and a new 128-bit salt.
    ///
    /// # Errors
    /// [`EntropyFailed`] if the source gives no salt.
    pub fn recommended(entropy: &dyn Entropy) -> Result<Self, EntropyFailed> {
        let mut salt = [0; SALT_BYTES];
        entropy.fill(&mut salt)?;
        Ok(Self { memory_kib: 64 * 1024, passes: 3, lanes: 4, salt })
    }

    /// Parameters of one's own.
    ///
    /// # Errors
    /// [`PassphraseRefused::Parameters`] outside 19 MiB to 1 GiB, 2 to 16 passes, 1 to 16 lanes. Who can
    /// write to the store could otherwise weaken the next seal or exhaust the machine.
    pub fn new(
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        salt: [u8; SALT_BYTES],
    ) -> Result<Self, PassphraseRefused> {
        let sane = MEMORY_KIB.contains(&memory_kib) && PASSES.contains(&passes) && LANES.contains(&lanes);
        if sane { Ok(Self { memory_kib, passes, lanes, salt }) } else { Err(PassphraseRefused::Parameters) }
    }

    /// The stored form: magic and version, memory in KiB, passes, lanes (u32 each, big-endian), salt.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let numbers = [self.memory_kib, self.passes, self.lanes].map(u32::to_be_bytes);
        [&MAGIC[..], numbers.as_flattened(), &self.salt].concat()
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// [`PassphraseRefused::Parameters`] for another form or values that [`PassphraseParameters::new`]
    /// refuses.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PassphraseRefused> {
        let fields: &[u8; STORED_BYTES] = bytes.try_into().map_err(|_| PassphraseRefused::Parameters)?;
        let (words, salt) = fields.split_at(STORED_BYTES - SALT_BYTES);
        let (words, _) = words.as_chunks::<4>();
        match (words, salt.try_into()) {
            (&[MAGIC, memory_kib, passes, lanes], Ok(salt)) => Self::new(
                u32::from_be_bytes(memory_kib),
                u32::from_be_bytes(passes),
                u32::from_be_bytes(lanes),
                salt,
            ),
            _ => Err(PassphraseRefused::Parameters),
        }
    }
}

impl Seal for PassphraseSeal {
    fn kind(&self) -> &'static str {
        "passphrase"
    }

    fn wrap(&self, key: &Plaintext, associated: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        self.0.wrap(key, associated, entropy)
    }

    fn unwrap(&self, wrapped: &[u8], associated: &[u8]) -> Result<Plaintext, SealError> {
        self.0.unwrap(wrapped, associated)
    }
}

impl fmt::Display for PassphraseRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the passphrase is empty",
            Self::Parameters => "the passphrase parameters are malformed or outside the accepted limits",
            Self::NoMemory => "not enough memory to hash the passphrase",
        })
    }
}

impl Error for PassphraseRefused {}

/// The floor is OWASP's for Argon2id with 2 passes.
const MEMORY_KIB: RangeInclusive<u32> = 19 * 1024..=1024 * 1024;
const PASSES: RangeInclusive<u32> = 2..=16;
const LANES: RangeInclusive<u32> = 1..=16;
const SALT_BYTES: usize = 16;
const STORED_BYTES: usize = 4 * 4 + SALT_BYTES;
const MAGIC: [u8; 4] = *b"KWP\x01";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_survive_storage() {
        let parameters = PassphraseParameters::new(20_000, 2, 1, *b"sixteen bytes ok").unwrap();
        assert_eq!(PassphraseParameters::from_bytes(&parameters.to_bytes()), Ok(parameters));
    }

    #[test]
    fn stored_parameters_of_another_form_are_refused() {
        let good = PassphraseParameters::new(20_000, 2, 1, [9; 16]).unwrap().to_bytes();
        for length in 0..good.len() {
            assert!(PassphraseParameters::from_bytes(&good[..length]).is_err(), "{length}");
        }
        assert!(PassphraseParameters::from_bytes(&[good.as_slice(), &[0]].concat()).is_err());
        for byte in 0..4 {
            let mut other = good.clone();
            other[byte] ^= 1;
            assert!(PassphraseParameters::from_bytes(&other).is_err(), "{byte}");
        }
    }

    #[test]
    fn absurd_parameters_are_refused() {
        for (memory_kib, passes, lanes) in [
            (19 * 1024 - 1, 3, 1),
            (1024 * 1024 + 1, 3, 1),
            (u32::MAX, 3, 1),
            (65536, 1, 1),
            (65536, 17, 1),
            (65536, 3, 0),
            (65536, 3, 17),
        ] {
            let refused = PassphraseParameters::new(memory_kib, passes, lanes, [0; 16]);
            assert_eq!(refused, Err(PassphraseRefused::Parameters));
        }
    }

    #[test]
    fn an_empty_passphrase_is_refused() {
        let parameters = PassphraseParameters::new(20_000, 2, 1, [0; 16]).unwrap();
        let refused = PassphraseSeal::new(&Plaintext::zeroed(0), &parameters).err();
        assert_eq!(refused, Some(PassphraseRefused::Empty));
    }
}
