//! Connections: HTTP/1.1, plain on loopback or over TLS.

use std::{error::Error, io::BufReader, net::SocketAddr, path::Path, pin::pin, sync::Arc, time::Duration};

use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use s3::{Entrance, GatewayMetrics, Pages, Peer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// Connections at a time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 4096;
/// How long a head may take.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// How long a handshake of TLS may take.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// How long requests may go on after a signal to end.
const END_WITHIN: Duration = Duration::from_secs(20);

/// TLS with a certificate.
pub(crate) fn tls(certificate: &Path, key: &Path) -> Result<TlsAcceptor, Box<dyn Error>> {
    let chain = CertificateDer::pem_reader_iter(BufReader::new(std::fs::File::open(certificate)?));
    let chain = chain.collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_file(key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What is listened for.
pub(crate) struct ListenOptions {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<TlsAcceptor>,
    /// The pages for monitoring, and where they are.
    pub(crate) pages: Option<(SocketAddr, Pages)>,
}

/// Serves until a signal ends it, and then lets what is under way come to its end.
pub(crate) async fn serve(
    ListenOptions { address, tls, pages }: ListenOptions,
    entrance: Arc<Entrance>,
    metrics: Arc<GatewayMetrics>,
    kms: &str,
) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(address).await?;
    if let Some((address, pages)) = pages {
        let listener = TcpListener::bind(address).await?;
        tracing::info!("metrics and readiness at http://{}", listener.local_addr()?);
        tokio::spawn(show(listener, Arc::new(pages)));
    }
    let address = listener.local_addr()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    // Whoever reads that it listens may end it.
    let (mut terminated, mut interrupted) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tracing::info!("listening on {scheme}://{address}, keys at {kms}");
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let (end, ending) = watch::channel(false);
    let mut connections = JoinSet::new();
    loop {
        let next = async { (Arc::clone(&room).acquire_owned().await, listener.accept().await) };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            _ = terminated.recv() => break,
            _ = interrupted.recv() => break,
        };
        let permit = permit?;
        while connections.try_join_next().is_some() {}
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // It fails when the client has gone already.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let (entrance, tls, ending) = (Arc::clone(&entrance), tls.clone(), ending.clone());
        let counted = metrics.connection();
        connections.spawn(async move {
            let _counted = counted;
            let peer = Peer { address: peer.ip(), secure: tls.is_some() };
            match tls {
                None => answer(stream, (peer, entrance), ending, permit).await,
                Some(tls) => {
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await {
                        answer(stream, (peer, entrance), ending, permit).await;
                    }
                }
            }
        });
    }
    tracing::info!("ending");
    end.send_replace(true);
    let _ =
        tokio::time::timeout(END_WITHIN, async { while connections.join_next().await.is_some() {} }).await;
    Ok(())
}

/// Answers a connection's requests. At the end of the gateway, a connection that waits for a request is closed, and another one
/// after its answer.
async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    (peer, entrance): (Peer, Arc<Entrance>),
    mut ending: watch::Receiver<bool>,
    _room: OwnedSemaphorePermit,
) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let entrance = Arc::clone(&entrance);
        async move { Ok::<_, std::convert::Infallible>(entrance.answer(request, peer).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(256 * 1024);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = async { drop(ending.wait_for(|ending| *ending).await) } => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Answers the pages for monitoring, until the process ends.
async fn show(listener: TcpListener, pages: Arc<Pages>) {
    let room = Arc::new(Semaphore::new(PAGES_MAX));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
        let Ok((stream, peer)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let pages = Arc::clone(&pages);
        tokio::spawn(async move {
            let _permit = permit;
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                let pages = Arc::clone(&pages);
                async move {
                    Ok::<_, std::convert::Infallible>(pages.answer(&request.into_parts().0, peer.ip()).await)
                }
            });
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(16 * 1024);
            drop(
                tokio::time::timeout(PAGES_WITHIN, builder.serve_connection(TokioIo::new(stream), service))
                    .await,
            );
        });
    }
}

/// Connections of monitoring at a time, and how long each is served.
const PAGES_MAX: usize = 16;
const PAGES_WITHIN: Duration = Duration::from_secs(300);
