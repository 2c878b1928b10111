//! Connections that are opened from here: to identity providers and buckets, if the configuration says so, and to the security
//! token service for `keywright credentials`. One request and one answer each, bounded in time and size; nobody is followed
//! elsewhere. Connections to receivers of events stay, and a [`Pool`] keeps connections from one request to the next;
//! [`Streams`] does so for bodies of any length. What is not encrypted stays on this machine.

mod own;
mod pool;
pub mod profiles;
mod streams;

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header::HOST};
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

pub use own::OwnCredentials;
pub use pool::Pool;
pub use streams::{OpenStream, Streams};

/// Bytes of an answer: an issuer's documents, temporary credentials.
/// The key sets of large providers have some 10 KiB.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Time for an answer, from the look-up of the name to the last byte. Clients that wait for it wait longer.
const ANSWER_TIME: Duration = Duration::from_secs(5);

/// A connection that was idle for longer is not used again: somebody on the way may have forgotten it.
const IDLE_TIME: Duration = Duration::from_secs(50);

/// Opens connections.
#[derive(Clone)]
pub struct Outbound {
    tls: TlsConnector,
}

/// A connection that stays: what is written and read there is its user's.
pub trait OpenConnection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> OpenConnection for S {}

/// Why there is no answer.
#[derive(Debug)]
pub enum OutboundError {
    /// The CAs to trust cannot be read.
    Roots(PathBuf, String),
    /// The URL is none that is connected to.
    Url,
    /// The other side is not reached, or its certificate is not trusted.
    Connect(io::Error),
    /// What it says is no HTTP, or longer than 256 KiB.
    Answer(String),
    /// It did not answer within this time.
    TimedOut(Duration),
}

impl Outbound {
    /// Trusts the CAs in a file in PEM, else those of the system.
    ///
    /// # Errors
    /// [`OutboundError::Roots`].
    pub fn new(ca_file: Option<&Path>) -> Result<Self, OutboundError> {
        let unusable =
            |error: String| OutboundError::Roots(ca_file.map(Path::to_owned).unwrap_or_default(), error);
        let certificates: Vec<CertificateDer<'_>> = match ca_file {
            Some(file) => CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect)
                .map_err(|_| unusable("it cannot be read as certificates in PEM".to_owned()))?,
            None => rustls_native_certs::load_native_certs().certs,
        };
        let mut roots = RootCertStore::empty();
        // A machine without CAs of its own can still talk to itself.
        if roots.add_parsable_certificates(certificates).0 == 0 && ca_file.is_some() {
            return Err(unusable("there are no certificates".to_owned()));
        }
        let client = ClientConfig::builder_with_provider(Arc::new(handshake::provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| unusable(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(client)) })
    }

    /// Sends a request to the place that its URI names, and returns the answer, whatever its status.
    ///
    /// # Errors
    /// All but [`OutboundError::Roots`].
    pub async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, OutboundError> {
        self.send_within(ANSWER_TIME, request).await
    }

    /// The same, with another time for the answer: for whoever sends much.
    ///
    /// # Errors
    /// As [`Outbound::send`].
    pub async fn send_within(
        &self,
        time: Duration,
        request: Request<Bytes>,
    ) -> Result<Response<Bytes>, OutboundError> {
        tokio::time::timeout(time, self.exchange(request)).await.map_err(|_| OutboundError::TimedOut(time))?
    }

    /// Opens a connection over TLS, and verifies that the other side is `host`.
    ///
    /// # Errors
    /// [`OutboundError::Connect`], [`OutboundError::TimedOut`]; [`OutboundError::Url`] if `host` is no name and no address.
    pub async fn open(&self, host: &str, port: u16) -> Result<Box<dyn OpenConnection>, OutboundError> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| OutboundError::Url)?;
        let opened = async {
            let stream = connect(host, port).await?;
            self.tls.connect(name, stream).await.map_err(OutboundError::Connect)
        };
        let stream = tokio::time::timeout(ANSWER_TIME, opened)
            .await
            .map_err(|_| OutboundError::TimedOut(ANSWER_TIME))??;
        Ok(Box::new(stream))
    }

    async fn exchange(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, OutboundError> {
        let uri = request.uri().clone();
        let authority = uri.authority().ok_or(OutboundError::Url)?;
        let authority = HeaderValue::from_str(authority.as_str()).map_err(|_| OutboundError::Url)?;
        request.headers_mut().insert(HOST, authority);
        let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        *request.uri_mut() = path.parse().map_err(|_| OutboundError::Url)?;
        over(TokioIo::new(self.open_to(&uri).await?), request).await
    }

    /// Whether connections to the place that a URI names are opened.
    fn may_open(place: &Uri) -> Result<(), OutboundError> {
        match place.scheme_str() {
            Some("https") => Ok(()),
            Some("http") if is_local(place) => Ok(()),
            _ => Err(OutboundError::Url),
        }
    }

    /// The value of the header `host` of requests to the place that a URI names, if connections to it are opened.
    fn host_to(place: &Uri) -> Result<HeaderValue, OutboundError> {
        Self::may_open(place)?;
        let authority = place.authority().ok_or(OutboundError::Url)?;
        HeaderValue::from_str(authority.as_str()).map_err(|_| OutboundError::Url)
    }

    /// Opens a connection to the place that a URI names.
    async fn open_to(&self, place: &Uri) -> Result<Box<dyn OpenConnection>, OutboundError> {
        Self::may_open(place)?;
        let host = place.host().ok_or(OutboundError::Url)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if place.scheme_str() == Some("http") {
            return Ok(Box::new(connect(host, place.port_u16().unwrap_or(80)).await?));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| OutboundError::Url)?;
        let stream = connect(host, place.port_u16().unwrap_or(443)).await?;
        Ok(Box::new(self.tls.connect(name, stream).await.map_err(OutboundError::Connect)?))
    }
}

