//! A certificate authority of the deployment's own, and server certificates from it.
//!
//! ```text
//! DATA_DIR/tls/ca.pem       what clients are told to trust
//!              ca.key       to issue again from; readable by the owner only
//!              server.pem   what the server shows
//!              server.key
//! ```
//! Whoever trusts the CA trusts it for the names it was made for and for nothing else: it says so itself, in a
//! critical extension (RFC 5280 §4.2.1.10), so that the theft of its key does not open the rest of the web. What
//! has been issued is verified as a client would before it is written.

mod name;

use std::{
    fmt, fs, io,
    io::Write,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, PublicKeyData,
};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
};
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject};
use time::OffsetDateTime;
use zeroize::Zeroizing;

pub use self::name::{Name, NotAName};
use crate::tls::{self, TlsFiles};

/// What [`issue`] left in the data directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The file with the CA certificate, for clients to trust.
    pub ca: PathBuf,
    /// What is in it.
    pub ca_pem: String,
    /// Whether the CA is new.
    pub ca_is_new: bool,
    /// The server's certificate and key.
    pub server: TlsFiles,
    /// When the server's certificate ends, in seconds since 1970.
    pub ends: i64,
}

/// Why no certificate was issued. What was there before is unchanged.
#[derive(Debug)]
pub enum CertificateError {
    /// There is no name to issue for.
    NoNames,
    /// A file cannot be read or written.
    File(PathBuf, io::Error),
    /// The CA's files are not what this program wrote.
    OtherCa(PathBuf),
    /// The CA was made for other names.
    NotPermitted(Name),
    /// The CA's own time is over.
    CaEnded,
    /// A key or certificate could not be made.
    Failed(String),
}

const CA_DAYS: i64 = 3652;
/// The longest that all clients accept from a private CA; some of Apple's stop there.
const SERVER_DAYS: i64 = 825;
/// Clients' clocks may be behind.
const BACKDATED_SECS: i64 = 3600;

/// Where a data directory has its server certificate, whether it exists or not.
#[must_use]
pub fn server_files(data_dir: &Path) -> TlsFiles {
    let directory = data_dir.join("tls");
    TlsFiles { certificate: directory.join("server.pem"), key: directory.join("server.key") }
}

/// Issues a server certificate for `names`, from the data directory's CA, which is made for these names if there
/// is none. `now` is in seconds since 1970. ECDSA on P-256 throughout.
///
/// # Errors
/// [`CertificateError`].
pub fn issue(data_dir: &Path, names: &[Name], now: i64) -> Result<Issued, CertificateError> {
    let Some(first) = names.first() else { return Err(CertificateError::NoNames) };
    let directory = data_dir.join("tls");
    let (ca_file, ca_key_file) = (directory.join("ca.pem"), directory.join("ca.key"));
    let existing = match (ca_file.exists(), ca_key_file.exists()) {
        (true, true) => Some(read_ca(&ca_file, &ca_key_file)?),
        (false, false) => None,
        _ => return Err(CertificateError::OtherCa(directory)),
    };
    let ca_is_new = existing.is_none();
    let ca = match existing {
        Some(ca) => ca,
        None => new_ca(names, now)?,
    };
    let key = KeyPair::generate().map_err(failed)?;
    let ca_ends = tls::ends(&ca.certificate).unwrap_or(i64::MAX);
    let ends = now.saturating_add(SERVER_DAYS * DAY_SECS).min(ca_ends);
    if ends <= now {
        return Err(CertificateError::CaEnded);
    }
    let mut params = params(now, ends)?;
    params.distinguished_name.push(DnType::CommonName, "Keywright server");
    params.subject_alt_names = names.iter().map(Name::san).collect::<Result<_, _>>().map_err(failed)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let certificate = params.signed_by(&key, &ca.issuer).map_err(failed)?;
    verify(&ca.certificate, certificate.der(), names, now, first)?;

    let files = server_files(data_dir);
    make_private(&directory)?;
    if ca_is_new {
        let ca_key = Zeroizing::new(ca.issuer.key().serialize_pem());
        write(&ca_key_file, ca_key.as_bytes(), PRIVATE)?;
        write(&ca_file, ca.pem.as_bytes(), PUBLIC)?;
    }
    write(&files.key, Zeroizing::new(key.serialize_pem()).as_bytes(), PRIVATE)?;
    write(&files.certificate, certificate.pem().as_bytes(), PUBLIC)?;
    Ok(Issued { ca: ca_file, ca_pem: ca.pem, ca_is_new, server: files, ends })
}

