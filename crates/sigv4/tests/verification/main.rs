//! Signatures from outside, believed and not believed.
#![expect(clippy::unwrap_used, reason = "tests")]

mod any_head;
mod known_answers;
mod official_signer;
mod own_signer;
mod refusals;
mod request;
mod s3;
