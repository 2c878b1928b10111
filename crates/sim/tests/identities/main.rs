//! Identities over the IAM API, and what they may do, with the whole server.

#![expect(clippy::unwrap_used, reason = "tests")]

mod access_keys;
mod conflicts;
mod decisions;
mod documents;
mod last_access;
mod linked_roles;
mod listings;
mod partitions;
mod principals;
mod recorded;
mod simulations;
mod terraform;
mod written;
