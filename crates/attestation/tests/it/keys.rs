//! The public keys that documents carry.

use std::sync::LazyLock;

use attestation::{Rejected, Roots, verify};
use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use x509_cert::{
    der::{
        Any, AnyRef, Encode, Tag,
        asn1::{BitStringRef, ObjectIdentifier, UintRef},
    },
    spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef},
};

use crate::{
    forms::NOW,
    hypervisor::{Cbor, Hypervisor},
};

/// An RSA key of 2048 bits.
pub(crate) static RSA_2048: LazyLock<Vec<u8>> = LazyLock::new(|| generated(KeySize::Rsa2048));

#[test]
fn rsa_keys_from_2048_to_4096_bits_are_taken() {
    for (size, bits) in [(KeySize::Rsa2048, 2048), (KeySize::Rsa3072, 3072), (KeySize::Rsa4096, 4096)] {
        assert_eq!(with_key(Some(&generated(size))), Ok(bits));
    }
}

#[test]
fn other_keys_are_not() {
    let unfit = Err(Rejected::UnfitPublicKey);
    for bits in [512, 1024, 2040, 4104, 6144] {
        assert_eq!(with_key(Some(&made_up(bits))), unfit, "{bits}");
    }
    // A made-up key is refused for its size alone.
    assert_eq!(with_key(Some(&made_up(2048))), Ok(2048));
    let curve = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    assert_eq!(with_key(Some(&rcgen::PublicKeyData::subject_public_key_info(&curve))), unfit);
    let trailing = [RSA_2048.as_slice(), &[0]].concat();
    assert_eq!(with_key(Some(&trailing)), unfit);
    // A bare `RSAPublicKey`, as PKCS#1 has it.
    let bare = SubjectPublicKeyInfoRef::try_from(RSA_2048.as_slice()).unwrap();
    assert_eq!(with_key(Some(bare.subject_public_key.raw_bytes())), unfit);
    assert_eq!(with_key(Some(b"key")), unfit);
}

#[test]
fn a_document_without_a_key_is_of_no_use() {
    assert_eq!(with_key(None), Err(Rejected::NoPublicKey));
    let malformed = Err(Rejected::Malformed("public_key"));
    assert_eq!(with_key(Some(&[])), malformed);
    assert_eq!(with_key(Some(&[0; 1025])), malformed);
}

/// The size of the verified document's key, in bits.
fn with_key(key: Option<&[u8]>) -> Result<usize, Rejected> {
    static HYPERVISOR: LazyLock<Hypervisor> = LazyLock::new(|| Hypervisor::at(NOW));
    let mut roots = Roots::none();
    roots.add_pem(HYPERVISOR.root_pem.as_bytes()).unwrap();
    let member = key.map(|key| Cbor::Bytes(key.to_vec()));
    let payload = HYPERVISOR.members(NOW, None).with("public_key", member).payload();
    let verified = verify(&HYPERVISOR.sign(&payload), &roots, NOW)?;
    assert_eq!(Some(verified.public_key.as_slice()), key);
    let key = aws_lc_rs::rsa::PublicEncryptingKey::from_der(&verified.public_key).unwrap();
    Ok(key.key_size_bits())
}

fn generated(size: KeySize) -> Vec<u8> {
    let der: PublicKeyX509Der<'_> = KeyPair::generate(size).unwrap().public_key().as_der().unwrap();
    der.as_ref().to_vec()
}

/// A key of the right form. Its modulus is an odd number of which nobody knows factors.
fn made_up(bits: usize) -> Vec<u8> {
    let (modulus, exponent) = (vec![0xff; bits / 8], 65_537u32);
    let modulus = UintRef::new(&modulus).unwrap();
    let numbers = [modulus.to_der().unwrap(), exponent.to_der().unwrap()].concat();
    let key = Any::new(Tag::Sequence, numbers).unwrap().to_der().unwrap();
    let algorithm = AlgorithmIdentifierRef {
        oid: ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1"),
        parameters: Some(AnyRef::NULL),
    };
    let subject_public_key = BitStringRef::from_bytes(&key).unwrap();
    SubjectPublicKeyInfoRef { algorithm, subject_public_key }.to_der().unwrap()
}
