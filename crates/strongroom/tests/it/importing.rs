//! Material from elsewhere: wrapped as clients wrap it, and refused when it does not fit the key.

use aws_lc_rs::key_wrap::{AES_256, KeyEncryptionKey, KeyWrapPadded};
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey, PublicEncryptingKey,
};
use secret::Plaintext;
use strongroom::{
    Binding, Context, Entropy, EntropyFailed, ImportRefused, Message, Refused, SealedWrappingKey,
    SigningAlgorithm, Spec, WrappingAlgorithm, WrappingKey, WrappingKeySpec,
};

use crate::world::{Keys, alterations, binding, sparse_alterations};
use strongroom::testing::Seeded;

#[test]
fn a_pair_that_was_made_here_is_imported_as_it_is() {
    use SigningAlgorithm::{
        EcdsaSha256, EcdsaSha384, EcdsaSha512, Ed25519Sha512, RsassaPkcs1V15Sha256, RsassaPssSha512, Sm2Dsa,
    };
    let keys = Keys::new();
    for (spec, algorithm) in [
        (Spec::Rsa2048, RsassaPssSha512),
        (Spec::Rsa3072, RsassaPkcs1V15Sha256),
        (Spec::EccNistP256, EcdsaSha256),
        (Spec::EccNistP384, EcdsaSha384),
        (Spec::EccNistP521, EcdsaSha512),
        (Spec::EccSecgP256k1, EcdsaSha256),
        (Spec::EccNistEdwards25519, Ed25519Sha512),
        (Spec::Sm2, Sm2Dsa),
    ] {
        let pair = keys.room.generate_pair(spec, &keys.entropy).unwrap();
        let imported = keys.import(spec, pair.private.reveal()).unwrap();
        assert_eq!(imported.public_key.as_ref(), Some(&pair.public), "{spec:?}");
        let again = keys.import(spec, pair.private.reveal()).unwrap();
        assert_eq!(imported.id, again.id, "the same material has the same id");
        assert_ne!(imported.token, again.token);

        let (one, two) = (keys.open(spec, &imported), keys.open(spec, &again));
        let signature = one.sign(algorithm, Message::Raw(b"message"), &keys.entropy).unwrap();
        assert_eq!(two.verify(algorithm, Message::Raw(b"message"), &signature), Ok(()));
        for other in [Spec::Rsa2048, Spec::Rsa4096, Spec::EccNistP256, Spec::EccSecgP256k1, Spec::Sm2] {
            assert_eq!(keys.import(other, pair.private.reveal()).is_some(), other == spec, "{other:?}");
        }
        for altered in sparse_alterations(pair.private.reveal(), 1 + pair.private.len() / 200) {
            // Only a change in a lone secret leaves a key, namely another one.
            if let Some(other) = keys.import(spec, &altered) {
                assert_eq!(spec, Spec::EccNistEdwards25519, "{altered:02x?}");
                assert_ne!(other.public_key, imported.public_key);
            }
        }
    }
}

#[test]
fn raw_material_must_have_its_length() {
    let keys = Keys::new();
    for (spec, lengths) in [
        (Spec::SymmetricDefault, 32..=32),
        (Spec::Hmac224, 28..=128),
        (Spec::Hmac256, 32..=128),
        (Spec::Hmac384, 48..=128),
        (Spec::Hmac512, 64..=128),
    ] {
        for length in 0..200 {
            let imported = keys.import(spec, &vec![7; length]);
            assert_eq!(imported.is_some(), lengths.contains(&length), "{spec:?} {length}");
        }
    }
    for spec in [Spec::MlDsa44, Spec::MlKem512] {
        assert!(keys.import(spec, &[7; 32]).is_none(), "AWS imports none");
    }
}

#[test]
fn mac_keys_that_hmac_takes_for_one_have_ids_of_their_own() {
    let keys = Keys::new();
    let short = keys.import(Spec::Hmac256, &[7; 32]).unwrap();
    let padded = keys.import(Spec::Hmac256, &[&[7; 32][..], &[0]].concat()).unwrap();
    assert_ne!(short.id, padded.id);
    let mac = keys.open(Spec::Hmac256, &short).mac(b"message").unwrap();
    assert_eq!(keys.open(Spec::Hmac256, &padded).verify_mac(b"message", &mac), Ok(()));
}

