//! What keys of each kind do, and what they refuse.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use secret::Plaintext;
use shake::Shake256;
use shake::digest::{ExtendableOutput, Update};
use strongroom::{
    AgreeRefused, Context, Entropy, Material, Message, PublicKeyEncryption, Refused, SigningAlgorithm, Spec,
};

use crate::world::{Keys, alterations, binding, sparse_alterations};
use strongroom::testing::{Scripted, Seeded};

const WOULD_NOT_OPEN: Result<(), Refused> = Err(Refused::WouldNotOpen);
const UNSUITABLE: Option<Refused> = Some(Refused::Unsuitable);

#[test]
fn macs_are_verified_and_nothing_else_is() {
    let keys = Keys::new();
    for (spec, bytes) in [(Spec::Hmac224, 28), (Spec::Hmac256, 32), (Spec::Hmac384, 48), (Spec::Hmac512, 64)]
    {
        let key = keys.make(spec);
        let mac = key.mac(b"message").unwrap();
        assert_eq!(mac.len(), bytes);
        assert_eq!(key.verify_mac(b"message", &mac), Ok(()));
        for altered in alterations(&mac) {
            assert_eq!(key.verify_mac(b"message", &altered), WOULD_NOT_OPEN);
        }
        assert_eq!(key.verify_mac(b"massage", &mac), WOULD_NOT_OPEN);
        assert_eq!(keys.make(spec).verify_mac(b"message", &mac), WOULD_NOT_OPEN);
    }
}

#[test]
fn digests_and_messages_have_the_same_signatures() {
    use SigningAlgorithm::{
        EcdsaSha256, EcdsaSha384, EcdsaSha512, RsassaPkcs1V15Sha256, RsassaPkcs1V15Sha384,
        RsassaPkcs1V15Sha512, RsassaPssSha256, RsassaPssSha384, RsassaPssSha512,
    };
    let rsa = [
        (RsassaPkcs1V15Sha256, &SHA256),
        (RsassaPkcs1V15Sha384, &SHA384),
        (RsassaPkcs1V15Sha512, &SHA512),
        (RsassaPssSha256, &SHA256),
        (RsassaPssSha384, &SHA384),
        (RsassaPssSha512, &SHA512),
    ];
    let keys = Keys::new();
    for (spec, algorithms) in [
        (Spec::Rsa2048, &rsa[..]),
        (Spec::Rsa3072, &rsa[2..4]),
        (Spec::Rsa4096, &rsa[5..]),
        (Spec::EccNistP256, &[(EcdsaSha256, &SHA256)]),
        (Spec::EccNistP384, &[(EcdsaSha384, &SHA384)]),
        (Spec::EccNistP521, &[(EcdsaSha512, &SHA512)]),
        (Spec::EccSecgP256k1, &[(EcdsaSha256, &SHA256)]),
    ] {
        let key = keys.make(spec);
        for (algorithm, hash) in algorithms {
            let digest = digest::digest(hash, b"message");
            assert_eq!(algorithm.digest_bytes(), Some(digest.as_ref().len()));
            let (raw, digest) = (Message::Raw(b"message"), Message::Digest(digest.as_ref()));
            for (signed, verified) in [(raw, digest), (digest, raw)] {
                let signature = key.sign(*algorithm, signed, &keys.entropy).unwrap();
                assert_eq!(key.verify(*algorithm, verified, &signature), Ok(()));
            }
            signs_strictly(&keys, &key, *algorithm, raw, 1 + signature_step(spec));
            for length in [0, 31, 33, 65] {
                let wrong = Message::Digest(&[7; 65][..length]);
                assert_eq!(key.sign(*algorithm, wrong, &keys.entropy).err(), UNSUITABLE);
            }
        }
        let own: Vec<_> = algorithms.iter().map(|(algorithm, _)| *algorithm).collect();
        signs_with_nothing_but(&keys, &key, &own, spec);
    }
}

#[test]
fn ed25519_signs_messages_and_prehashes_digests() {
    let keys = Keys::new();
    let key = keys.make(Spec::EccNistEdwards25519);
    let (pure, prehashed) = (SigningAlgorithm::Ed25519Sha512, SigningAlgorithm::Ed25519PhSha512);
    signs_strictly(&keys, &key, pure, Message::Raw(b"message"), 1);
    signs_strictly(&keys, &key, prehashed, Message::Digest(&[7; 64]), 1);
    let signature = key.sign(pure, Message::Raw(&[7; 64]), &keys.entropy).unwrap();
    assert_eq!(key.verify(prehashed, Message::Digest(&[7; 64]), &signature), WOULD_NOT_OPEN);
    assert_eq!(key.sign(pure, Message::Digest(&[7; 64]), &keys.entropy).err(), UNSUITABLE);
    assert_eq!(key.sign(prehashed, Message::Raw(&[7; 64]), &keys.entropy).err(), UNSUITABLE);
    assert_eq!(key.sign(prehashed, Message::Digest(&[7; 63]), &keys.entropy).err(), UNSUITABLE);
}

