//! Known answers of what callers' keys compute. Those of RSA, ML-KEM, ML-DSA and the key wrap are Wycheproof's.
//! OpenSSL made an RSA signature and an SM2 ciphertext. The others are from the documents named. All private keys
//! here are public.

use aws_lc_rs::digest::{SHA256, digest};
use secret::Plaintext;

use super::Failed;
use crate::ec::{Curve, EcKey};
use crate::ed25519::{self, Ed25519Key};
use crate::entropy::{Entropy, EntropyFailed};
use crate::ml_dsa::{MlDsaKey, MlDsaSet};
use crate::ml_kem::{MlKemKey, MlKemSet};
use crate::pair::{Message, PrivateKey};
use crate::rsa::{RsaKey, RsaSize};
use crate::secp256k1::Secp256k1Key;
use crate::sm2::Sm2Key;
use crate::spec::{PublicKeyEncryption, SigningAlgorithm};
use crate::{cbc, key_wrap};

/// `rsa_oaep_2048_sha256_mgf1sha256_test.json`, case 7; `openssl dgst -sha256 -sign` of `message`.
pub(super) fn rsa() -> Result<bool, Failed> {
    let key = RsaKey::open(RsaSize::Rsa2048, &plain(include_bytes!("known/rsa_2048.pkcs8")))?;
    let algorithm = SigningAlgorithm::RsassaPkcs1V15Sha256;
    let signature = key.sign(algorithm, Message::Raw(b"message"), &Fixed)?;
    let ciphertext = include_bytes!("known/rsa_2048.oaep_sha256");
    let opened = key.decrypt(PublicKeyEncryption::RsaesOaepSha256, ciphertext)?;
    let expected: Vec<u8> = (0xe0..=0xff).collect();
    Ok(signature == include_bytes!("known/rsa_2048.pkcs1_sha256")
        && opened.reveal() == expected
        && signs(&key, SigningAlgorithm::RsassaPssSha256, &signature))
}

/// RFC 6979, A.2.5, SHA-256 of `sample`; `ecdh_secp256r1_test.json`, case 1.
pub(super) fn ec() -> Result<bool, Failed> {
    let scalar = wide(0xc9af_a9d8_45ba_7516_6b5c_2157_67b1_d693, 0x4e50_c3db_36e8_9b12_7b8a_622b_120f_6721);
    let key = EcKey::open(Curve::P256, &plain(&scalar))?;
    let r = wide(0xefd4_8b2a_acb6_a8fd_1140_dd9c_d45e_81d6, 0x9d2c_877b_56aa_f991_c34d_0ea8_4eaf_3716);
    let s = wide(0xf7cb_1c94_2d65_7c41_d436_c7a1_b6e2_9f65, 0xf3e9_00db_b9af_f406_4dc4_ab2f_843a_cda8);
    let known = der_signature(&[&[0], r.as_slice()].concat(), &[&[0], s.as_slice()].concat());
    let algorithm = SigningAlgorithm::EcdsaSha256;
    let verified = key.verify(algorithm, Message::Raw(b"sample"), &known).is_ok();

    let scalar = wide(0x0612_465c_89a0_23ab_1785_5b0a_6bce_bfd3, 0xfebb_53ae_f841_3864_7b53_52e0_2c10_c346);
    let agreeing = EcKey::open(Curve::P256, &plain(&scalar))?;
    let peer = [
        &[0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01][..],
        &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04],
        &wide(0x62d5_bd33_72af_75fe_85a0_4071_5d0f_5024, 0x28e0_7046_868b_0bfd_fa61_d731_afe4_4f26),
        &wide(0xac33_3a93_a9e7_0a81_cd5a_95b5_bf8d_1399, 0x0eb7_41c8_c388_72b4_a07d_275a_014e_30cf),
    ];
    let secret = agreeing.agree(&peer.concat()).map_err(|_| Failed)?;
    let expected = wide(0x5302_0d90_8b02_1932_8b65_8b52_5f26_780e, 0x3ae1_2bcd_952b_b25a_93bc_0895_e171_4285);
    Ok(verified && secret.reveal() == expected && signs(&key, algorithm, &known))
}

/// The scalar 1 and SHA-256 of `Satoshi Nakamoto`, as in the tests of many implementations of RFC 6979.
pub(super) fn secp256k1() -> Result<bool, Failed> {
    let key = Secp256k1Key::open(&plain(&wide(0, 1)))?;
    let r = wide(0x934b_1ea1_0a4b_3c17_57e2_b0c0_17d0_b614, 0x3ce3_c9a7_e6a4_a498_60d7_a6ab_210e_e3d8);
    let s = wide(0x2442_ce9d_2b91_6064_1080_1478_3e92_3ec3, 0x6b49_743e_2ffa_1c44_96f0_1a51_2aaf_d9e5);
    let known = der_signature(&[&[0], r.as_slice()].concat(), &s);
    let algorithm = SigningAlgorithm::EcdsaSha256;
    let verified = key.verify(algorithm, Message::Raw(b"Satoshi Nakamoto"), &known).is_ok();
    Ok(verified && signs(&key, algorithm, &known))
}

