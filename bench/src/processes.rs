//! The servers under measurement, as child processes, and what the kernel says of them.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use rustix::process::{Pid, Signal, kill_process};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::{Duration, sleep, timeout},
};
use tokio_rustls::TlsConnector;

use crate::Result;

/// Where to send requests, and which process's CPU time to read.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<TlsConnector>,
    pub(crate) pid: u32,
}

/// A running Keywright with fresh data.
pub(crate) struct Server {
    child: Child,
    directory: TempDir,
    target: Target,
    pub(crate) root: Signer,
}

/// An access key.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) access_key: String,
    pub(crate) secret: String,
}

/// A trail that delivers every second, so that a round has some deliveries.
const DELIVERING: &str = "[buckets.audit]\ndirectory = \"audit\"\n[delivery]\nperiod_seconds = 1\n\
                          [[trails]]\nname = \"main\"\nbucket = \"audit\"\n";

/// How long a server may take to stop.
const STOP: Duration = Duration::from_secs(30);

/// A running bare hyper server.
pub(crate) struct Bare {
    child: Child,
    target: Target,
}

impl Server {
    /// Initialises a data directory and serves from it.
    pub(crate) async fn start(binary: &Path, journal: &str, delivers: bool, tls: bool) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let data = directory.path().join("data");
        let mut init = Command::new(binary);
        init.arg("init").arg("--data-dir").arg(&data);
        if tls {
            init.args(["--tls", "localhost"]);
        }
        let output = init.output().await?;
        if !output.status.success() {
            return Err(format!("init: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        let credentials = String::from_utf8(output.stdout)?;
        let field = |name: &str| -> Result<String> {
            let line =
                credentials.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix("= "));
            Ok(line.ok_or_else(|| format!("init printed no {name}"))?.to_owned())
        };
        let (port, admin) = (free_port()?, free_port()?);
        // One worker, like the yardstick: with more, each server would share two cores with its own clients.
        let config = directory.path().join("keywright.toml");
        // No quota limits the keys and grants that a measurement asks for.
        let mut settings =
            "workers = 1\n[quotas]\nkeys_per_region = 10000000\ngrants_per_key = 1000000\n".to_owned();
        if delivers {
            fs::create_dir(directory.path().join("audit"))?;
            settings.push_str(DELIVERING);
        }
        fs::write(&config, settings)?;
        let mut serve = Command::new(binary);
        serve.arg("serve").arg("--config").arg(&config).arg("--data-dir").arg(&data);
        serve.args([
            "--listen",
            &format!("127.0.0.1:{port}"),
            "--admin-listen",
            &format!("127.0.0.1:{admin}"),
        ]);
        serve.args(["--journal", journal]).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let child = serve.spawn()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        wait_for(address).await?;
        let connector = if tls { Some(connector(&data.join("tls"))?) } else { None };
        let target = Target { address, tls: connector, pid: child.id().ok_or("the server ended")? };
        Ok(Self {
            child,
            target,
            root: Signer { access_key: field("aws_access_key_id")?, secret: field("aws_secret_access_key")? },
            directory,
        })
    }

    pub(crate) fn target(&self) -> Target {
        debug_assert!(self.child.id().is_some());
        self.target.clone()
    }

    /// Ends the server as an operator does. A server built for profiling writes its counts when it ends.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        kill_process(pid.ok_or("the server ended")?, Signal::TERM)?;
        let status = timeout(STOP, self.child.wait()).await??;
        if status.success() { Ok(()) } else { Err(format!("the server ended with {status}").into()) }
    }

    fn certificates(&self) -> PathBuf {
        self.directory.path().join("data").join("tls")
    }
}

impl Bare {
    /// Starts this program again in its other role.
    pub(crate) async fn start(tls: bool, bytes: usize, server: &Server) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bare", "--bytes", &bytes.to_string()]);
        let certificates = server.certificates();
        if tls {
            command.arg("--tls").arg(&certificates);
        }
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = child.stdout.take().ok_or("no output")?;
        let line = BufReader::new(stdout).lines().next_line().await?.ok_or("the bare server ended")?;
        let address = SocketAddr::from(([127, 0, 0, 1], line.trim().parse()?));
        let connector = if tls { Some(connector(&certificates)?) } else { None };
        let target = Target { address, tls: connector, pid: child.id().ok_or("the bare server ended")? };
        Ok(Self { child, target })
    }

    pub(crate) fn target(&self) -> Target {
        debug_assert!(self.child.id().is_some());
        self.target.clone()
    }
}

impl Target {
    /// User and system time used so far.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid))?;
        // The fields after the command's name. The name may hold anything, and ends at the last parenthesis.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| -> Result<u64> { Ok(fields.get(index).ok_or("short stat")?.parse()?) };
        // Linux reports hundredths of a second here, whatever its own tick is.
        Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
    }

    /// Resident memory in KiB.
    pub(crate) fn resident(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

fn connector(certificates: &Path) -> Result<TlsConnector> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(certificates.join("ca.pem"))?)?;
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

async fn wait_for(address: SocketAddr) -> Result<()> {
    for _ in 0..2000 {
        if TcpStream::connect(address).await.is_ok() {
            return Ok(());
        }
        sleep(Duration::from_millis(25)).await;
    }
    Err(format!("nothing listens on {address}").into())
}