/// Whether a URI names this machine: a loopback address. A name is none, since what it means is decided elsewhere.
#[must_use]
pub fn is_local(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

/// The text of the first element of this name in XML, where the element holds text alone.
#[must_use]
pub fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

/// Opens a connection without TLS, to this machine.
///
/// # Errors
/// [`OutboundError::Connect`], [`OutboundError::TimedOut`]; [`OutboundError::Url`] for any address but a loopback one.
pub async fn open_local(address: SocketAddr) -> Result<Box<dyn OpenConnection>, OutboundError> {
    if !address.ip().to_canonical().is_loopback() {
        return Err(OutboundError::Url);
    }
    let opened = TcpStream::connect(address);
    let stream =
        tokio::time::timeout(ANSWER_TIME, opened).await.map_err(|_| OutboundError::TimedOut(ANSWER_TIME))?;
    Ok(Box::new(stream.map_err(OutboundError::Connect)?))
}

async fn connect(host: &str, port: u16) -> Result<TcpStream, OutboundError> {
    let stream = TcpStream::connect((host, port)).await.map_err(OutboundError::Connect)?;
    // Head and body may go in two writes, and the second must not wait for the first one's receipt.
    stream.set_nodelay(true).map_err(OutboundError::Connect)?;
    Ok(stream)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` calls")]
fn no_http(error: hyper::Error) -> OutboundError {
    OutboundError::Answer(error.to_string())
}

async fn over(
    stream: TokioIo<Box<dyn OpenConnection>>,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, OutboundError> {
    let (mut sender, connection) = http1::handshake(stream).await.map_err(no_http)?;
    Ok(answered(&mut sender, connection, request).await?.map(Collected::to_bytes))
}

/// Sends a request, and drives the connection until the answer is there.
async fn answered(
    sender: &mut SendRequest<Full<Bytes>>,
    connection: impl Future,
    request: Request<Bytes>,
) -> Result<Response<Collected<Bytes>>, OutboundError> {
    let exchange = async {
        sender.ready().await.map_err(no_http)?;
        let answer = sender.send_request(request.map(Full::new)).await.map_err(no_http)?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        Ok(Response::from_parts(head, body.map_err(|error| OutboundError::Answer(error.to_string()))?))
    };
    tokio::pin!(exchange);
    tokio::select! {
        biased;
        answer = &mut exchange => answer,
        _ = connection => exchange.await,
    }
}

impl fmt::Display for OutboundError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Roots(file, why) => write!(f, "CAs to trust in `{}`: {why}", file.display()),
            Self::Url => f.write_str("the URL is not `https`, nor `http` on a loopback address"),
            Self::Connect(error) => write!(f, "no connection: {error}"),
            Self::Answer(why) => write!(f, "no answer that can be read: {why}"),
            Self::TimedOut(time) => write!(f, "no answer within {} s", time.as_secs()),
        }
    }
}

impl std::error::Error for OutboundError {}
