//! The key pairs that digests are signed with: made and kept by the strongroom, one after the other.

use model::Timestamp;
use state::encode;
use store::{Batch, Precondition};
use strongroom::{Binding, Entropy, Message, Refused, SigningAlgorithm, Spec, Strongroom};
use trail::ContentsHash;

use crate::{layout, records::DigestKeyRecord};

/// How long a key signs.
const DAYS: u16 = 30;
/// No account has this number, so that no key of a caller's has such a binding.
const NO_ACCOUNT: u64 = 0;
/// What stands before an `RSAPublicKey` of 2048 bits in a `SubjectPublicKeyInfo` (RFC 3279 §2.3.1, RFC 5280 §4.1).
const SPKI_PREFIX: [u8; 24] = [
    0x30, 0x82, 0x01, 0x22, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
    0x05, 0x00, 0x03, 0x82, 0x01, 0x0f, 0x00,
];

/// A key pair for digests: RSA with 2048 bits, as `aws cloudtrail validate-logs` asks.
pub(crate) struct DigestKey {
    /// What digests name it by.
    pub(crate) fingerprint: String,
    /// From when on it signs.
    pub(crate) from: Timestamp,
    /// Until when.
    pub(crate) until: Timestamp,
    /// The public key: `RSAPublicKey` in DER.
    pub(crate) public_key: Vec<u8>,
    id: [u8; 16],
    token: Vec<u8>,
}

impl DigestKey {
    /// A new key pair. Takes 50 to 500 ms.
    ///
    /// # Errors
    /// [`Refused::Sealed`] or [`Refused::Broken`].
    pub(crate) fn generate(
        strongroom: &Strongroom,
        now: Timestamp,
        entropy: &dyn Entropy,
    ) -> Result<Self, Refused> {
        let mut id = [0; 16];
        entropy.fill(&mut id).map_err(|_| Refused::Broken)?;
        let made = strongroom.generate(&binding(id), entropy)?;
        let public_key = made.public_key.as_deref().and_then(|key| key.strip_prefix(&SPKI_PREFIX));
        let public_key = public_key.ok_or(Refused::Broken)?.to_vec();
        let until = now.plus_days(DAYS);
        Ok(Self {
            fingerprint: fingerprint(&public_key),
            from: now,
            until,
            public_key,
            id,
            token: made.token,
        })
    }

    /// Whether it signs at this time. One that is made later does not: a clock that went back is no reason for another key.
    pub(crate) fn signs_at(&self, at: Timestamp) -> bool {
        at < self.until
    }

    /// The signature of a digest: RSASSA-PKCS1-v1_5 with SHA-256. The same text has the same signature.
    ///
    /// # Errors
    /// [`Refused`], as of a strongroom that is sealed.
    pub(crate) fn sign(
        &self,
        strongroom: &Strongroom,
        text: &str,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, Refused> {
        let material = strongroom.material(&self.token, &binding(self.id))?;
        material.sign(SigningAlgorithm::RsassaPkcs1V15Sha256, Message::Raw(text.as_bytes()), entropy)
    }

    /// The change that keeps it.
    pub(crate) fn kept(&self) -> Batch {
        let record = DigestKeyRecord {
            from: self.from.as_millis(),
            until: self.until.as_millis(),
            id: self.id.to_vec(),
            token: self.token.clone(),
            public_key: self.public_key.clone(),
        };
        let at = layout::digest_key(&self.fingerprint);
        Batch::default().only_if(Precondition::Absent(at.clone())).put(at, encode(&record))
    }

    /// A key pair as it is stored. `None` when it does not decode.
    pub(crate) fn decode(named: &str, value: &[u8]) -> Option<Self> {
        let record: DigestKeyRecord = minicbor::decode(value).ok()?;
        let DigestKeyRecord { from, until, id, token, public_key } = record;
        (fingerprint(&public_key) == named).then_some(())?;
        Some(Self {
            fingerprint: named.to_owned(),
            from: Timestamp::from_millis(from),
            until: Timestamp::from_millis(until),
            id: id.try_into().ok()?,
            token,
            public_key,
        })
    }
}

/// The first 16 bytes of the SHA-256, in hexadecimal.
fn fingerprint(public_key: &[u8]) -> String {
    ContentsHash::of(public_key).get(..32).unwrap_or_default().to_owned()
}

fn binding(id: [u8; 16]) -> Binding {
    Binding { account: NO_ACCOUNT, key_id: id, multi_region: false, spec: Spec::Rsa2048 }
}
