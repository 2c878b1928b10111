//! Verification of attestation documents. By such a document a Nitro enclave, or an instance with NitroTPM, proves
//! which image it runs and which public key is its own.
//!
//! The crate is pure: bytes, roots and the time come in, an [`Attestation`] goes out. Nothing in a document is
//! believed before its signature is verified up to a root. Form and age are checked before that, because these
//! checks are cheap.
//!
//! ```text
//! bytes          sign1.rs      COSE_Sign1 (RFC 9052), ES384
//!  → claims      claims.rs     the payload, every limit of its specification
//!  → signer      signer.rs     certificate and bundle up to a root (RFC 5280)
//!  → attestation               the signature holds, and the public key is fit for OAEP
//! ```
//!
//! <https://github.com/aws/aws-nitro-enclaves-nsm-api/blob/main/docs/attestation_process.md>,
//! <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/nitrotpm-attestation-document-validate.html>

mod claims;
mod rejected;
mod roots;
mod rsa_key;
mod sign1;
mod signer;

use std::collections::BTreeMap;

pub use rejected::Rejected;
pub use roots::{NotARoot, Roots};

use claims::Claims;
use sign1::Sign1;
use signer::Signer;

/// What a verified document says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// The instance, and the enclave or TPM on it.
    pub module_id: String,
    /// The kind of platform that has the registers.
    pub platform: Platform,
    /// The platform configuration registers by their number, 0 to 31.
    pub registers: BTreeMap<u8, Register>,
    /// When the document was made, in milliseconds since 1970, UTC.
    pub timestamp_ms: u64,
    /// The public key of the program that asked for the document: RSA, [`RSA_BITS`], as `SubjectPublicKeyInfo` in
    /// DER.
    pub public_key: Vec<u8>,
}

/// A platform configuration register, a SHA-384 digest.
pub type Register = [u8; 48];

/// What a document is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// An enclave.
    Enclave,
    /// An instance with NitroTPM.
    Tpm,
}

/// Age at which a document is too old, in milliseconds.
pub const AGE_MS_MAX: u64 = 5 * 60 * 1000;
/// How far the hypervisor's clock may be ahead of the server's, in milliseconds.
pub const SKEW_MS_MAX: u64 = 60 * 1000;
/// Sizes of public keys that secrets are encrypted to, in bits.
pub const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// Verifies a document at a time in milliseconds since 1970, UTC. Takes about a millisecond: the signature of each
/// certificate, and that of the document.
///
/// # Errors
/// [`Rejected`], by the first thing that is wrong.
pub fn verify(document: &[u8], roots: &Roots, now_ms: u64) -> Result<Attestation, Rejected> {
    let signed = Sign1::parse(document)?;
    let claims = Claims::parse(signed.payload)?;
    // A certificate is good if it begins between the two clocks' times, and not if it ends there.
    let at_ms = claims.check_age(now_ms)?.max(now_ms);
    let signer = Signer::verify(claims.certificate, &claims.bundle, roots, at_ms)?;
    signed.verify(&signer)?;
    let public_key = rsa_key::check(claims.public_key)?;
    Ok(Attestation {
        module_id: claims.module_id.to_owned(),
        platform: claims.platform,
        registers: claims.registers,
        timestamp_ms: claims.timestamp_ms,
        public_key: public_key.to_vec(),
    })
}
