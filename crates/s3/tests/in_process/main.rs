//! The whole gateway in this process, with a clock that tests move and a KMS that fails when it should.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod kms;
mod model;
mod tampering;
mod time;
mod world;
