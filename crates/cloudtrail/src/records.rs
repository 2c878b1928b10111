//! Stored forms of trails. Fields are numbered and never renumbered; `docs/store-format.md` lists them. Times are milliseconds
//! since the epoch.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

/// A trail.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct TrailRecord {
    /// When it was made.
    #[n(0)]
    pub(crate) created: i64,
    /// The bucket's name.
    #[n(1)]
    pub(crate) bucket: String,
    /// What stands before all names in the bucket.
    #[n(2)]
    pub(crate) prefix: Option<String>,
    /// Whether events of services without a Region are delivered.
    #[n(3)]
    pub(crate) global_services: bool,
    /// Whether the events of all Regions are delivered.
    #[n(4)]
    pub(crate) multi_region: bool,
    /// Whether digests are delivered.
    #[n(5)]
    pub(crate) validated: bool,
    /// The key that the bucket is to encrypt with.
    #[n(6)]
    pub(crate) kms_key: Option<String>,
    /// What is delivered; absent for everything.
    #[n(7)]
    pub(crate) selectors: Option<Vec<SelectorRecord>>,
    /// Its tags.
    #[n(8)]
    pub(crate) tags: BTreeMap<String, String>,
    /// When logging was last started.
    #[n(9)]
    pub(crate) started: Option<i64>,
    /// When logging was last stopped.
    #[n(10)]
    pub(crate) stopped: Option<i64>,
}

/// Which events are delivered.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct SelectorRecord {
    /// Whether those of operations that can change nothing are.
    #[n(0)]
    pub(crate) reads: bool,
    /// Whether those of operations that can are.
    #[n(1)]
    pub(crate) writes: bool,
    /// Whether management events are: all that there are.
    #[n(2)]
    pub(crate) management: bool,
    /// The sources whose events are not, such as `kms.amazonaws.com`.
    #[n(3)]
    pub(crate) excluded: Vec<String>,
}

/// A key pair that digests are signed with.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct DigestKeyRecord {
    /// From when on it signs.
    #[n(0)]
    pub(crate) from: i64,
    /// Until when.
    #[n(1)]
    pub(crate) until: i64,
    /// 16 random bytes that the strongroom binds the private key to.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) id: Vec<u8>,
    /// The private key, sealed by the strongroom.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(crate) token: Vec<u8>,
    /// The public key: `RSAPublicKey` in DER (RFC 8017 §A.1.1).
    #[cbor(n(4), with = "minicbor::bytes")]
    pub(crate) public_key: Vec<u8>,
}

/// What one node has delivered of its journal to a trail.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct ProgressRecord {
    /// When the trail was made: another one of the same name begins anew.
    #[n(0)]
    pub(crate) trail: i64,
    /// When the logging was started of which this tells.
    #[n(13)]
    pub(crate) since: i64,
    /// Sequence number of the first record that is not delivered.
    #[n(1)]
    pub(crate) next: u64,
    /// What the clock said at the latest delivery.
    #[n(2)]
    pub(crate) clock: i64,
    /// The latest time in a name. The next one is later, whatever the clock says.
    #[n(3)]
    pub(crate) named: i64,
    /// A delivery that has begun.
    #[n(4)]
    pub(crate) begun: Option<BegunRecord>,
    /// Whether everything up to the end of logging is delivered.
    #[n(5)]
    pub(crate) ended: bool,
    /// Of each Region what the next digest tells, and what the last one was.
    #[n(6)]
    pub(crate) chains: BTreeMap<String, ChainRecord>,
    /// The records that the next digests account for.
    #[n(7)]
    pub(crate) records: Option<TreeRecord>,
    /// The end of the digests that are being made.
    #[n(8)]
    pub(crate) digesting: Option<i64>,
    /// When a file was last delivered.
    #[n(9)]
    pub(crate) delivered: Option<i64>,
    /// When a digest was last delivered.
    #[n(10)]
    pub(crate) digested: Option<i64>,
    /// Where the next digests begin.
    #[n(11)]
    pub(crate) start: i64,
    /// What the clock said at the latest digests.
    #[n(12)]
    pub(crate) digest_clock: i64,
}

/// A delivery that has begun: which records, and under which names, whatever happens meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct BegunRecord {
    /// Sequence number after the last record.
    #[n(0)]
    pub(crate) to: u64,
    /// The time in the names.
    #[n(1)]
    pub(crate) at: i64,
}

/// The chain of digests of one Region.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct ChainRecord {
    /// Files that no digest lists yet.
    #[n(0)]
    pub(crate) files: Vec<FileRecord>,
    /// The last digest.
    #[n(1)]
    pub(crate) last: Option<LastRecord>,
}

/// A file that was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct FileRecord {
    /// Its bucket.
    #[n(0)]
    pub(crate) bucket: String,
    /// Its name there.
    #[n(1)]
    pub(crate) name: String,
    /// SHA-256 of its contents, in hexadecimal.
    #[n(2)]
    pub(crate) hash: String,
    /// Time of its earliest event.
    #[n(3)]
    pub(crate) oldest: i64,
    /// Time of its latest event.
    #[n(4)]
    pub(crate) newest: i64,
}

/// A digest that was delivered, as the next one tells it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct LastRecord {
    /// Its bucket.
    #[n(0)]
    pub(crate) bucket: String,
    /// Its name there.
    #[n(1)]
    pub(crate) name: String,
    /// SHA-256 of its contents, in hexadecimal.
    #[n(2)]
    pub(crate) hash: String,
    /// Its signature, in hexadecimal.
    #[n(3)]
    pub(crate) signature: String,
}

/// A Merkle tree of records as far as it has grown.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct TreeRecord {
    /// Sequence number of its first record.
    #[n(0)]
    pub(crate) first: u64,
    /// How many.
    #[n(1)]
    pub(crate) records: u64,
    /// The roots of its whole subtrees, the largest first.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(crate) peaks: Vec<u8>,
    /// The journal's chain value after the last of them.
    #[cbor(n(3), with = "minicbor::bytes")]
    pub(crate) chain: Vec<u8>,
}