#[test]
fn wrapped_material_is_unwrapped_with_each_key_and_algorithm() {
    let keys = Keys::new();
    let direct = keys.import(Spec::SymmetricDefault, &[9; 32]).unwrap();
    let p521 = keys.room.generate_pair(Spec::EccNistP521, &keys.entropy).unwrap();
    let rsa = keys.room.generate_pair(Spec::Rsa2048, &keys.entropy).unwrap();
    for spec in WrappingKeySpec::ALL {
        let wrapping = keys.room.wrapping_key(spec, b"binding", &keys.entropy).unwrap();
        for how in WrappingAlgorithm::ALL {
            if (how == WrappingAlgorithm::Sm2Pke) != (spec == WrappingKeySpec::Sm2) {
                continue;
            }
            let import = |key_spec, material: &[u8]| {
                let wrapped = wrap(&keys, &wrapping, how, material)?;
                import(&keys, &binding(key_spec), spec, &wrapping, how, &wrapped).ok()
            };
            let imported = import(Spec::SymmetricDefault, &[9; 32]).unwrap();
            assert_eq!(imported.id, direct.id);
            let blob = keys.open(Spec::SymmetricDefault, &imported).encrypt(
                &Plaintext::new(b"hello".to_vec()),
                &Context::empty(),
                &keys.entropy,
            );
            assert!(blob.is_ok());
            // Without a key in between, a P-521 key is too long for RSA-2048, and an RSA key is too long for any
            // wrapping key.
            let small = spec == WrappingKeySpec::Rsa2048;
            let long_way =
                !matches!(how, WrappingAlgorithm::RsaesOaepSha1 | WrappingAlgorithm::RsaesOaepSha256);
            assert_eq!(import(Spec::EccNistP521, p521.private.reveal()).is_some(), long_way || !small);
            assert_eq!(import(Spec::Rsa2048, rsa.private.reveal()).is_some(), long_way);
        }
    }
}

#[test]
fn whatever_is_wrong_with_an_import_is_told_apart() {
    let keys = Keys::new();
    let spec = WrappingKeySpec::Rsa2048;
    let how = WrappingAlgorithm::RsaAesKeyWrapSha256;
    let wrapping = keys.room.wrapping_key(spec, b"binding", &keys.entropy).unwrap();
    let wrapped = wrap(&keys, &wrapping, how, &[9; 32]).unwrap();
    let target = binding(Spec::SymmetricDefault);
    let outcome = |sealed: &[u8], bound: &[u8], spec, how, wrapped: &[u8], target: &Binding| {
        let key = SealedWrappingKey { sealed, spec, binding: bound };
        keys.room.import(target, how, &key, wrapped, &keys.entropy).err()
    };
    let sealed = wrapping.sealed.as_slice();
    assert_eq!(outcome(sealed, b"binding", spec, how, &wrapped, &target), None);

    let foreign = Some(ImportRefused::NotAWrappingKey);
    assert_eq!(outcome(sealed, b"bindung", spec, how, &wrapped, &target), foreign);
    assert_eq!(outcome(sealed, b"binding", WrappingKeySpec::Rsa3072, how, &wrapped, &target), foreign);
    for altered in sparse_alterations(sealed, 41) {
        assert_eq!(outcome(&altered, b"binding", spec, how, &wrapped, &target), foreign);
    }
    let token = keys.generate(Spec::SymmetricDefault).token;
    assert_eq!(outcome(&token, b"binding", spec, how, &wrapped, &target), foreign);

    let unwrapped = Some(ImportRefused::WouldNotUnwrap);
    for altered in sparse_alterations(&wrapped, 23) {
        assert_eq!(outcome(sealed, b"binding", spec, how, &altered, &target), unwrapped);
    }
    for other in WrappingAlgorithm::ALL.into_iter().filter(|other| *other != how) {
        assert_eq!(outcome(sealed, b"binding", spec, other, &wrapped, &target), unwrapped, "{other:?}");
    }
    let short_key = [oaep(&wrapping, &OAEP_SHA256_MGF1SHA256, &[1; 16]).unwrap(), vec![0; 40]].concat();
    assert_eq!(outcome(sealed, b"binding", spec, how, &short_key, &target), unwrapped);

    for other in [Spec::EccNistP256, Spec::Hmac384, Spec::Rsa2048] {
        let refused = outcome(sealed, b"binding", spec, how, &wrapped, &binding(other));
        assert_eq!(refused, Some(ImportRefused::NotMaterial));
    }
}

#[test]
fn a_point_in_a_private_key_may_be_missing_or_compressed_but_not_wrong() {
    let keys = Keys::new();
    let pair = keys.room.generate_pair(Spec::EccNistP256, &keys.entropy).unwrap();
    let (private, x, y) = (pair.private.reveal(), &pair.public[27..59], &pair.public[59..]);
    let scalar = private.windows(34).find(|window| window[..2] == [4, 32]).unwrap();
    let with_point = |point: &[u8]| {
        let public =
            if point.is_empty() { Vec::new() } else { der(0xa1, &der(0x03, &[&[0], point].concat())) };
        let inner = der(0x30, &[&[2, 1, 1], scalar, &public].concat());
        der(0x30, &[&[2, 1, 0], &pair.public[2..23], &der(0x04, &inner)].concat())
    };
    let compressed = [&[2 + (y[31] & 1)], x].concat();
    let uncompressed = [&[4], x, y].concat();
    for point in [&[], compressed.as_slice(), &uncompressed] {
        let imported = keys.import(Spec::EccNistP256, &with_point(point)).unwrap();
        assert_eq!(imported.public_key.as_ref(), Some(&pair.public));
    }
    let negated = [&[3 - (y[31] & 1)], x].concat();
    let other = keys.room.generate_pair(Spec::EccNistP256, &keys.entropy).unwrap();
    for point in [negated.as_slice(), &other.public[26..], &[0]] {
        assert!(keys.import(Spec::EccNistP256, &with_point(point)).is_none(), "{point:02x?}");
    }
}

