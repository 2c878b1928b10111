//! The catalog as a gateway uses it.

#![expect(clippy::unwrap_used, clippy::string_slice, clippy::indexing_slicing, reason = "tests")]

mod buckets;
mod failing;
mod killed;
mod listed;
mod objects;
mod opened;
mod random;
mod random_uploads;
mod scene;
mod uploads;