/// RFC 8032, section 7.1, test 2.
pub(super) fn ed25519() -> Result<bool, Failed> {
    let seed = wide(0x4ccd_089b_28ff_96da_9db6_c346_ec11_4e0f, 0x5b8a_319f_35ab_a624_da8c_f6ed_4fb8_a6fb);
    let key = Ed25519Key::open(&plain(&seed))?;
    let expected = [
        wide(0x92a0_09a9_f0d4_cab8_720e_820b_5f64_2540, 0xa2b2_7b54_1650_3f8f_b376_2223_ebdb_69da),
        wide(0x085a_c1e4_3e15_996e_458f_3613_d0f1_1d8c, 0x387b_2eae_b430_2aee_b00d_2916_12bb_0c00),
    ];
    let algorithm = SigningAlgorithm::Ed25519Sha512;
    let signature = key.sign(algorithm, Message::Raw(&[0x72]), &Fixed)?;
    Ok(signature == expected.as_flattened() && signs(&key, algorithm, &signature))
}

/// RFC 8032, section 7.3.
pub(super) fn ed25519ph() -> Result<bool, Failed> {
    let seed = wide(0x833f_e624_0923_7b9d_62ec_7758_7520_911e, 0x9a75_9cec_1d19_755b_7da9_01b9_6dca_3d42);
    let expected = [
        wide(0x98a7_0222_f0b8_121a_a9d3_0f81_3d68_3f80, 0x9e46_2b46_9c7f_f876_3949_9bb9_4e6d_ae41),
        wide(0x31f8_5042_463c_2a35_5a20_03d0_62ad_f5aa, 0xa10b_8c61_e636_062a_aad1_1c2a_2608_3406),
    ];
    let signature = ed25519::sign_any_length(&plain(&seed), b"abc")?;
    Ok(signature == expected.as_flattened())
}

/// `mldsa_44_sign_seed_test.json`, case 1: the public key's SHA-256 and the signature. The two libraries check each
/// other's signatures, by the message and by its μ.
pub(super) fn ml_dsa() -> Result<bool, Failed> {
    let key = MlDsaKey::open(MlDsaSet::MlDsa44, &plain(&[0x2a; 32]))?;
    let mu = [
        wide(0x0ba2_d90b_c4fa_5877_844e_47f7_563e_efcc, 0xf658_f898_eaf4_197b_2a9a_89d3_df68_3955),
        wide(0xc73a_8089_5ac0_a51c_c904_9d44_cdc1_d1c5, 0x50ef_3870_c112_6afd_b3d5_2ee0_57cb_bcdd),
    ];
    let mu = mu.as_flattened().try_into().map_err(|_| Failed)?;
    let (message, mu) = (Message::Raw(b"Hello world"), Message::ExternalMu(mu));
    let public = key.public_key()?;
    let (_, public) = public.split_last_chunk::<1312>().ok_or(Failed)?;
    let expected = wide(0xd87f_8ca1_36ac_1aa5_5e2d_6c45_2168_0efb, 0x3a37_8cbb_9bc0_bfb4_46e9_c608_9393_1ea3);
    let algorithm = SigningAlgorithm::MlDsaShake256;
    let by_message = key.sign(algorithm, message, &Fixed)?;
    let by_mu = key.sign(algorithm, mu, &Fixed)?;
    let known = include_bytes!("known/ml_dsa_44.signature");
    let verified = [(message, known.as_slice()), (message, &by_mu), (mu, &by_message)]
        .iter()
        .all(|(message, signature)| key.verify(algorithm, *message, signature).is_ok());
    let refused = key.verify(algorithm, Message::Raw(b"Hello"), known).is_err();
    Ok(digest(&SHA256, public).as_ref() == expected && verified && refused)
}

/// `mlkem_512_semi_expanded_decaps_test.json`, case 1.
pub(super) fn ml_kem() -> Result<bool, Failed> {
    let plain = plain(include_bytes!("known/ml_kem_512.decapsulation_key"));
    let key = MlKemKey::open(MlKemSet::MlKem512, &plain)?;
    let secret = key.decapsulate(include_bytes!("known/ml_kem_512.ciphertext"))?;
    let expected = wide(0x4ad5_3a06_b29f_1256_8421_a552_c081_95b5, 0x8673_c82f_870c_c1cc_d65a_08e4_325f_eb27);
    let (ciphertext, encapsulated) = key.encapsulate()?;
    let decapsulated = key.decapsulate(&ciphertext)?;
    Ok(secret.reveal() == expected && encapsulated.reveal() == decapsulated.reveal())
}

