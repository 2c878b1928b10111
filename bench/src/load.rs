//! Keep-alive connections that send requests one after the other and wait for each answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

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
    /// Latencies of all answers, sorted.
    pub(crate) latencies: Vec<Duration>,
    /// Resident memory of the server in KiB.
    pub(crate) resident: u64,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl Load<'_> {
    /// Connects, warms up, and measures.
    pub(crate) async fn run(self) -> Result<Round> {
        let mut connections = Vec::new();
        for _ in 0..self.connections {
            let mut connection = Connection::open(&self.target).await?;
            connection.exchange(self.requests.first().ok_or("no requests")?).await?;
            connections.push(connection);
        }
        let cpu = self.target.cpu()?;
        let started = Instant::now();
        let until = started + self.length;
        let mut tasks = JoinSet::new();
        let requests: Arc<[Vec<u8>]> = self.requests.into();
        for (number, mut connection) in connections.into_iter().enumerate() {
            let requests = Arc::clone(&requests);
            let offset = number * requests.len() / self.connections;
            tasks.spawn(async move {
                let mut latencies = Vec::new();
                for request in requests.iter().cycle().skip(offset) {
                    let sent = Instant::now();
                    if sent >= until {
                        break;
                    }
                    connection.exchange(request).await?;
                    latencies.push(sent.elapsed());
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(latencies)
            });
        }
        // The server has to wake a sleeping client, and the kernel charges the server for that; a slower server
        // would pay more. This client does not sleep.
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

/// A keep-alive connection.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(target: &Target) -> Result<Self> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &target.tls {
            None => Box::new(stream),
            Some(connector) => Box::new(connector.connect(ServerName::try_from("localhost")?, stream).await?),
        };
        Ok(Self { stream, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request and returns the body of the answer. An answer other than 200 is an error.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> Result<&[u8]> {
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        self.buffer.clear();
        let body = loop {
            self.read().await?;
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let head = std::str::from_utf8(self.buffer.get(..body).unwrap_or_default())?;
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse::<usize>().ok())
            .ok_or("no content-length")?;
        let good = head.starts_with("HTTP/1.1 200");
        while self.buffer.len() < body + length {
            self.read().await?;
        }
        if good {
            Ok(self.buffer.get(body..).unwrap_or_default())
        } else {
            Err(format!("answered {}", String::from_utf8_lossy(&self.buffer)).into())
        }
    }

    async fn read(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }
}
