//! For tests: a trail's chain of digests, signed by a key of its own.

#![expect(clippy::unwrap_used, reason = "for tests alone")]

use audit::{MerkleTree, Placed};
use aws_lc_rs::{
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use model::Timestamp;

use crate::{
    ContentsHash, DeliveryPlace, Digest, DigestedFile, DigestedRecords, HASH_ALGORITHM, SIGNATURE_ALGORITHM,
    SignedDigest, digest_name,
};

/// The account of all digests here.
pub const ACCOUNT: &str = "111122223333";
/// Their Region.
pub const REGION: &str = "us-east-1";
/// Their trail.
pub const TRAIL: &str = "main";
/// Their bucket.
pub const BUCKET: &str = "audit";
/// The node whose journal they tell of.
pub const NODE: [u8; 16] = [7; 16];

/// Makes a digest for each hour, one after the other. The first ends at 2026-11-30T07:00:00Z.
#[derive(Debug)]
pub struct DigestSigner {
    key: KeyPair,
    last: Option<(Digest, SignedDigest)>,
    hours: i64,
}

impl DigestSigner {
    /// With a new key, and before its first digest.
    #[must_use]
    pub fn new() -> Self {
        Self { key: KeyPair::generate(KeySize::Rsa2048).unwrap(), last: None, hours: 0 }
    }

    /// What `aws cloudtrail list-public-keys` prints of the key.
    #[must_use]
    pub fn public_keys(&self) -> String {
        let (value, fingerprint) = (self.public_key(), self.fingerprint());
        format!(r#"{{"PublicKeyList": [{{"Value": "{value}", "Fingerprint": "{fingerprint}"}}]}}"#)
    }

    /// Begins another chain with the same key, at the same hour as the first one.
    pub fn begin_anew(&mut self) {
        (self.last, self.hours) = (None, 0);
    }

    /// The next digest, with what it says, its signature and the time at which it ends.
    pub fn next(
        &mut self,
        log_files: Vec<DigestedFile>,
        journal: Option<DigestedRecords>,
    ) -> (Digest, SignedDigest, Timestamp) {
        let (start, end) = (hour(self.hours), hour(self.hours + 1));
        self.hours += 1;
        let before = self.last.take();
        let of_before = |member: fn(&Digest, &SignedDigest) -> String| {
            before.as_ref().map(|(digest, signed)| member(digest, signed))
        };
        let place = DeliveryPlace { prefix: None, account: ACCOUNT, region: REGION };
        let digest = Digest {
            aws_account_id: ACCOUNT.to_owned(),
            digest_start_time: start.to_iso8601(),
            digest_end_time: end.to_iso8601(),
            digest_s3_bucket: BUCKET.to_owned(),
            digest_s3_object: digest_name(&place, TRAIL, REGION, end),
            digest_public_key_fingerprint: self.fingerprint(),
            digest_signature_algorithm: SIGNATURE_ALGORITHM.to_owned(),
            newest_event_time: None,
            oldest_event_time: None,
            previous_digest_s3_bucket: of_before(|digest, _| digest.digest_s3_bucket.clone()),
            previous_digest_s3_object: of_before(|digest, _| digest.digest_s3_object.clone()),
            previous_digest_hash_value: of_before(|_, signed| ContentsHash::of(signed.digest.as_bytes())),
            previous_digest_hash_algorithm: of_before(|_, _| HASH_ALGORITHM.to_owned()),
            previous_digest_signature: of_before(|_, signed| signed.signature.clone()),
            log_files,
            journal,
        };
        let signed = self.sign(&digest);
        self.last = Some((digest.clone(), signed.clone()));
        (digest, signed, end)
    }

    /// Any digest, signed as it is.
    #[must_use]
    pub fn sign(&self, digest: &Digest) -> SignedDigest {
        let contents = digest.to_json().unwrap();
        let text = digest.signed_text(&ContentsHash::of(contents.as_bytes()));
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        let signature = base16ct::lower::encode_string(&signature);
        SignedDigest { digest: contents, signature, public_key: self.public_key() }
    }

    fn public_key(&self) -> String {
        base64_simd::STANDARD.encode_to_string(self.key.public_key().as_ref())
    }

    fn fingerprint(&self) -> String {
        let mut fingerprint = ContentsHash::of(self.key.public_key().as_ref());
        fingerprint.truncate(32);
        fingerprint
    }
}

impl Default for DigestSigner {
    fn default() -> Self {
        Self::new()
    }
}

/// What a digest says of records: those from `first` on and before `end`, of which there is at least one.
#[must_use]
pub fn digested(records: &[(u64, Vec<u8>, [u8; 32])], first: u64, end: u64) -> DigestedRecords {
    let mut tree = MerkleTree::new();
    let mut last = [0; 32];
    for (sequence, payload, chain) in records {
        if (first..end).contains(sequence) {
            tree.add(payload);
        }
        if *sequence < end {
            last = *chain;
        }
    }
    DigestedRecords {
        node: base16ct::lower::encode_string(&NODE),
        first_sequence: first,
        records: end - first,
        merkle_root: base16ct::lower::encode_string(&tree.root()),
        chain_value: base16ct::lower::encode_string(&last),
    }
}

/// A record as [`DigestedJournal`](crate::DigestedJournal) takes it.
#[must_use]
pub fn placed((sequence, payload, chain): &(u64, Vec<u8>, [u8; 32])) -> Placed<'_> {
    Placed { sequence: *sequence, offset: 0, payload, chain: *chain }
}

fn hour(number: i64) -> Timestamp {
    let first = Timestamp::parse_iso8601("2026-11-30T06:00:00Z").unwrap();
    Timestamp::from_millis(first.as_millis() + number * 3_600_000)
}
