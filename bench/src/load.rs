//! Keep-alive connections that send requests one after the other and wait for each answer.

use std::time::{Duration, Instant};

use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{Result, processes::Target};

/// A load on one target.
pub(crate) struct Load<'a> {
    pub(crate) target: Target,
    pub(crate) requests: &'a [Vec<u8>],
    pub(crate) connections: usize,
    pub(crate) length: Duration,
}

/// What one round gave.
pub(crate) struct Round {
    pub(crate) answers: u64,
    pub(crate) wall: Duration,
    /// CPU time of the server.
    pub(crate) cpu: Duration,
    /// Of every answer, sorted.
    pub(crate) latencies: Vec<Duration>,
    /// Resident memory of the server in KiB.
    pub(crate) resident: u64,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Load<'_> {
    /// Connects, warms up, and measures.
    pub(crate) async fn run(self) -> Result<Round> {
        let mut streams = Vec::new();
        for _ in 0..self.connections {
            let mut stream = connect(&self.target).await?;
            let first = self.requests.first().ok_or("no requests")?;
            exchange(&mut *stream, first, &mut Vec::new()).await?;
            streams.push(stream);
        }
        let cpu = self.target.cpu()?;
        let started = Instant::now();
        let until = started + self.length;
        let mut tasks = JoinSet::new();
        for (number, mut stream) in streams.into_iter().enumerate() {
            let mut requests = self.requests.to_vec();
            let offset = number * 7 % requests.len();
            requests.rotate_left(offset);
            tasks.spawn(async move {
                let mut latencies = Vec::new();
                let mut buffer = Vec::with_capacity(16 * 1024);
                for request in requests.iter().cycle() {
                    let sent = Instant::now();
                    if sent >= until {
                        break;
                    }
                    exchange(&mut *stream, request, &mut buffer).await?;
                    latencies.push(sent.elapsed());
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(latencies)
            });
        }
        // A client that sleeps has to be woken, and the kernel charges that to the server: the more, the slower the
        // server is. This one does not sleep.
        tasks.spawn(async move {
            while Instant::now() < until {
                tokio::task::yield_now().await;
            }
            Ok(Vec::new())
        });
        let mut latencies = Vec::new();
        while let Some(task) = tasks.join_next().await {
            latencies.extend(task??);
        }
        let (wall, cpu) = (started.elapsed(), self.target.cpu()?.saturating_sub(cpu));
        latencies.sort_unstable();
        let answers = u64::try_from(latencies.len())?;
        Ok(Round { answers, wall, cpu, latencies, resident: self.target.resident()? })
    }
}

/// Sends one request over a connection of its own and returns the body of the answer.
pub(crate) async fn once(target: &Target, request: &[u8]) -> Result<Vec<u8>> {
    let mut stream = connect(target).await?;
    let mut buffer = Vec::new();
    let body = exchange(&mut *stream, request, &mut buffer).await?;
    Ok(buffer.split_off(body))
}

async fn connect(target: &Target) -> Result<Box<dyn Stream>> {
    let stream = TcpStream::connect(target.address).await?;
    stream.set_nodelay(true)?;
    match &target.tls {
        None => Ok(Box::new(stream)),
        Some(connector) => Ok(Box::new(connector.connect(ServerName::try_from("localhost")?, stream).await?)),
    }
}

/// Reads the answer into `buffer` and returns where its body begins.
async fn exchange(stream: &mut dyn Stream, request: &[u8], buffer: &mut Vec<u8>) -> Result<usize> {
    stream.write_all(request).await?;
    stream.flush().await?;
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the server closed the connection".into());
        }
        let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = std::str::from_utf8(buffer.get(..end).unwrap_or_default())?;
        if !head.starts_with("HTTP/1.1 200") {
            return Err(format!("answered {}", String::from_utf8_lossy(buffer)).into());
        }
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse::<usize>().ok())
            .ok_or("no content-length")?;
        let body = end + 4;
        while buffer.len() < body + length {
            if stream.read_buf(buffer).await? == 0 {
                return Err("the server closed the connection".into());
            }
        }
        return Ok(body);
    }
}
