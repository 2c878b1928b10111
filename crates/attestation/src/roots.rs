//! The roots that documents have to lead to.

use std::{error::Error, fmt, ops::RangeInclusive};

use rustls_pki_types::{CertificateDer, TrustAnchor, pem::PemObject};
use webpki::anchor_from_trusted_cert;
use x509_cert::{
    Certificate,
    der::{Decode, asn1::ObjectIdentifier},
    ext::pkix,
};

use crate::Rejected;

/// The roots that documents have to lead to.
#[derive(Debug, Clone, Default)]
pub struct Roots {
    anchors: Vec<TrustAnchor<'static>>,
    limits: Vec<Limits>,
}

/// What a root's own certificate says of its use.
#[derive(Debug, Clone)]
struct Limits {
    valid_ms: RangeInclusive<u64>,
    /// How many authorities may stand between the root and a signer.
    path_length: Option<u8>,
}

/// Why a certificate is no root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotARoot {
    /// There is no certificate in the text.
    NoCertificate,
    /// A certificate is not read.
    Malformed,
    /// It is no authority for certificates, by its basic constraints and its key usage.
    NoAuthority,
    /// Its key is not on P-384. All signatures of a document, up to the root, are on this curve.
    OtherCurve,
}

/// Root G1 of AWS's Nitro attestation, of the partition `aws`. The SHA-256 of its DER is, by AWS's documentation,
/// `641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b`.
/// <https://docs.aws.amazon.com/enclaves/latest/user/verify-root.html>
const AWS: &[u8] = include_bytes!("aws-nitro-enclaves-g1.pem");

/// `secp384r1` (RFC 5480, section 2.1.1.1).
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

impl Roots {
    /// No roots: every document is rejected.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// AWS's root for Nitro enclaves and NitroTPM.
    ///
    /// # Errors
    /// Never: a test reads the root.
    pub fn aws() -> Result<Self, NotARoot> {
        let mut roots = Self::none();
        roots.add_pem(AWS)?;
        Ok(roots)
    }

    /// Adds the certificates of a PEM text.
    ///
    /// # Errors
    /// [`NotARoot`] for the first certificate that is no root; nothing is added then.
    pub fn add_pem(&mut self, pem: &[u8]) -> Result<(), NotARoot> {
        let mut added = Self::none();
        for der in CertificateDer::pem_slice_iter(pem) {
            let der = der.map_err(|_| NotARoot::Malformed)?;
            added.limits.push(Limits::of(&der)?);
            added.anchors.push(anchor_from_trusted_cert(&der).map_err(|_| NotARoot::Malformed)?.to_owned());
        }
        if added.is_empty() {
            return Err(NotARoot::NoCertificate);
        }
        self.add(added);
        Ok(())
    }

    /// Adds other roots.
    pub fn add(&mut self, others: Self) {
        self.anchors.extend(others.anchors);
        self.limits.extend(others.limits);
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    pub(crate) fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.anchors
    }

    /// Checks a path with this many authorities below the root against what the root's own certificate says.
    pub(crate) fn check(
        &self,
        anchor: &TrustAnchor<'_>,
        authorities: usize,
        at_ms: u64,
    ) -> Result<(), Rejected> {
        let untrusted = |why: &str| Err(Rejected::Untrusted(why.to_owned()));
        let mut named =
            self.anchors.iter().zip(&self.limits).filter(|(known, _)| *known == anchor).peekable();
        if named.peek().is_none() {
            return untrusted("its root is not known");
        }
        let in_limits = |limits: &Limits| {
            limits.valid_ms.contains(&at_ms)
                && limits.path_length.is_none_or(|most| usize::from(most) >= authorities)
        };
        // A root may have been issued again with the same key.
        if named.any(|(_, limits)| in_limits(limits)) {
            Ok(())
        } else {
            untrusted("its root is not valid for it")
        }
    }
}

impl Limits {
    fn of(der: &[u8]) -> Result<Self, NotARoot> {
        let certificate = Certificate::from_der(der).map_err(|_| NotARoot::Malformed)?;
        let certificate = certificate.tbs_certificate();
        let curve = certificate.subject_public_key_info().algorithm.parameters.as_ref();
        if curve.and_then(|curve| curve.decode_as().ok()) != Some(P384) {
            return Err(NotARoot::OtherCurve);
        }
        let constraints = certificate.get_extension::<pkix::BasicConstraints>();
        let usage = certificate.get_extension::<pkix::KeyUsage>();
        match (constraints, usage) {
            (Ok(Some((_, constraints))), Ok(Some((_, usage)))) if constraints.ca && usage.key_cert_sign() => {
                let validity = certificate.validity();
                let ms = |time: x509_cert::time::Time| {
                    u64::try_from(time.to_unix_duration().as_millis()).unwrap_or(u64::MAX)
                };
                let valid_ms = ms(validity.not_before)..=ms(validity.not_after);
                Ok(Self { valid_ms, path_length: constraints.path_len_constraint })
            }
            (Ok(_), Ok(_)) => Err(NotARoot::NoAuthority),
            _ => Err(NotARoot::Malformed),
        }
    }
}

impl fmt::Display for NotARoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCertificate => "there is no certificate in PEM in it",
            Self::Malformed => "a certificate in it cannot be read",
            Self::NoAuthority => "a certificate in it is not one of an authority for certificates",
            Self::OtherCurve => "the key of a certificate in it is not on the curve P-384",
        })
    }
}

impl Error for NotARoot {}
