//! Secrets for a recipient who has shown a public key, in the form of AWS's `CiphertextForRecipient`: CMS
//! `EnvelopedData` (RFC 5652, section 6), with OAEP for the RSA key and AES-256-CBC for the content.
//!
//! The bytes are laid out as AWS lays them out, in BER: what surrounds the recipient and the content has indefinite
//! length. Clients have their own parsers, written to what AWS sends.

use pkcs8::ObjectIdentifier;
use pkcs8::der::{AnyRef, Encode, Tag, TagNumber};
use secret::Plaintext;

use crate::aead::KEY_BYTES;
use crate::cbc::{self, IV_BYTES};
use crate::digest::sha256;
use crate::entropy::Entropy;
use crate::envelope::Broken;
use crate::error::Refused;
use crate::rsa;
use crate::spec::PublicKeyEncryption;

/// `id-envelopedData` (RFC 5652, section 6.1).
const ENVELOPED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
/// `id-data` (RFC 5652, section 4).
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
/// `id-aes256-CBC` (RFC 3565, section 4.1).
const AES_256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
/// `id-RSAES-OAEP` (RFC 4055, section 4.1).
const RSAES_OAEP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.7");
/// `id-mgf1` (RFC 4055, section 2.1).
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
/// `id-sha256` (RFC 4055, section 2.1).
const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");

/// The version of `EnvelopedData`, and of a recipient with a key identifier, as a DER integer.
const VERSION_2: &[u8] = &[0x02, 0x01, 0x02];
/// The beginning of a sequence and of an explicit `[0]` of indefinite length (X.690, section 8.1.3.6), and the end
/// of either.
const OPEN_SEQUENCE: &[u8] = &[0x30, 0x80];
const OPEN_CONTEXT_0: &[u8] = &[0xa0, 0x80];
const END: &[u8] = &[0x00, 0x00];

