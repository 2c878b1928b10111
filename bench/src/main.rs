//! `cargo xtask bench`: what a request costs, beside a bare hyper server in the same run.
//!
//! The bare server only reads bodies, and answers as many bytes as Keywright does. Absolute rates depend on the
//! machine and its neighbours. The ratio of the two servers' CPU times per request does not. Rounds of all targets
//! are interleaved, and the least of each target's rounds counts.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's output")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and its own path")]

mod bare;
mod decisions;
mod journal;
mod load;
mod objects;
mod population;
mod processes;
mod report;
mod requests;

use std::{error::Error, time::Duration};

use clap::{Parser, Subcommand};

use crate::{
    load::Load,
    processes::{Bare, Server},
    report::{Measured, Report},
    requests::{Prepared, WORK, Work},
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Measures the server against a bare hyper server.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    options: Options,
}

#[derive(clap::Args, Clone)]
struct Options {
    /// The server's binary.
    #[arg(long, default_value = "target/release/keywright")]
    server: std::path::PathBuf,
    /// Keep-alive connections.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// Rounds of each target; the least CPU time counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Length of a round in milliseconds.
    #[arg(long, default_value_t = 1500)]
    millis: u64,
    /// Kinds of requests to measure, such as `Encrypt,Sign P-256` [default: all]
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Number of keys to make before measuring symmetric operations; several numbers measure several times.
    #[arg(long, value_delimiter = ',', default_value = "1")]
    keys: Vec<usize>,
    /// Number of grants to make on one key before measuring GenerateDataKey by a user whom only a grant allows.
    #[arg(long)]
    grants: Option<usize>,
    /// Leave TLS out.
    #[arg(long)]
    no_tls: bool,
    /// Records of which it is measured what one costs in journal and index.
    #[arg(long, default_value_t = 500_000)]
    records: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Role {
    /// Answers every request with the same body (used by the benchmark itself).
    #[command(hide = true)]
    Bare {
        /// Directory with `server.pem` and `server.key`, for TLS.
        #[arg(long)]
        tls: Option<std::path::PathBuf>,
        /// Bytes of the body.
        #[arg(long)]
        bytes: usize,
    },
    /// Serves the files of a directory by hyper alone (used by the gateway's benchmark).
    #[command(hide = true)]
    Files {
        /// The directory.
        directory: std::path::PathBuf,
    },
    /// Serves a directory by s3s-fs (used by the gateway's benchmark).
    #[command(hide = true)]
    S3sFs {
        /// The directory, whose directories are buckets.
        directory: std::path::PathBuf,
        /// Who may use it.
        #[arg(long)]
        access_key: String,
        /// The secret that proves who asks. It protects nothing here.
        #[arg(long)]
        secret: String,
    },
    /// Writes a journal, indexes and compresses it, and tells what a record costs.
    Journal {
        /// Where `journal/` and `index/` are made; they stay there.
        folder: std::path::PathBuf,
        /// How many records.
        #[arg(long, default_value_t = 500_000)]
        records: u64,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.role {
        Some(Role::Bare { tls, bytes }) => runtime.block_on(bare::run(tls.as_deref(), bytes)),
        Some(Role::Files { directory }) => runtime.block_on(objects::files(directory)),
        Some(Role::S3sFs { directory, access_key, secret }) => {
            runtime.block_on(objects::s3s_fs(&directory, &access_key, &secret))
        }
        Some(Role::Journal { folder, records }) => {
            journal::measure(&folder, records)?.print();
            Ok(())
        }
        None => runtime.block_on(measure(&arguments.options)),
    }
}

async fn measure(options: &Options) -> Result<()> {
    if let Some(unknown) = options.only.iter().find(|name| WORK.iter().all(|work| work.name != **name)) {
        return Err(format!(
            "`{unknown}` is not measured; there are {}",
            WORK.map(|work| work.name).join(", ")
        )
        .into());
    }
    let folder = tempfile::tempdir()?;
    let mut report = Report::with(decisions::measure()?, journal::measure(folder.path(), options.records)?);
    for tls in [false, true] {
        if tls && options.no_tls {
            continue;
        }
        let fast = Server::start(&options.server, "handed-over", false, tls).await?;
        let safe = Server::start(&options.server, "durable", false, tls).await?;
        let delivering = Server::start(&options.server, "handed-over", true, tls).await?;
        let bench = Bench { options, tls, fast, safe, delivering };
        let chosen =
            |work: &&Work| options.only.is_empty() || options.only.iter().any(|name| name == work.name);
        for work in WORK.iter().filter(chosen) {
            let numbers = if work.is_symmetric() { options.keys.as_slice() } else { &[1] };
            for keys in numbers {
                bench.work(work, *keys, &mut report).await?;
            }
        }
        if let Some(grants) = options.grants {
            bench.grants(grants, &mut report).await?;
        }
        bench.fast.stop().await?;
        bench.safe.stop().await?;
        bench.delivering.stop().await?;
    }
    if options.json {
        report.print_json();
    } else {
        report.print();
    }
    Ok(())
}

/// The servers that are compared with a bare one: one that hands records over, one that makes them durable, and one that hands
/// them over and delivers them to a trail.
struct Bench<'a> {
    options: &'a Options,
    tls: bool,
    fast: Server,
    safe: Server,
    delivering: Server,
}

impl Bench<'_> {
    fn servers(&self) -> [&Server; 3] {
        [&self.fast, &self.safe, &self.delivering]
    }

    /// A kind of work by the root user, with `keys` keys in turn.
    async fn work(&self, work: &Work, keys: usize, report: &mut Report) -> Result<()> {
        let mut prepared = Vec::new();
        for server in self.servers() {
            let ids = population::keys(server, work, keys).await?;
            prepared.push(work.prepare(server, &server.root, &ids).await?);
        }
        let name = if keys == 1 { work.name.to_owned() } else { format!("{}, {keys} keys", work.name) };
        self.rounds(&name, &prepared, report).await
    }

    /// `GenerateDataKey` on a key with `grants` grants.
    async fn grants(&self, grants: usize, report: &mut Report) -> Result<()> {
        let work = WORK.iter().find(|work| work.name == "GenerateDataKey").ok_or("not measured")?;
        let mut prepared = Vec::new();
        for server in self.servers() {
            let ids = population::keys(server, work, 1).await?;
            let user = population::grants(server, ids.first().ok_or("no key")?, grants).await?;
            prepared.push(work.prepare(server, &user, &ids).await?);
        }
        self.rounds(&format!("{}, {grants} grants", work.name), &prepared, report).await
    }

    /// Rounds of all targets in turn. `prepared` has the requests of each server.
    async fn rounds(&self, name: &str, prepared: &[Prepared], report: &mut Report) -> Result<()> {
        eprintln!("{}{name} …", if self.tls { "TLS, " } else { "" });
        let [fast, safe, delivering] = prepared else { return Err("three servers are measured".into()) };
        let bare = Bare::start(self.tls, fast.answer_bytes, &self.fast).await?;
        let targets = [
            (bare.target(), fast),
            (self.fast.target(), fast),
            (self.safe.target(), safe),
            (self.delivering.target(), delivering),
        ];
        let mut measured: [Measured; 4] = Default::default();
        for _ in 0..self.options.rounds {
            for ((target, prepared), measured) in targets.iter().zip(&mut measured) {
                let load = Load {
                    target: target.clone(),
                    requests: &prepared.requests,
                    connections: self.options.connections,
                    length: Duration::from_millis(self.options.millis),
                };
                measured.add(&load.run().await?);
            }
        }
        report.row(name, self.tls, &measured);
        Ok(())
    }
}
