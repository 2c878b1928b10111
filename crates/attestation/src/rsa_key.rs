//! The public key that a document carries.

use aws_lc_rs::rsa::PublicEncryptingKey;
use x509_cert::{
    der::{Decode, asn1::ObjectIdentifier},
    spki::SubjectPublicKeyInfoRef,
};

use crate::{RSA_BITS, Rejected};

/// `rsaEncryption` (RFC 8017, appendix A.1).
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// Checks that secrets can be encrypted to a key. AWS-LC checks the key's numbers, but is not strict about the
/// bytes around them.
pub(crate) fn check(public_key: Option<&[u8]>) -> Result<&[u8], Rejected> {
    let der = public_key.ok_or(Rejected::NoPublicKey)?;
    let named = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| Rejected::UnfitPublicKey)?;
    let key = PublicEncryptingKey::from_der(der).map_err(|_| Rejected::UnfitPublicKey)?;
    let fit = named.algorithm.oid == RSA && RSA_BITS.contains(&key.key_size_bits());
    if fit { Ok(der) } else { Err(Rejected::UnfitPublicKey) }
}
