//! `cargo xtask bench`: what a request costs, beside a bare hyper server in the same run.
//!
//! Absolute rates depend on the machine and its neighbours; the ratio of server CPU time per request to that
//! of a server which only reads and answers bodies of the same size does not. Rounds of all targets are
//! interleaved, and the least of each target's rounds counts.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command's output")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock and its own path")]

mod bare;
mod load;
mod processes;
mod report;
mod requests;

use std::{error::Error, time::Duration};

use clap::{Parser, Subcommand};

use crate::{
    load::Load,
    processes::{Bare, Server},
    report::{Measured, Report},
    requests::Prepared,
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
    /// Keys to make before measuring.
    #[arg(long, default_value_t = 1)]
    keys: usize,
    /// Leave TLS out.
    #[arg(long)]
    no_tls: bool,
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
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.role {
        Some(Role::Bare { tls, bytes }) => runtime.block_on(bare::run(tls.as_deref(), bytes)),
        None => runtime.block_on(measure(&arguments.options)),
    }
}

async fn measure(options: &Options) -> Result<()> {
    let mut report = Report::default();
    for tls in [false, true] {
        if tls && options.no_tls {
            continue;
        }
        let handed_over = Server::start(&options.server, "handed-over", tls).await?;
        let durable = Server::start(&options.server, "durable", tls).await?;
        for operation in requests::OPERATIONS {
            eprintln!("{}{operation} …", if tls { "TLS, " } else { "" });
            let fast = Prepared::new(&handed_over, operation, options.keys).await?;
            let safe = Prepared::new(&durable, operation, options.keys).await?;
            let bare = Bare::start(tls, fast.answer_bytes, &handed_over).await?;
            let mut measured = [Measured::default(), Measured::default(), Measured::default()];
            for _ in 0..options.rounds {
                for (target, prepared, slot) in [
                    (bare.target(), &fast, 0),
                    (handed_over.target(), &fast, 1),
                    (durable.target(), &safe, 2),
                ] {
                    let load = Load {
                        target,
                        requests: &prepared.requests,
                        connections: options.connections,
                        length: Duration::from_millis(options.millis),
                    };
                    if let Some(measured) = measured.get_mut(slot) {
                        measured.add(&load.run().await?);
                    }
                }
            }
            let [bare, fast, safe] = measured;
            report.row(operation, tls, &bare, &fast, &safe);
        }
    }
    if options.json {
        report.print_json();
    } else {
        report.print();
    }
    Ok(())
}