#[test]
fn ml_dsa_signs_messages_and_what_stands_for_them_alike() {
    let keys = Keys::new();
    for (spec, bytes, public_bytes) in
        [(Spec::MlDsa44, 2420, 1312), (Spec::MlDsa65, 3309, 1952), (Spec::MlDsa87, 4627, 2592)]
    {
        let generated = keys.generate(spec);
        let key = keys.open(spec, &generated);
        let public = generated.public_key.unwrap();
        let mu = mu(&public, public_bytes);
        let algorithm = SigningAlgorithm::MlDsaShake256;
        let (raw, mu) = (Message::Raw(b"message"), Message::ExternalMu(&mu));
        for (signed, verified) in [(raw, raw), (raw, mu), (mu, raw), (mu, mu)] {
            let signature = key.sign(algorithm, signed, &keys.entropy).unwrap();
            assert_eq!(signature.len(), bytes);
            assert_eq!(key.verify(algorithm, verified, &signature), Ok(()));
        }
        signs_strictly(&keys, &key, algorithm, raw, 97);
        signs_strictly(&keys, &key, algorithm, mu, 197);
        assert_eq!(key.sign(algorithm, Message::Digest(&[7; 64]), &keys.entropy).err(), UNSUITABLE);
        assert_eq!(key.sign(algorithm, mu, &Scripted::new(&[])).err(), Some(Refused::Broken));
    }
}

#[test]
fn sm2_signs_messages_and_digests() {
    let keys = Keys::new();
    let key = keys.make(Spec::Sm2);
    let algorithm = SigningAlgorithm::Sm2Dsa;
    signs_strictly(&keys, &key, algorithm, Message::Raw(b"message"), 7);
    signs_strictly(&keys, &key, algorithm, Message::Digest(&[7; 32]), 7);
    assert_eq!(key.sign(algorithm, Message::Digest(&[7; 33]), &keys.entropy).err(), UNSUITABLE);
    signs_with_nothing_but(&keys, &key, &[algorithm], Spec::Sm2);
}

#[test]
fn both_sides_agree_and_strangers_do_not() {
    let keys = Keys::new();
    for (spec, bytes) in
        [(Spec::EccNistP256, 32), (Spec::EccNistP384, 48), (Spec::EccNistP521, 66), (Spec::Sm2, 32)]
    {
        let (ours, theirs) = (keys.generate(spec), keys.generate(spec));
        let (our_public, their_public) =
            (ours.public_key.as_ref().unwrap(), theirs.public_key.as_ref().unwrap());
        let secret = keys.open(spec, &ours).agree(their_public).unwrap();
        assert_eq!(secret.len(), bytes);
        assert_eq!(secret.reveal(), keys.open(spec, &theirs).agree(our_public).unwrap().reveal());
        // Any change leaves no key of the curve.
        for altered in alterations(their_public) {
            let agreed = keys.open(spec, &ours).agree(&altered);
            assert_eq!(agreed.err(), Some(AgreeRefused::NotAPeer), "{spec:?} {altered:02x?}");
        }
    }
}

#[test]
fn peers_of_another_curve_or_form_are_refused() {
    let keys = Keys::new();
    let specs = [
        Spec::EccNistP256,
        Spec::EccNistP384,
        Spec::EccNistP521,
        Spec::EccSecgP256k1,
        Spec::EccNistEdwards25519,
        Spec::MlKem512,
        Spec::Sm2,
    ];
    let publics = specs.map(|spec| (spec, keys.generate(spec).public_key.unwrap()));
    for spec in [Spec::EccNistP256, Spec::EccNistP384, Spec::EccNistP521, Spec::Sm2] {
        let key = keys.make(spec);
        for (other, public) in &publics {
            assert_eq!(key.agree(public).is_ok(), spec == *other, "{spec:?} {other:?}");
        }
        let point_only = &publics[0].1[26..];
        assert_eq!(key.agree(point_only).err(), Some(AgreeRefused::NotAPeer));
        assert_eq!(key.agree(b"").err(), Some(AgreeRefused::NotAPeer));
    }
    for spec in [Spec::EccSecgP256k1, Spec::SymmetricDefault, Spec::MlKem512] {
        assert_eq!(keys.make(spec).agree(&publics[0].1).err(), Some(AgreeRefused::Unsuitable));
    }
}

