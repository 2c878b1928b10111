//! What the S3 gateway is compared with: hyper alone, which moves files and knows nothing of S3, and the S3 server of the
//! library that the gateway takes its shapes from.

use std::{
    convert::Infallible,
    io::ErrorKind,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Empty, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response,
    body::{Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::{TcpListener, TcpStream};

use crate::Result;

/// Bytes that are read of a file at a time, as many as a chunk of a sealed object has.
const PIECE_BYTES: usize = 64 * 1024;

type Answer = Response<UnsyncBoxBody<Bytes, std::io::Error>>;

/// Serves the files of a directory until killed, and writes what is put. Prints the port it listens on.
pub(crate) async fn files(directory: PathBuf) -> Result<()> {
    let directory: Arc<Path> = directory.into();
    accept(|stream| {
        let directory = Arc::clone(&directory);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(Arc::clone(&directory), request));
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    })
    .await
}

/// Serves the directories of a directory as buckets until killed, to one access key. Prints the port it listens on.
pub(crate) async fn s3s_fs(directory: &Path, access_key: &str, secret: &str) -> Result<()> {
    let files = FileSystem::new(directory).map_err(|error| format!("{error:?}"))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(access_key, secret));
    let service = service.build();
    accept(|stream| {
        let service = service.clone();
        tokio::spawn(async move {
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    })
    .await
}

async fn accept(serve: impl Fn(TcpStream)) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        serve(stream);
    }
}

async fn answer(directory: Arc<Path>, request: Request<Incoming>) -> std::result::Result<Answer, Infallible> {
    let path = directory.join(request.uri().path().trim_start_matches('/'));
    let answered = match *request.method() {
        Method::PUT => put(&path, request.into_body()).await,
        _ => get(&path),
    };
    Ok(answered.unwrap_or_else(|error| {
        let kind = error.downcast_ref::<std::io::Error>().map(std::io::Error::kind);
        let missing = kind == Some(ErrorKind::NotFound);
        let mut answer = Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
        *answer.status_mut() =
            if missing { StatusCode::NOT_FOUND } else { StatusCode::INTERNAL_SERVER_ERROR };
        answer
    }))
}

fn get(path: &Path) -> Result<Answer> {
    let file = std::fs::File::open(path)?;
    let length = file.metadata()?.len();
    let pieces = stream::try_unfold((file, 0), move |(file, at)| async move {
        let mut piece = BytesMut::zeroed(PIECE_BYTES);
        let read = file.read_at(&mut piece, at)?;
        piece.truncate(read);
        let next = (file, at + read as u64);
        Ok::<_, std::io::Error>((read > 0).then(|| (Frame::data(piece.freeze()), next)))
    });
    let body = StreamBody::new(pieces).boxed_unsync();
    Ok(Response::builder().header("content-length", length).body(body)?)
}

async fn put(path: &Path, mut body: Incoming) -> Result<Answer> {
    let file = std::fs::File::create(path)?;
    let mut at = 0;
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            file.write_all_at(&data, at)?;
            at += data.len() as u64;
        }
    }
    file.sync_all()?;
    Ok(Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync()))
}
