//! Identities over the IAM API, and what they may do, with the whole server.

#![expect(clippy::unwrap_used, reason = "tests")]

mod access_keys;
mod conflicts;
mod decisions;
mod documents;
mod listings;
mod principals;
mod simulations;
mod terraform;
mod written;
