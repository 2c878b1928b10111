//! The whole server, called by the official signer in the process of the test.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "tests"
)]

mod bodies;
mod canaries;
mod ciphertexts;
mod computing;
mod delivered;
mod denied;
mod drafted;
mod events;
mod identifiers;
mod leaps;
mod lookups;
mod machine;
mod recorded;
mod reported;
mod retention;
mod shapes;
mod shows;
mod signatures;
mod simulated;
mod strangers;
mod tagging;
mod tampered;
mod together;
mod undecided;
mod walk;
