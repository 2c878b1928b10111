//! Key derivation: NIST SP 800-108r1, counter mode, HMAC-SHA-256, 32-bit counter before the fixed input.
//! <https://doi.org/10.6028/NIST.SP.800-108r1-upd1>, section 4.1.

use std::io::Write;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::kdf::{
    KbkdfCtrHmacAlgorithm, KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac,
};

/// What a derived key is for. All labels stand here: one glance shows that they are distinct.
#[derive(Clone, Copy)]
pub(crate) struct Label(&'static str);

impl Label {
    /// From a file's seal key, to wrap a domain key.
    pub(crate) const SEAL_FILE: Self = Self("keywright/seal-file/v1");
    /// From a passphrase's seal key, to wrap a domain key.
    pub(crate) const SEAL_PASSPHRASE: Self = Self("keywright/seal-passphrase/v1");
    /// From a domain key, to seal key material.
    pub(crate) const MATERIAL: Self = Self("keywright/material/v1");
    /// From a domain key, to seal a wrapping key.
    pub(crate) const WRAPPING_KEY: Self = Self("keywright/wrapping-key/v1");
    /// From a domain key, to seal a secret of the server.
    pub(crate) const SECRET: Self = Self("keywright/secret/v1");
    /// From a domain key, to authenticate messages that are handed out and come back.
    pub(crate) const TAG: Self = Self("keywright/tag/v1");
    /// From key material, the public name of that material.
    pub(crate) const MATERIAL_ID: Self = Self("keywright/material-id/v1");
    /// From key material, to encrypt blobs.
    pub(crate) const BLOB: Self = Self("keywright/blob/v1");
    /// From any sealing key above, to the key and the commitment of one envelope. The label is as long as it can be
    /// while each block of the derivation fits two blocks of SHA-256.
    pub(crate) const ENVELOPE: Self = Self("keywright/envelope");
}

/// Fills `out` from `key`. Fixed input as in section 4: label ‖ 0x00 ‖ context ‖ length of `out` in bits (u32).
pub(crate) fn derive(key: &[u8], label: Label, context: &[u8], out: &mut [u8]) -> Result<(), Unspecified> {
    let bits = u32::try_from(out.len()).ok().and_then(|bytes| bytes.checked_mul(8)).ok_or(Unspecified)?;
    let mut buffer = [0; FIXED_INPUT_BYTES_MAX];
    let mut unused = buffer.as_mut_slice();
    for part in [label.0.as_bytes(), &[0], context, &bits.to_be_bytes()] {
        unused.write_all(part).map_err(|_| Unspecified)?;
    }
    let used = FIXED_INPUT_BYTES_MAX - unused.len();
    derive_raw(key, buffer.get(..used).ok_or(Unspecified)?, out)
}

/// The bare function, for the known-answer test.
pub(crate) fn derive_raw(key: &[u8], fixed_input: &[u8], out: &mut [u8]) -> Result<(), Unspecified> {
    let algorithm: &'static KbkdfCtrHmacAlgorithm =
        get_kbkdf_ctr_hmac_algorithm(KbkdfCtrHmacAlgorithmId::Sha256).ok_or(Unspecified)?;
    kbkdf_ctr_hmac(algorithm, key, fixed_input, out)
}

/// Room for the longest label and a blob's prefix, without an allocation per request. A longer input is an error.
const FIXED_INPUT_BYTES_MAX: usize = 128;