struct Ca {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

fn new_ca(names: &[Name], now: i64) -> Result<Ca, CertificateError> {
    let key = KeyPair::generate().map_err(failed)?;
    let mut params = params(now, now.saturating_add(CA_DAYS * DAY_SECS))?;
    params.distinguished_name = ca_name(&key);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = CA_USAGES.to_vec();
    params.name_constraints = Some(constraints(names));
    let certificate = params.self_signed(&key).map_err(failed)?;
    Ok(Ca { pem: certificate.pem(), certificate: certificate.into(), issuer: Issuer::new(params, key) })
}

fn read_ca(file: &Path, key_file: &Path) -> Result<Ca, CertificateError> {
    let read = |file: &Path| {
        fs::read_to_string(file).map_err(|error| CertificateError::File(file.to_owned(), error))
    };
    let other = |file: &Path| CertificateError::OtherCa(file.to_owned());
    let pem = read(file)?;
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| other(file))?;
    let key = Zeroizing::new(read(key_file)?);
    let key = KeyPair::from_pem(&key).map_err(|_| other(key_file))?;
    let mut params = CertificateParams::default();
    params.distinguished_name = ca_name(&key);
    params.key_usages = CA_USAGES.to_vec();
    Ok(Ca { issuer: Issuer::new(params, key), certificate, pem })
}

const CA_USAGES: [KeyUsagePurpose; 2] = [KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];

/// Two CAs must not share a name, and it must follow from the key, to issue again.
fn ca_name(key: &KeyPair) -> DistinguishedName {
    use aws_lc_rs::digest::{SHA256, digest};
    let print = digest(&SHA256, &key.subject_public_key_info());
    let print = base16ct::lower::encode_string(print.as_ref().first_chunk::<4>().unwrap_or(&[0; 4]));
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, format!("Keywright local CA {print}"));
    name
}

/// The names, and of the kind of name that is not among them none at all: a constraint on one kind leaves the
/// other free. The forms are those of the CA/Browser Forum's Baseline Requirements §7.1.2.5.2.
fn constraints(names: &[Name]) -> NameConstraints {
    let permitted_subtrees: Vec<_> = names.iter().map(Name::subtree).collect();
    let mut excluded_subtrees = Vec::new();
    if !names.iter().any(|name| matches!(name, Name::Host(_))) {
        excluded_subtrees.push(GeneralSubtree::DnsName(String::new()));
    }
    if !names.iter().any(|name| matches!(name, Name::Address(_))) {
        excluded_subtrees.push(GeneralSubtree::IpAddress(CidrSubnet::V4([0; 4], [0; 4])));
        excluded_subtrees.push(GeneralSubtree::IpAddress(CidrSubnet::V6([0; 16], [0; 16])));
    }
    NameConstraints { permitted_subtrees, excluded_subtrees }
}

const DAY_SECS: i64 = 24 * 60 * 60;

fn params(now: i64, ends: i64) -> Result<CertificateParams, CertificateError> {
    let moment = |secs| OffsetDateTime::from_unix_timestamp(secs).map_err(failed);
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = moment(now.saturating_sub(BACKDATED_SECS))?;
    params.not_after = moment(ends)?;
    Ok(params)
}

/// As a client would, for each name: also shows whether an existing CA was made for these.
fn verify(
    ca: &CertificateDer<'static>,
    certificate: &CertificateDer<'static>,
    names: &[Name],
    now: i64,
    first: &Name,
) -> Result<(), CertificateError> {
    let not_permitted = |name: &Name| CertificateError::NotPermitted(name.clone());
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone()).map_err(|_| not_permitted(first))?;
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(handshake::provider()));
    let verifier = verifier.build().map_err(failed)?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now).unwrap_or(0)));
    for name in names {
        let verified =
            verifier.verify_server_cert(certificate, &[], &name.server_name().map_err(failed)?, &[], now);
        verified.map_err(|_| not_permitted(name))?;
    }
    Ok(())
}

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

fn make_private(directory: &Path) -> Result<(), CertificateError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(|error| CertificateError::File(directory.to_owned(), error))
}