/// GM/T 0003.5, A.2: `message digest` signed by the key of that example. `encryption standard` (as in A.4) encrypted to it by
/// `openssl pkeyutl`.
pub(super) fn sm2() -> Result<bool, Failed> {
    let scalar = wide(0x3945_208f_7b21_44b1_3f36_e38a_c6d3_9f95, 0x8893_9369_2860_b51a_42fb_81ef_4df7_c5b8);
    let key = Sm2Key::open(&plain(&scalar))?;
    let r = wide(0xf5a0_3b06_48d2_c463_0eea_c513_e1bb_81a1, 0x5944_da38_27d5_b741_43ac_7eac_eee7_20b3);
    let s = wide(0xb1b6_aa29_df21_2fd8_7631_82bc_0d42_1ca1, 0xbb90_38fd_1f7f_42d4_840b_69c4_85bb_c1aa);
    let known = der_signature(&[&[0], r.as_slice()].concat(), &[&[0], s.as_slice()].concat());
    let algorithm = SigningAlgorithm::Sm2Dsa;
    let verified = key.verify(algorithm, Message::Raw(b"message digest"), &known).is_ok();
    let opened = key.decrypt(PublicKeyEncryption::Sm2Pke, include_bytes!("known/sm2.ciphertext"))?;
    Ok(verified && opened.reveal() == b"encryption standard" && signs(&key, algorithm, &known))
}

/// `aes_kwp_test.json`, case 161.
pub(super) fn aes_key_wrap() -> Result<bool, Failed> {
    let key =
        plain(&wide(0xfce0_429c_6106_58ef_8e7c_fb01_54c5_1de2, 0x239a_8a31_7f5a_f5b6_714f_985f_b5c4_d75c));
    let mut wrapped = [0; 24];
    let (first, last) = wrapped.split_at_mut(16);
    first.copy_from_slice(&0xe3ea_b96d_9a2f_da12_f9e2_5205_3aff_15e7_u128.to_be_bytes());
    last.copy_from_slice(&0x53e5_ea6f_5172_c92b_u64.to_be_bytes());
    let unwrapped = key_wrap::unwrap(&key, &wrapped)?;
    wrapped[0] ^= 1;
    let refused = key_wrap::unwrap(&key, &wrapped).is_err();
    Ok(refused && unwrapped.reveal() == 0x2873_26b5_ed00_78e7_ca01_64d7_48f6_67e7_u128.to_be_bytes())
}

/// NIST SP 800-38A, F.2.5: the first block, which the padding behind it does not change.
pub(super) fn aes_256_cbc() -> Result<bool, Failed> {
    let key =
        plain(&wide(0x603d_eb10_15ca_71be_2b73_aef0_857d_7781, 0x1f35_2c07_3b61_08d7_2d98_10a3_0914_dff4));
    let iv = 0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f_u128.to_be_bytes();
    let block = plain(&0x6bc1_bee2_2e40_9f96_e93d_7e11_7393_172a_u128.to_be_bytes());
    let expected = 0xf58c_4c04_d6e5_f1ba_779e_abfb_5f7b_fbd6_u128.to_be_bytes();
    let ciphertext = cbc::encrypt(&key, iv, &block)?;
    Ok(ciphertext.len() == 32 && ciphertext.starts_with(&expected))
}

/// Whether a key verifies what it signs, and refuses a signature of something else.
fn signs(key: &dyn PrivateKey, algorithm: SigningAlgorithm, other: &[u8]) -> bool {
    let message = Message::Raw(b"message of the self-test");
    let signature = key.sign(algorithm, message, &Fixed);
    signature.is_ok_and(|signature| key.verify(algorithm, message, &signature).is_ok())
        && key.verify(algorithm, message, other).is_err()
}

fn der_signature(r: &[u8], s: &[u8]) -> Vec<u8> {
    let [r_bytes, s_bytes] = [r, s].map(|integer| u8::try_from(integer.len()).unwrap_or(u8::MAX));
    let length = r_bytes.saturating_add(s_bytes).saturating_add(4);
    [&[0x30, length, 0x02, r_bytes], r, &[0x02, s_bytes], s].concat()
}

fn wide(high: u128, low: u128) -> [u8; 32] {
    let mut bytes = [0; 32];
    let (first, second) = bytes.split_at_mut(16);
    first.copy_from_slice(&high.to_be_bytes());
    second.copy_from_slice(&low.to_be_bytes());
    bytes
}

fn plain(bytes: &[u8]) -> Plaintext {
    Plaintext::new(bytes.to_vec())
}

/// The tests sign with keys that everybody knows, so they need no entropy.
struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        out.fill(0x5a);
        Ok(())
    }
}
