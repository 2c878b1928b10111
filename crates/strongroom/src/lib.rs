//! The only crate that works with plaintext key material.
//!
//! The crate is synchronous and does no I/O. Entropy, keys and bytes come in as arguments, and results go out as
//! values: the whole crate can move into a process of its own. AWS-LC draws the randomness of some algorithms
//! itself; each primitive's file says so.
//!
//! ```text
//!  seal key       outside the data: a key file, a passphrase …              seal/
//!     │ wraps
//!  domain keys    numbered; the highest seals, all of them open             domain.rs
//!     │ seal                                                                room.rs
//!  material       one per version of a KMS key, stored only as a token      material.rs
//!     │ derives, anew for each request                                      envelope.rs
//!  blob key       encrypts one plaintext, never stored                      blob.rs
//! ```
//!
//! Every arrow is the same construction, `envelope.rs`: a fresh key from SP 800-108, a commitment to it, and
//! AES-256-GCM. `docs/key-hierarchy.md` and `docs/blob-format.md` give the bytes. This crate and an independent
//! script both obey the vectors in `tests/strongroom`.

mod aead;
mod argon;
mod binding;
mod blob;
mod cbc;
mod context;
mod digest;
mod domain;
mod ec;
mod ed25519;
mod entropy;
mod envelope;
mod error;
mod import;
mod kdf;
mod key_wrap;
mod mac;
mod material;
mod ml_dsa;
mod ml_kem;
mod pair;
mod purpose;
mod recipient;
mod records;
mod room;
mod rsa;
pub mod seal;
mod secp256k1;
mod selftest;
mod sm2;
mod spec;
mod spki;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod vectors;

pub use binding::Binding;
pub use blob::{BLOB_OVERHEAD_BYTES, Blob};
pub use context::Context;
pub use digest::sha256;
pub use domain::{Malformed, SealedDomainKey};
pub use entropy::{Entropy, EntropyFailed};
pub use error::{AgreeRefused, Refused, SealError, UnsealError};
pub use import::{ImportRefused, SealedWrappingKey, WrappingAlgorithm, WrappingKey, WrappingKeySpec};
pub use material::{Generated, Material, MaterialId};
pub use pair::{Message, Pair};
pub use purpose::Purpose;
pub use recipient::encrypt_to_recipient;
pub use records::TAG_BYTES;
pub use room::Strongroom;
pub use seal::Seal;
pub use spec::{PublicKeyEncryption, SigningAlgorithm, Spec};
