//! Keys of others and for others, in DER: `SubjectPublicKeyInfo` (RFC 5280, 4.1.2.7), PKCS#8 (RFC 5958).

use pkcs8::der::asn1::BitStringRef;
use pkcs8::der::{Decode, Encode};
use pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};

/// The point of a key on the named curve (RFC 5480), in SEC 1's form, not yet checked to be on it. Compressed and
/// uncompressed points are taken; explicit curve parameters, hybrid points, infinity and trailing bytes are not.
pub(crate) fn ec_point(der: &[u8], curve: ObjectIdentifier) -> Option<&[u8]> {
    let key = SubjectPublicKeyInfoRef::from_der(der).ok()?;
    let point = key.subject_public_key.as_bytes()?;
    let form = matches!(point.first()?, 0x02..=0x04);
    (names(&key.algorithm, curve) && form).then_some(point)
}

/// Whether these bytes are PKCS#8 and nothing follows. AWS-LC's parsers do not look at what follows.
pub(crate) fn is_pkcs8(der: &[u8]) -> bool {
    PrivateKeyInfoRef::from_der(der).is_ok()
}

/// Whether a PKCS#8 key is on the named curve.
pub(crate) fn names_curve(pkcs8: &[u8], curve: ObjectIdentifier) -> bool {
    PrivateKeyInfoRef::from_der(pkcs8).is_ok_and(|key| names(&key.algorithm, curve))
}

/// A public key of an algorithm without parameters.
pub(crate) fn raw(algorithm: ObjectIdentifier, key: &[u8]) -> Option<Vec<u8>> {
    let key = SubjectPublicKeyInfoRef {
        algorithm: AlgorithmIdentifierRef { oid: algorithm, parameters: None },
        subject_public_key: BitStringRef::from_bytes(key).ok()?,
    };
    key.to_der().ok()
}

fn names(algorithm: &AlgorithmIdentifierRef<'_>, curve: ObjectIdentifier) -> bool {
    algorithm.oid == EC_PUBLIC_KEY && algorithm.parameters_oid() == Ok(curve)
}

/// `id-ecPublicKey` (RFC 5480, 2.1.1).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
