//! The journal of every call: hash-chained, on disk before the answer leaves.
//!
//! *No answer without a record*: a call is answered when [`Journal::append`] has resolved, which it does once
//! the record lies on disk. One thread owns the files; it takes whatever waits, hashes it into the chain,
//! writes once, syncs once and wakes everyone it served, so that the price of a sync is shared.
//!
//! ```text
//! Record ─encode─► payload ─append─► queue ─(writer thread: seal, write, sync)─► segment files
//!                                      └────────────── Appended ◄── durable ──────────┘
//! ```
//!
//! Chains are per node; a record carries names, never secrets. The bytes on disk, the guarantees and their
//! limits are in `docs/audit-format.md`. This crate reads no clock and draws no randomness.

mod chain;
mod disk;
mod error;
mod journal;
mod memory;
mod nap;
mod queue;
mod record;
mod recovery;
mod segment;
mod value;
mod verify;
mod writer;

pub use chain::PAYLOAD_BYTES_MAX;
pub use disk::{Disk, DiskFile, FsDisk};
pub use error::{CloseError, Damage, OpenError, Reason, Refused};
pub use journal::{Health, Journal, Options};
pub use memory::{Crash, MemoryDisk};
pub use queue::{Appended, Position};
pub use record::{Caller, Decision, EventKind, InvokedBy, NotARecord, Outcome, RECORD_VERSION, Record, Tls};
pub use recovery::Recovery;
pub use segment::Node;
pub use value::Value;
pub use verify::{Verdict, verify};
