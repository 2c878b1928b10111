//! Records as auditors read them: pure functions from the journal's records to CloudTrail's events, and to answers to
//! questions about many records.
//!
//! A record is what happened, once. An [`Event`] is what one account is shown of it: a call on another account's key is
//! one record and two events. Nothing here reads a file or knows the time.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference.html>
//!
//! [`UsageCounter`], [`PolicyDrafter`] and [`DeletionForecaster`] take records in one by one, in the journal's order. What they
//! keep grows with what differs in the records, and not with the records.

mod call;
mod count;
mod deletion;
mod digest;
mod digest_chain;
mod digested_journal;
mod document;
mod drafted;
mod event;
#[cfg(test)]
mod generated;
mod identity;
mod needed;
mod proof;
mod public_keys;
mod resource;
mod shown;
mod signed;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod usage;
mod wanted_key;

pub use count::{DistinctCount, Occurrences};
pub use deletion::{DeletionForecast, DeletionForecaster, DeletionProgress, MaterialUse, StandingGrant};
pub use digest::{
    DeliveryPlace, Digest, DigestedFile, DigestedRecords, HASH_ALGORITHM, SIGNATURE_ALGORITHM, digest_name,
    log_file_name,
};
pub use digest_chain::{ChainFault, DigestChain, DigestJoint};
pub use digested_journal::{DigestedJournal, DigestedReach, JournalFault};
pub use document::{DraftedDocument, DraftedStatement};
pub use drafted::{
    AttemptedAction, DraftRemark, DraftedPolicy, NotAPolicyholder, PolicyDrafter, Policyholder,
};
pub use event::{Event, EventId, events};
pub use identity::UserIdentity;
pub use proof::{EventProof, ProofFault, ProvenRecord};
pub use public_keys::{DigestPublicKeys, NotPublicKeys};
pub use resource::EventResource;
pub use shown::ShownMembers;
pub use signed::{ContentsHash, DigestFault, SignedDigest, VerifiedDigest};
pub use usage::{KeyUsage, OperationUsage, PrincipalUsage, UsageCounter};
pub use wanted_key::{NotAWantedKey, WantedKey};
