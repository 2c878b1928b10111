//! The catalog as a gateway uses it.

#![expect(clippy::unwrap_used, clippy::string_slice, reason = "tests")]

mod buckets;
mod listed;
mod objects;
mod opened;
mod random;
mod scene;
