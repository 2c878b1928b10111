//! TLS: what is offered, and the server's certificate.
//!
//! TLS 1.3 and 1.2 by rustls over AWS-LC. The hybrid key exchange X25519MLKEM768 comes first: what is recorded
//! today stays secret from a quantum computer tomorrow. Sessions are not resumed, so no key is kept that could open
//! an earlier one; a handshake costs as much as seven requests, and clients keep their connections.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use handshake::provider;
use rustls::{
    CertificateError, Error, RootCertStore, ServerConfig,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::CryptoProvider,
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer, ServerName, UnixTime,
    pem::{Error as PemError, PemObject},
};

/// A server's side of TLS, with a certificate that can be exchanged while it runs.
#[derive(Clone)]
pub struct Tls {
    server: Arc<ServerConfig>,
    certificate: Arc<Certificate>,
}

/// A certificate and its key, both in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, the server's certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Why TLS cannot be set up.
#[derive(Debug)]
pub enum TlsError {
    /// A file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// A file has nothing in PEM of the kind that is needed.
    NotPem {
        /// The file.
        file: PathBuf,
        /// What it should hold.
        expected: &'static str,
    },
    /// Certificate and key are of no use together.
    Unusable(rustls::Error),
}

impl Tls {
    /// Reads a certificate chain, the server's own first, and its private key, both in PEM.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let provider = Arc::new(provider());
        let certificate = Arc::new(Certificate {
            chain_file: certificate.to_owned(),
            key_file: key.to_owned(),
            current: ArcSwap::from_pointee(certified(certificate, key, &provider)?),
            provider: Arc::clone(&provider),
        });
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unusable)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&certificate) as Arc<dyn ResolvesServerCert>);
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        server.session_storage = Arc::new(NoServerSessionStorage {});
        server.send_tls13_tickets = 0;
        Ok(Self { server: Arc::new(server), certificate })
    }

    /// Reads both files again; new connections get what they hold.
    ///
    /// # Errors
    /// [`TlsError`]; what was read before stays in use.
    pub fn reload(&self) -> Result<(), TlsError> {
        let Certificate { chain_file, key_file, current, provider } = &*self.certificate;
        current.store(Arc::new(certified(chain_file, key_file, provider)?));
        Ok(())
    }

    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.server)
    }
}

/// When a certificate ends, in seconds since 1970; `None` if it never does. The verifier is asked whether it is good
/// in the year 9999, and refuses it with the moment when it was good last.
pub(crate) fn ends(certificate: &CertificateDer<'_>) -> Option<i64> {
    let late = UnixTime::since_unix_epoch(Duration::from_secs(253_402_300_799));
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone().into_owned()).ok()?;
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(provider())).build().ok()?;
    let name = ServerName::try_from("localhost").ok()?;
    match verifier.verify_server_cert(certificate, &[], &name, &[], late) {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            i64::try_from(not_after.as_secs()).ok()
        }
        _ => None,
    }
}

fn certified(
    chain_file: &Path,
    key_file: &Path,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let chain = CertificateDer::pem_file_iter(chain_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unread(chain_file, "certificates", error))?;
    if chain.is_empty() {
        return Err(unread(chain_file, "certificates", PemError::NoItemsFound));
    }
    let key =
        PrivateKeyDer::from_pem_file(key_file).map_err(|error| unread(key_file, "a private key", error))?;
    CertifiedKey::from_der(chain, key, provider).map_err(TlsError::Unusable)
}

/// What the PEM parser says of a bad line may quote it; it stays here.
fn unread(file: &Path, expected: &'static str, error: PemError) -> TlsError {
    match error {
        PemError::Io(error) => TlsError::Unreadable(file.to_owned(), error),
        _ => TlsError::NotPem { file: file.to_owned(), expected },
    }
}

struct Certificate {
    chain_file: PathBuf,
    key_file: PathBuf,
    current: ArcSwap<CertifiedKey>,
    provider: Arc<CryptoProvider>,
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.load_full())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("chain_file", &self.chain_file).finish_non_exhaustive()
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(file, error) => write!(f, "`{}` cannot be read: {error}", file.display()),
            Self::NotPem { file, expected } => {
                write!(f, "`{}` does not hold {expected} in PEM", file.display())
            }
            Self::Unusable(error) => write!(f, "the TLS certificate and key cannot be used: {error}"),
        }
    }
}

impl std::error::Error for TlsError {}
