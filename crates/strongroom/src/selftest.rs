//! Known answers, computed before any key is opened. A build or a machine that computes wrongly must not touch
//! keys: what it sealed would be lost, or readable by others.

mod primitives;

use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::error::Unspecified;

use crate::envelope::Broken;
use crate::error::{Refused, UnsealError};
use crate::{aead, argon, kdf, mac};

/// Computes every known answer, once in a process: a process's code does not change while it runs.
pub(crate) fn run() -> Result<(), UnsealError> {
    if PASSED.load(Ordering::Relaxed) {
        return Ok(());
    }
    for (name, passes) in TESTS {
        if !passes().unwrap_or(false) {
            return Err(UnsealError::SelfTestFailed(name));
        }
    }
    PASSED.store(true, Ordering::Relaxed);
    Ok(())
}

static PASSED: AtomicBool = AtomicBool::new(false);

type Test = (&'static str, fn() -> Result<bool, Failed>);

/// A known answer could not be computed at all.
struct Failed;

impl From<Unspecified> for Failed {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl From<Broken> for Failed {
    fn from(_: Broken) -> Self {
        Self
    }
}

impl From<Refused> for Failed {
    fn from(_: Refused) -> Self {
        Self
    }
}

const TESTS: [Test; 14] = [
    ("SP 800-108", sp_800_108),
    ("AES-256-GCM", aes_256_gcm),
    ("HMAC-SHA-256", hmac),
    ("Argon2id", argon2id),
    ("RSA", primitives::rsa),
    ("ECDSA and ECDH", primitives::ec),
    ("ECDSA on secp256k1", primitives::secp256k1),
    ("Ed25519", primitives::ed25519),
    ("Ed25519ph", primitives::ed25519ph),
    ("ML-DSA", primitives::ml_dsa),
    ("ML-KEM", primitives::ml_kem),
    ("SM2", primitives::sm2),
    ("AES key wrap", primitives::aes_key_wrap),
    ("AES-256-CBC", primitives::aes_256_cbc),
];

/// NIST CAVP, KDF in counter mode, `KDFCTR_gen.rsp`: HMAC_SHA256, BEFORE_FIXED, 32 bits, L = 128, COUNT = 0.
fn sp_800_108() -> Result<bool, Failed> {
    let key = 0xdd1d_91b7_d90b_2bd3_1385_33ce_92b2_72fb_u128.to_be_bytes();
    let key = [key, 0xf8a3_6931_6aef_e242_e659_cc0a_e238_afe0_u128.to_be_bytes()];
    let fixed_input = [
        0x0132_2b96_b30a_cd19_7979_444e_468e_1c5c_u128.to_be_bytes(),
        0x6859_bf1b_1cf9_51b7_e725_303e_237e_46b8_u128.to_be_bytes(),
        0x64a1_45fa_b25e_517b_08f8_683d_0315_bb29_u128.to_be_bytes(),
        0x11d8_0a0e_8aba_17f3_b413_faac_0000_0000_u128.to_be_bytes(),
    ];
    let (fixed_input, _) = fixed_input.as_flattened().split_at_checked(60).ok_or(Failed)?;
    let mut out = [0; 16];
    kdf::derive_raw(key.as_flattened(), fixed_input, &mut out)?;
    Ok(out == 0x1062_1342_bfb0_fd40_046c_0e29_f2cf_dbf0_u128.to_be_bytes())
}

/// NIST CAVP, `gcmEncryptExtIV256.rsp`: 96-bit IV, 128-bit plaintext, associated data and tag, Count = 0;
/// and that a changed tag is refused.
fn aes_256_gcm() -> Result<bool, Failed> {
    let key = [
        0x92e1_1dcd_aa86_6f5c_e790_fd24_501f_9250_u128.to_be_bytes(),
        0x9aac_f4cb_8b13_39d5_0c9c_1240_935d_d08b_u128.to_be_bytes(),
    ];
    let key = key.as_flattened();
    let iv = [0xac, 0x93, 0xa1, 0xa6, 0x14, 0x52, 0x99, 0xbd, 0xe9, 0x02, 0xf2, 0x1a];
    let associated = 0x1e08_8901_6f67_601c_8ebe_a494_3bc2_3ad6_u128.to_be_bytes();
    let plaintext = 0x2d71_bcfa_914e_4ac0_45b2_aa60_955f_ad24_u128.to_be_bytes();

    let mut text = plaintext;
    let mut tag = aead::seal(key, iv, &associated, &mut text)?;
    let sealed = text == 0x8995_ae2e_6df3_dbf9_6fac_7b71_37ba_e67f_u128.to_be_bytes()
        && tag == 0xeca5_aa77_d51d_4a0a_14d9_c51e_1da4_74ab_u128.to_be_bytes();
    let mut opened = [0; 16];
    aead::open(key, iv, &associated, &text, &tag, &mut opened)?;
    tag[0] ^= 1;
    let refused = aead::open(key, iv, &associated, &text, &tag, &mut [0; 16]).is_err();
    Ok(sealed && opened == plaintext && refused)
}

/// RFC 4231, test case 2.
fn hmac() -> Result<bool, Failed> {
    let expected = [
        0x5bdc_c146_bf60_754e_6a04_2426_0895_75c7_u128.to_be_bytes(),
        0x5a00_3f08_9d27_3983_9dec_58b9_64ec_3843_u128.to_be_bytes(),
    ];
    let mut mac = mac::sign(b"Jefe", b"what do ya want for nothing?").as_ref().to_vec();
    let right = mac == expected.as_flattened() && mac::verify(b"Jefe", b"what do ya want for nothing?", &mac);
    mac.rotate_left(1);
    Ok(right && !mac::verify(b"Jefe", b"what do ya want for nothing?", &mac))
}

/// RFC 9106, section 5.3.
fn argon2id() -> Result<bool, Failed> {
    let input = argon::Input {
        passphrase: &[1; 32],
        salt: &[2; 16],
        pepper: &[3; 8],
        associated: &[4; 12],
        memory_kib: 32,
        passes: 3,
        lanes: 4,
    };
    let mut out = [0; 32];
    argon::hash(&input, &mut out).map_err(|_| Failed)?;
    let expected = [
        0x0d64_0df5_8d78_766c_08c0_37a3_4a8b_53c9_u128.to_be_bytes(),
        0xd01e_f045_2d75_b65e_b525_20e9_6b01_e659_u128.to_be_bytes(),
    ];
    Ok(out == expected.as_flattened())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_answer_is_computed() {
        for (name, passes) in TESTS {
            assert!(passes().unwrap_or(false), "{name}");
        }
        assert_eq!(run(), Ok(()));
    }
}
