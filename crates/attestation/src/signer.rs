//! Who signed a document: its certificate, up to a root (RFC 5280, section 6).
//!
//! webpki checks signatures, names, validity, basic constraints and path lengths. It does not look at key usages;
//! of a root it looks only at name and key. The rest is checked here.

use std::time::Duration;

use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath, aws_lc_rs::ECDSA_P384_SHA384};
use x509_cert::{Certificate, der::Decode, ext::pkix};

use crate::{Rejected, Roots};

/// The public key of a certificate that leads to a root.
pub(crate) struct Signer {
    public_key: Vec<u8>,
}

/// `anyExtendedKeyUsage` (RFC 5280, section 4.2.1.12). The hypervisor's certificates name no purpose. A certificate
/// that names purposes, such as TLS, is not for documents, unless it allows any purpose.
const ANY_PURPOSE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];

impl Signer {
    /// Verifies a certificate for a time in milliseconds since 1970. The path may use certificates of the bundle.
    pub(crate) fn verify(
        certificate: &[u8],
        bundle: &[&[u8]],
        roots: &Roots,
        at_ms: u64,
    ) -> Result<Self, Rejected> {
        if roots.is_empty() {
            return Err(Rejected::NoRoots);
        }
        let certificate = CertificateDer::from(certificate);
        let bundle: Vec<CertificateDer<'_>> = bundle.iter().map(|der| CertificateDer::from(*der)).collect();
        let leaf = EndEntityCert::try_from(&certificate).map_err(|error| untrusted(&error))?;
        let path = leaf
            .verify_for_usage(
                &[ECDSA_P384_SHA384],
                roots.anchors(),
                &bundle,
                UnixTime::since_unix_epoch(Duration::from_millis(at_ms)),
                KeyUsage::required_if_present(ANY_PURPOSE),
                None,
                None,
            )
            .map_err(|error| untrusted(&error))?;
        check_usages(&path)?;
        roots.check(path.anchor(), path.intermediate_certificates().count(), at_ms)?;
        Ok(Self { public_key: leaf.subject_public_key_info().as_ref().to_vec() })
    }

    /// The public key as `SubjectPublicKeyInfo` in DER.
    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }
}

/// Checks that each certificate says what it is for: the leaf for signing documents, those above it for signing
/// certificates.
fn check_usages(path: &VerifiedPath<'_>) -> Result<(), Rejected> {
    let leaf = key_usage(&path.end_entity().der());
    if !leaf.is_some_and(|usage| usage.digital_signature()) {
        return Err(Rejected::Untrusted("its key is not for digital signatures".to_owned()));
    }
    let mut issuers = path.intermediate_certificates().map(|issuer| key_usage(&issuer.der()));
    if !issuers.all(|usage| usage.is_some_and(|usage| usage.key_cert_sign())) {
        return Err(Rejected::Untrusted("the key of an issuer is not for certificates".to_owned()));
    }
    Ok(())
}

/// The key usage of a certificate; `None` if it has none, or cannot be read.
pub(crate) fn key_usage(der: &[u8]) -> Option<pkix::KeyUsage> {
    let certificate = Certificate::from_der(der).ok()?;
    certificate.tbs_certificate().get_extension().ok()?.map(|(_, usage)| usage)
}

fn untrusted(error: &webpki::Error) -> Rejected {
    Rejected::Untrusted(error.to_string())
}