#[test]
fn a_compressed_peer_agrees_to_the_same_secret() {
    let keys = Keys::new();
    let key = keys.make(Spec::EccNistP256);
    let uncompressed = keys.generate(Spec::EccNistP256).public_key.unwrap();
    let (x, y) = uncompressed[27..].split_at(32);
    let compressed = [&uncompressed[..1], &[57], &uncompressed[2..24], &[34, 0, 2 + (y[31] & 1)], x].concat();
    assert_eq!(key.agree(&compressed).unwrap().reveal(), key.agree(&uncompressed).unwrap().reveal());
    let hybrid = [&uncompressed[..26], &[6 + (y[31] & 1)], x, y].concat();
    assert_eq!(key.agree(&hybrid).err(), Some(AgreeRefused::NotAPeer));
    let infinity = [&uncompressed[..1], &[25], &uncompressed[2..24], &[2, 0, 0]].concat();
    assert_eq!(key.agree(&infinity).err(), Some(AgreeRefused::NotAPeer));
}

#[test]
fn encapsulated_secrets_come_out_and_forged_ones_are_nobodys() {
    let keys = Keys::new();
    for (spec, bytes, spki) in
        [(Spec::MlKem512, 768, 822), (Spec::MlKem768, 1088, 1206), (Spec::MlKem1024, 1568, 1590)]
    {
        let generated = keys.generate(spec);
        assert_eq!(generated.public_key.as_ref().unwrap().len(), spki);
        let key = keys.open(spec, &generated);
        let (ciphertext, secret) = key.encapsulate().unwrap();
        assert_eq!((ciphertext.len(), secret.len()), (bytes, 32));
        assert_eq!(key.decapsulate(&ciphertext).unwrap().reveal(), secret.reveal());
        let mut forged = ciphertext.clone();
        forged[0] ^= 1;
        let rejected = key.decapsulate(&forged).unwrap();
        assert_ne!(rejected.reveal(), secret.reveal());
        assert_eq!(key.decapsulate(&forged).unwrap().reveal(), rejected.reveal(), "always the same");
        for wrong in [&ciphertext[1..], &[], &[ciphertext.as_slice(), &[0]].concat()] {
            assert_eq!(key.decapsulate(wrong).err(), Some(Refused::WouldNotOpen));
        }
    }
}

#[test]
fn what_the_public_key_encrypts_the_private_key_decrypts() {
    use PublicKeyEncryption::{RsaesOaepSha1, RsaesOaepSha256, Sm2Pke};
    let keys = Keys::new();
    for (spec, algorithm, most) in [
        (Spec::Rsa2048, RsaesOaepSha1, 214),
        (Spec::Rsa2048, RsaesOaepSha256, 190),
        (Spec::Rsa3072, RsaesOaepSha256, 318),
        (Spec::Rsa4096, RsaesOaepSha1, 470),
        (Spec::Sm2, Sm2Pke, 1024),
    ] {
        let key = keys.make(spec);
        for bytes in [1, 32, most] {
            let plaintext = Plaintext::new(vec![0xab; bytes]);
            let ciphertext = key.encrypt_to_public(algorithm, &plaintext, &keys.entropy).unwrap();
            let opened = key.decrypt_with_private(algorithm, &ciphertext).unwrap();
            assert_eq!(opened.reveal(), plaintext.reveal());
        }
        let ciphertext =
            key.encrypt_to_public(algorithm, &Plaintext::new(vec![1; 32]), &keys.entropy).unwrap();
        for altered in sparse_alterations(&ciphertext, 29) {
            let opened = key.decrypt_with_private(algorithm, &altered).err();
            assert_eq!(opened, Some(Refused::WouldNotOpen));
        }
        if spec != Spec::Sm2 {
            let long = Plaintext::zeroed(most + 1);
            assert_eq!(key.encrypt_to_public(algorithm, &long, &keys.entropy).err(), UNSUITABLE);
        }
        let other = if algorithm == RsaesOaepSha1 { Sm2Pke } else { RsaesOaepSha1 };
        assert!(key.decrypt_with_private(other, &ciphertext).is_err());
    }
}

