//! Public keys of others, as `SubjectPublicKeyInfo` in DER (RFC 5280, 4.1.2.7).

use pkcs8::ObjectIdentifier;
use pkcs8::der::Decode;
use pkcs8::spki::SubjectPublicKeyInfoRef;

/// The point of a key on the named curve (RFC 5480), in SEC 1's form, not yet checked to be on it. Compressed and
/// uncompressed points are taken; explicit curve parameters, hybrid points, infinity and trailing bytes are not.
pub(crate) fn ec_point(der: &[u8], curve: ObjectIdentifier) -> Option<&[u8]> {
    let key = SubjectPublicKeyInfoRef::from_der(der).ok()?;
    let named = key.algorithm.parameters_oid().ok()?;
    let point = key.subject_public_key.as_bytes()?;
    let form = matches!(point.first()?, 0x02..=0x04);
    (key.algorithm.oid == EC_PUBLIC_KEY && named == curve && form).then_some(point)
}

/// `id-ecPublicKey` (RFC 5480, 2.1.1).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
