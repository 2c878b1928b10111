//! The forms in which objects and files are sealed.
//!
//! Files and pipes are sealed in the message format of the AWS Encryption SDK: [`message`]. Objects are sealed in a format of
//! our own, since a reader wants ranges of them: [docs/object-format.md](../../../docs/object-format.md), version 1.
//!
//! ```text
//!  KMS or a BucketKey ── wraps ──► ObjectKey                                   keys.rs
//!                                     ├──► PartSealer, PartOpener   the body   part.rs, size.rs for where everything is
//!                                     ├──► notes                    checksums  note.rs
//!                                     └──► vouchers                 order      slot.rs
//! ```
//!
//! The crate is pure: it does no I/O, knows no clock, and is given its randomness, such as [`SystemRandomness`]. It seals and opens bodies chunk by
//! chunk, in place, in buffers of the caller. So a body of any size takes the memory of one chunk, and a message that of one
//! frame.
//!
//! To store the body of an object: [`ObjectKey::generate`], or [`ObjectKey::new`] for the data key of KMS;
//! [`PartSealer::start`]; write the [`PartHeader`]; [`PartSealer::seal_chunk`] for all chunks but the last,
//! [`PartSealer::seal_last_chunk`] for that one.
//!
//! To read a range of it: [`PartSize::covering`] says which bytes to read; [`PartOpener::new`]; [`PartOpener::open_chunk`]
//! for each chunk; [`Stretch::wanted_of`] says which bytes of the chunk to hand on.

mod error;
mod gcm;
mod keys;
pub mod message;
mod note;
mod part;
mod randomness;
mod size;
mod slot;

pub use error::EnvelopeError;
pub use gcm::TAG_BYTES;
pub use keys::{BucketKey, KEY_BYTES, ObjectKey, WRAPPED_KEY_BYTES};
pub use note::{LABEL_BYTES_MAX, NOTE_BYTES_MAX, NOTE_OVERHEAD_BYTES};
pub use part::{PartHeader, PartOpener, PartSealer};
pub use randomness::{Randomness, RandomnessFailed, SystemRandomness};
pub use size::{CHUNK_BYTES, HEADER_BYTES, PART_BYTES_MAX, PartSize, SEALED_CHUNK_BYTES, Stretch};
pub use slot::{Slot, VOUCHER_BYTES};
