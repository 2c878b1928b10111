//! The journal of every call: hash-chained, on disk before the answer leaves.
//!
//! *No answer without a record*: a call waits for [`Journal::append`], which resolves once the record is on
//! disk. One thread owns the files. It takes all records that wait, hashes them into the chain, writes once,
//! syncs once, and wakes everyone it served: they share the price of a sync.
//!
//! ```text
//! Record ─encode─► payload ─append─► queue ─(writer thread: seal, write, sync)─► segment files
//!                                      └────────────── Appended ◄── durable ──────────┘
//! ```
//!
//! Each node has its own chain. A record carries names, never secrets. `docs/audit-format.md` gives the bytes
//! on disk, the guarantees and their limits. This crate reads no clock and draws no randomness.

mod chain;
mod compressed;
mod disk;
mod error;
mod journal;
mod memory;
mod merkle;
mod milestone;
mod nap;
mod queue;
mod range;
mod reader;
mod record;
mod recovery;
mod segment;
mod single;
mod stored;
mod text;
mod upkeep;
mod value;
mod verify;
mod writer;

pub use chain::PAYLOAD_BYTES_MAX;
pub use compressed::Pause;
pub use disk::{Disk, DiskFile, FsDisk};
pub use error::{CloseError, Damage, JournalError, Reason, Refused};
pub use journal::{Journal, JournalHealth, Options};
pub use memory::{Crash, MemoryDisk};
pub use merkle::{MerkleHash, MerklePathFinder, MerkleTree, merkle_root_of_path};
pub use milestone::{Milestone, NotAMilestone, milestone};
pub use queue::{Appended, Position};
pub use range::{RangePiece, RangeReader};
pub use reader::{Placed, Run, SegmentReader, segments};
pub use record::{
    EventKind, InvokedBy, NotARecord, RECORD_VERSION, Record, RecordedCaller, RecordedDecision,
    RecordedIssuer, RecordedOutcome, RecordedSession, RecordedTls,
};
pub use recovery::Recovery;
pub use segment::Node;
pub use single::RecordReader;
pub use text::RecordedText;
pub use upkeep::{CompressedSegment, Inventory, OutdatedSegment, Upkeep};
pub use value::{Hexadecimal, Value};
pub use verify::{ChainVerdict, verify};
