//! Calls whose answer is for a recipient that has shown what it is.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod answers;
mod documents;
mod enclave;
// The hypervisor of the verification's own tests.
#[path = "../../../attestation/tests/it/hypervisor.rs"]
#[expect(dead_code, reason = "here the forms of documents are of no interest")]
mod hypervisor;
mod policies;
