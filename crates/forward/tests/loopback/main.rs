//! The client against a server on this machine that verifies signatures, and fails in every way that a network has.

#![expect(clippy::unwrap_used, reason = "tests")]

mod calls;
mod credentials;
mod failures;
mod roles;
mod world;
