//! The only crate that sees plaintext key material.