/// Writes a file so that it is there in full or not at all, and never readable by more than `mode` says.
fn write(file: &Path, content: &[u8], mode: u32) -> Result<(), CertificateError> {
    let written = || -> io::Result<()> {
        let new = file.with_extension("new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
        out.write_all(content)?;
        out.sync_all()?;
        fs::rename(&new, file)
    };
    written().map_err(|error| CertificateError::File(file.to_owned(), error))
}

const ANOTHER_CA: &str =
    "to make another one, remove `ca.pem` and `ca.key`, and give the new `ca.pem` to every client";

fn failed(error: impl fmt::Display) -> CertificateError {
    CertificateError::Failed(error.to_string())
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNames => f.write_str("there is no name to issue a certificate for"),
            Self::File(file, error) => write!(f, "`{}`: {error}", file.display()),
            Self::OtherCa(file) => {
                write!(f, "`{}` is not the CA that `keywright init --tls` made", file.display())
            }
            Self::NotPermitted(name) => {
                write!(f, "the CA does not vouch for `{name}`, it was made for other names; {ANOTHER_CA}")
            }
            Self::CaEnded => write!(f, "the CA has ended; {ANOTHER_CA}"),
            Self::Failed(reason) => write!(f, "the certificate could not be made: {reason}"),
        }
    }
}

impl std::error::Error for CertificateError {}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn names(list: &[&str]) -> Vec<Name> {
        list.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn a_chain_is_issued_and_issued_again_from_the_same_ca() {
        let data = tempfile::tempdir().unwrap();
        let names = names(&["kms.test", "10.0.0.7", "::1"]);
        let first = issue(data.path(), &names, NOW).unwrap();
        assert!(first.ca_is_new);
        assert_eq!(first.ends, NOW + 825 * DAY_SECS);
        let ca = fs::read(&first.ca).unwrap();
        let server = fs::read(&first.server.certificate).unwrap();
        let again = issue(data.path(), &names[..1], NOW + 100 * DAY_SECS).unwrap();
        assert!(!again.ca_is_new);
        assert_eq!(fs::read(&again.ca).unwrap(), ca);
        assert_ne!(fs::read(&again.server.certificate).unwrap(), server);
        tls::Tls::load(&again.server.certificate, &again.server.key).unwrap();
    }

    #[test]
    fn keys_are_for_their_owner_only() {
        let data = tempfile::tempdir().unwrap();
        let issued = issue(data.path(), &names(&["kms.test"]), NOW).unwrap();
        let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data.path().join("tls")), 0o700);
        assert_eq!(mode(&data.path().join("tls/ca.key")), 0o600);
        assert_eq!(mode(&issued.server.key), 0o600);
        let files: Vec<_> = fs::read_dir(data.path().join("tls")).unwrap().collect();
        assert_eq!(files.len(), 4, "nothing is left over");
    }

    #[test]
    fn the_ca_vouches_for_its_names_and_no_others() {
        for (made_for, refused) in [
            (&["kms.test"][..], &["other.test", "test", "10.0.0.7", "::1"][..]),
            (&["10.0.0.7"][..], &["kms.test", "10.0.0.8", "::1"][..]),
            (&["kms.test", "::1"][..], &["other.test", "10.0.0.7", "::2"][..]),
        ] {
            let data = tempfile::tempdir().unwrap();
            issue(data.path(), &names(made_for), NOW).unwrap();
            let before = fs::read(server_files(data.path()).certificate).unwrap();
            for name in refused {
                let refusal = issue(data.path(), &names(&[name]), NOW).unwrap_err();
                assert!(
                    matches!(refusal, CertificateError::NotPermitted(_)),
                    "{made_for:?} {name}: {refusal}"
                );
            }
            assert_eq!(fs::read(server_files(data.path()).certificate).unwrap(), before);
        }
    }

    #[test]
    fn a_ca_ends_and_a_broken_one_is_not_used() {
        let data = tempfile::tempdir().unwrap();
        let names = names(&["kms.test"]);
        issue(data.path(), &names, NOW).unwrap();
        let ca_ends = NOW + CA_DAYS * DAY_SECS;
        let last = issue(data.path(), &names, ca_ends - DAY_SECS).unwrap();
        assert_eq!(last.ends, ca_ends, "it does not outlive its CA");
        let shown = CertificateDer::from_pem_file(&last.server.certificate).unwrap();
        assert_eq!(tls::ends(&shown), Some(ca_ends));
        assert!(matches!(issue(data.path(), &names, ca_ends + 1), Err(CertificateError::CaEnded)));
        let key_file = data.path().join("tls/ca.key");
        fs::write(&key_file, KeyPair::generate().unwrap().serialize_pem()).unwrap();
        assert!(matches!(issue(data.path(), &names, NOW), Err(CertificateError::NotPermitted(_))));
        fs::write(&key_file, "no key").unwrap();
        assert!(matches!(issue(data.path(), &names, NOW), Err(CertificateError::OtherCa(_))));
        fs::remove_file(&key_file).unwrap();
        assert!(matches!(issue(data.path(), &names, NOW), Err(CertificateError::OtherCa(_))));
        assert!(matches!(issue(data.path(), &[], NOW), Err(CertificateError::NoNames)));
    }
}