#[test]
fn a_sealed_strongroom_imports_nothing() {
    let keys = Keys::new();
    let wrapping = keys.room.wrapping_key(WrappingKeySpec::Sm2, b"", &keys.entropy).unwrap();
    let sealed = strongroom::Strongroom::sealed();
    let target = binding(Spec::SymmetricDefault);
    let key = SealedWrappingKey { sealed: &wrapping.sealed, spec: WrappingKeySpec::Sm2, binding: b"" };
    let imported = sealed.import(&target, WrappingAlgorithm::Sm2Pke, &key, b"", &keys.entropy);
    assert_eq!(imported.err(), Some(ImportRefused::Sealed));
    let imported = sealed.import_plaintext(&target, &Plaintext::zeroed(32), &keys.entropy);
    assert_eq!(imported.err(), Some(ImportRefused::Sealed));
    assert_eq!(sealed.wrapping_key(WrappingKeySpec::Sm2, b"", &keys.entropy).err(), Some(Refused::Sealed));
    assert_eq!(sealed.generate_pair(Spec::Sm2, &keys.entropy).err(), Some(Refused::Sealed));
}

#[test]
fn callers_get_pairs_of_the_specs_that_aws_has() {
    let keys = Keys::new();
    for spec in Spec::ALL {
        if matches!(spec, Spec::Rsa3072 | Spec::Rsa4096) {
            continue;
        }
        let pair = keys.room.generate_pair(spec, &keys.entropy);
        let refused = ["SYM", "HMA", "ML_"].iter().any(|start| spec.name().starts_with(start));
        assert_eq!(pair.err(), refused.then_some(Refused::Unsuitable), "{spec:?}");
    }
}

#[test]
fn an_altered_token_of_a_pair_is_refused() {
    let keys = Keys::new();
    let token = keys.generate(Spec::EccNistP256).token;
    for altered in alterations(&token) {
        let opened = keys.room.material(&altered, &binding(Spec::EccNistP256));
        assert_eq!(opened.err(), Some(Refused::WouldNotOpen));
    }
}

fn import(
    keys: &Keys,
    target: &Binding,
    spec: WrappingKeySpec,
    wrapping: &WrappingKey,
    how: WrappingAlgorithm,
    wrapped: &[u8],
) -> Result<strongroom::Generated, ImportRefused> {
    let key = SealedWrappingKey { sealed: &wrapping.sealed, spec, binding: b"binding" };
    keys.room.import(target, how, &key, wrapped, &keys.entropy)
}

/// Wraps as a client would; `None` if the material is too long for the key.
fn wrap(keys: &Keys, key: &WrappingKey, how: WrappingAlgorithm, material: &[u8]) -> Option<Vec<u8>> {
    match how {
        WrappingAlgorithm::RsaesOaepSha1 => oaep(key, &OAEP_SHA1_MGF1SHA1, material),
        WrappingAlgorithm::RsaesOaepSha256 => oaep(key, &OAEP_SHA256_MGF1SHA256, material),
        WrappingAlgorithm::RsaAesKeyWrapSha1 => {
            Some([oaep(key, &OAEP_SHA1_MGF1SHA1, &[5; 32])?, key_wrap(&[5; 32], material)].concat())
        }
        WrappingAlgorithm::RsaAesKeyWrapSha256 => {
            Some([oaep(key, &OAEP_SHA256_MGF1SHA256, &[5; 32])?, key_wrap(&[5; 32], material)].concat())
        }
        WrappingAlgorithm::Sm2Pke => {
            use pkcs8::DecodePublicKey;
            let public = sm2::PublicKey::from_public_key_der(&key.public).unwrap();
            Some(sm2::pke::EncryptingKey::new(public).encrypt_der(&mut Rng(&keys.entropy), material).unwrap())
        }
    }
}

/// Entropy for a client's encryption.
struct Rng<'a>(&'a Seeded);

impl rand_core::TryRng for Rng<'_> {
    type Error = EntropyFailed;

    fn try_next_u32(&mut self) -> Result<u32, EntropyFailed> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_be_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, EntropyFailed> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_be_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), EntropyFailed> {
        self.0.fill(out)
    }
}

impl rand_core::TryCryptoRng for Rng<'_> {}

fn oaep(key: &WrappingKey, algorithm: &'static OaepAlgorithm, plaintext: &[u8]) -> Option<Vec<u8>> {
    let key = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(&key.public).unwrap()).unwrap();
    let mut out = vec![0; key.ciphertext_size()];
    key.encrypt(algorithm, plaintext, &mut out, None).ok()?;
    Some(out)
}

fn key_wrap(key: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let mut out = vec![0; plaintext.len() + 15];
    let key = KeyEncryptionKey::new(&AES_256, key).unwrap();
    key.wrap_with_padding(plaintext, &mut out).unwrap().to_vec()
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap();
    let length = if length < 128 { vec![length] } else { vec![0x81, length] };
    [&[tag], length.as_slice(), content].concat()
}