#[test]
fn each_kind_of_key_does_its_own_work_alone() {
    let keys = Keys::new();
    for spec in Spec::ALL {
        if matches!(spec, Spec::Rsa3072 | Spec::Rsa4096) {
            continue;
        }
        let generated = keys.generate(spec);
        let key = keys.open(spec, &generated);
        let symmetric = spec == Spec::SymmetricDefault;
        let mac = spec.name().starts_with("HMAC");
        let kem = spec.name().starts_with("ML_KEM");
        let plaintext = Plaintext::zeroed(1);
        let tried = key.encrypt(&plaintext, &Context::empty(), &keys.entropy);
        assert_eq!(tried.is_ok(), symmetric, "{spec:?}");
        assert_eq!(key.mac(b"m").is_ok(), mac, "{spec:?}");
        assert_eq!(
            key.verify_mac(b"m", b"").err(),
            if mac { Some(Refused::WouldNotOpen) } else { UNSUITABLE }
        );
        assert_eq!(key.encapsulate().is_ok(), kem, "{spec:?}");
        assert_eq!(key.decapsulate(b"").err(), if kem { Some(Refused::WouldNotOpen) } else { UNSUITABLE });
        assert_eq!(key.public_key().ok(), generated.public_key);
        assert_eq!(generated.public_key.is_none(), symmetric || mac, "{spec:?}");
        let signs = SigningAlgorithm::ALL.iter().any(|algorithm| {
            [Message::Raw(b"m"), Message::Digest(&[1; 32])]
                .iter()
                .any(|message| key.sign(*algorithm, *message, &keys.entropy).is_ok())
        });
        assert_eq!(signs, !(symmetric || mac || kem), "{spec:?}");
    }
}

#[test]
fn entropy_decides_the_keys_that_it_makes() {
    let keys = Keys::new();
    let dry = Scripted::new(&[]);
    for spec in [
        Spec::Hmac384,
        Spec::EccNistP256,
        Spec::EccNistP521,
        Spec::EccSecgP256k1,
        Spec::EccNistEdwards25519,
        Spec::MlDsa65,
        Spec::Sm2,
    ] {
        let make = |entropy: &dyn Entropy| keys.room.generate(&binding(spec), entropy);
        assert_eq!(make(&dry).err(), Some(Refused::Broken), "{spec:?}");
        assert_eq!(make(&Seeded::new(0)).unwrap().id, make(&Seeded::new(0)).unwrap().id);
        assert_ne!(make(&keys.entropy).unwrap().id, make(&keys.entropy).unwrap().id);
    }
    let zeros = Scripted::new(&[&[0; 600]]);
    assert_eq!(keys.room.generate(&binding(Spec::EccNistP256), &zeros).err(), Some(Refused::Broken));
}

/// A signature verifies. An altered one does not, nor does one of another message or by another key.
fn signs_strictly(
    keys: &Keys,
    key: &Material,
    algorithm: SigningAlgorithm,
    message: Message<'_>,
    step: usize,
) {
    let signature = key.sign(algorithm, message, &keys.entropy).unwrap();
    assert_eq!(key.verify(algorithm, message, &signature), Ok(()));
    for altered in sparse_alterations(&signature, step) {
        assert_eq!(key.verify(algorithm, message, &altered), WOULD_NOT_OPEN, "{algorithm:?}");
    }
    let other = match message {
        Message::Raw(_) => Message::Raw(b"massage"),
        Message::Digest(digest) => Message::Digest(&[8; 64][..digest.len()]),
        Message::ExternalMu(_) => Message::ExternalMu(&[8; 64]),
    };
    assert_eq!(key.verify(algorithm, other, &signature), WOULD_NOT_OPEN);
}

fn signs_with_nothing_but(keys: &Keys, key: &Material, own: &[SigningAlgorithm], spec: Spec) {
    let rsa = spec.name().starts_with("RSA");
    for algorithm in SigningAlgorithm::ALL.into_iter().filter(|algorithm| !own.contains(algorithm)) {
        if rsa && algorithm.name().starts_with("RSASSA") {
            continue;
        }
        for message in [Message::Raw(b"message"), Message::Digest(&[7; 32]), Message::ExternalMu(&[7; 64])] {
            assert_eq!(key.sign(algorithm, message, &keys.entropy).err(), UNSUITABLE, "{algorithm:?}");
            assert_eq!(key.verify(algorithm, message, b"").err(), UNSUITABLE);
        }
    }
}

fn signature_step(spec: Spec) -> usize {
    if spec.name().starts_with("RSA") { 16 } else { 0 }
}

/// μ (FIPS 204, algorithms 2 and 7) for `message` and an empty context. The key is the last bytes of the
/// `SubjectPublicKeyInfo`.
fn mu(spki: &[u8], key_bytes: usize) -> [u8; 64] {
    let shake = |parts: &[&[u8]]| {
        let mut out = [0; 64];
        let shake = parts.iter().fold(Shake256::default(), |shake, part| shake.chain(part));
        shake.finalize_xof_into(&mut out);
        out
    };
    let tr = shake(&[&spki[spki.len() - key_bytes..]]);
    shake(&[&tr, &[0, 0], b"message"])
}
