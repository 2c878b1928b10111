//! Wrapping of key material, as whoever imports it does it.

use aws_lc_rs::{
    key_wrap::{AES_256, AesKek, KeyWrapPadded},
    rsa::{
        OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey,
        PublicEncryptingKey,
    },
};

/// Wraps material by a `WrappingAlgorithm` with the public key that `GetParametersForImport` gave.
///
/// # Panics
/// If that is no RSA key, or the material does not fit.
#[must_use]
pub fn wrap(algorithm: &str, public_key: &[u8], material: &[u8]) -> Vec<u8> {
    let oaep: &OaepAlgorithm =
        if algorithm.ends_with("SHA_1") { &OAEP_SHA1_MGF1SHA1 } else { &OAEP_SHA256_MGF1SHA256 };
    let public_key = PublicEncryptingKey::from_der(public_key).expect("a public key");
    let public_key = OaepPublicEncryptingKey::new(public_key).expect("an RSA key");
    let encrypt = |plaintext: &[u8]| {
        let mut ciphertext = vec![0; public_key.ciphertext_size()];
        public_key.encrypt(oaep, plaintext, &mut ciphertext, None).expect("it fits").to_vec()
    };
    if !algorithm.starts_with("RSA_AES_KEY_WRAP") {
        return encrypt(material);
    }
    let (key, mut wrapped) = ([9; 32], vec![0; material.len() + 16]);
    let kek = AesKek::new(&AES_256, &key).expect("a key of 32 bytes");
    let wrapped = kek.wrap_with_padding(material, &mut wrapped).expect("it fits").to_vec();
    [encrypt(&key), wrapped].concat()
}