/// Encrypts a secret under a fresh key, and the fresh key to an RSA public key, a `SubjectPublicKeyInfo` in DER.
///
/// # Errors
/// [`Refused::Unsuitable`] for a key that is too short, [`Refused::Broken`] for one that is none.
pub fn encrypt_to_recipient(
    public_key: &[u8],
    secret: &Plaintext,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, Refused> {
    let key = Plaintext::zeroed(KEY_BYTES).fill(|out| entropy.fill(out))?;
    let mut iv = [0; IV_BYTES];
    entropy.fill(&mut iv)?;
    let content = cbc::encrypt(&key, iv, secret).map_err(Broken::from)?;
    let encrypted_key = rsa::encrypt(public_key, PublicKeyEncryption::RsaesOaepSha256, &key)?;
    // AWS puts this there, so a client may look for it.
    let key_identifier = sha256(public_key);
    Ok(enveloped(&key_identifier, &encrypted_key, iv, &content)?)
}

/// `ContentInfo` with `EnvelopedData`.
fn enveloped(
    key_identifier: &[u8],
    encrypted_key: &[u8],
    iv: [u8; IV_BYTES],
    content: &[u8],
) -> Result<Vec<u8>, Broken> {
    let parts = [
        OPEN_SEQUENCE,
        &der(&ENVELOPED_DATA)?,
        OPEN_CONTEXT_0,
        OPEN_SEQUENCE,
        VERSION_2,
        &tlv(Tag::Set, &recipient(key_identifier, encrypted_key)?)?,
        OPEN_SEQUENCE,
        &der(&DATA)?,
        &sequence(&[&der(&AES_256_CBC)?, &octets(&iv)?])?,
        OPEN_CONTEXT_0,
        &octets(content)?,
        END,
        END,
        END,
        END,
        END,
    ];
    Ok(parts.concat())
}

/// `KeyTransRecipientInfo` (RFC 5652, section 6.2.1).
fn recipient(key_identifier: &[u8], encrypted_key: &[u8]) -> Result<Vec<u8>, Broken> {
    let subject_key_identifier = tlv(context_0(false), key_identifier)?;
    sequence(&[VERSION_2, &subject_key_identifier, &oaep()?, &octets(encrypted_key)?])
}

/// OAEP with SHA-256, also in its mask (RFC 4055, section 4.1).
fn oaep() -> Result<Vec<u8>, Broken> {
    let hash = sequence(&[&der(&SHA_256)?, &der(&AnyRef::NULL)?])?;
    let mask = sequence(&[&der(&MGF1)?, &hash])?;
    let mask = tlv(Tag::ContextSpecific { constructed: true, number: TagNumber(1) }, &mask)?;
    let parameters = sequence(&[&tlv(context_0(true), &hash)?, &mask])?;
    sequence(&[&der(&RSAES_OAEP)?, &parameters])
}

fn sequence(parts: &[&[u8]]) -> Result<Vec<u8>, Broken> {
    tlv(Tag::Sequence, &parts.concat())
}

fn octets(bytes: &[u8]) -> Result<Vec<u8>, Broken> {
    tlv(Tag::OctetString, bytes)
}

fn tlv(tag: Tag, content: &[u8]) -> Result<Vec<u8>, Broken> {
    der(&AnyRef::new(tag, content).map_err(|_| Broken)?)
}

fn der(value: &impl Encode) -> Result<Vec<u8>, Broken> {
    value.to_der().map_err(|_| Broken)
}

fn context_0(constructed: bool) -> Tag {
    Tag::ContextSpecific { constructed, number: TagNumber(0) }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rsa::{KeySize, OAEP_SHA256_MGF1SHA256, OaepPrivateDecryptingKey, PrivateDecryptingKey};

    use super::*;
    use crate::testing::{Scripted, Seeded};

    /// What AWS answered to a `GenerateDataKey` of 32 bytes, to a key of 2048 bits.
    const RECORDED: &[u8] = include_bytes!("recipient/recorded.ber");
    /// That key.
    const RECORDED_KEY: &[u8] = include_bytes!("recipient/recorded.spki");

    #[test]
    fn the_bytes_around_the_secret_are_those_of_aws() {
        let (encrypted_key, iv, content) = (&RECORDED[131..387], &RECORDED[415..431], &RECORDED[435..483]);
        let iv = iv.try_into().unwrap();
        let made = enveloped(&sha256(RECORDED_KEY), encrypted_key, iv, content).unwrap();
        assert_eq!(made, RECORDED);
    }

    #[test]
    fn the_private_key_opens_it() {
        let private = PrivateDecryptingKey::generate(KeySize::Rsa3072).unwrap();
        let public: PublicKeyX509Der<'_> = private.public_key().as_der().unwrap();
        let private = OaepPrivateDecryptingKey::new(private).unwrap();
        for length in [0, 1, 15, 16, 17, 32, 1024, 4096] {
            let secret: Vec<u8> = (0..length).map(|byte: u16| byte as u8).collect();
            let secret = Plaintext::new(secret);
            let (content_key, iv) = ([7; 32], [8; IV_BYTES]);
            let entropy = Scripted::new(&[&content_key, &iv]);
            let sent = encrypt_to_recipient(public.as_ref(), &secret, &entropy).unwrap();
            let expected_bytes = (length as usize / 16 + 1) * 16;
            let (_, content) = sent.split_at(sent.len() - 10 - expected_bytes);
            let (content, ends) = content.split_at(expected_bytes);
            assert_eq!(ends, [0; 10]);
            let place = sent.windows(4).position(|head| head == [0x04, 0x82, 0x01, 0x80]).unwrap() + 4;
            let mut key = vec![0; private.min_output_size()];
            let encrypted_key = &sent[place..place + 384];
            let key = private.decrypt(&OAEP_SHA256_MGF1SHA256, encrypted_key, &mut key, None).unwrap();
            assert_eq!(key, content_key, "the first of the entropy");
            let key = UnboundCipherKey::new(&AES_256, key).unwrap();
            let mut content = content.to_vec();
            let opened = PaddedBlockDecryptingKey::cbc_pkcs7(key)
                .unwrap()
                .decrypt(&mut content, DecryptionContext::Iv128(iv.into()))
                .unwrap();
            assert_eq!(opened, secret.reveal(), "{length}");
        }
    }

    #[test]
    fn nothing_is_sent_to_what_is_no_key_or_without_entropy() {
        let secret = Plaintext::new(vec![1; 32]);
        let to = |key: &[u8], entropy: &dyn Entropy| encrypt_to_recipient(key, &secret, entropy);
        assert_eq!(to(b"key", &Seeded::new(0)), Err(Refused::Broken));
        assert_eq!(to(RECORDED_KEY, &Scripted::new(&[])), Err(Refused::Broken));
        assert!(to(RECORDED_KEY, &Seeded::new(0)).is_ok());
    }
}
