//! The `keywright-s3` command: a gateway that speaks S3, and encrypts under keys of Keywright, or of AWS KMS.

mod bucket;
mod cli;
mod listen;
mod serve;
mod users;

use std::process::ExitCode;

use clap::Parser as _;
use tikv_jemallocator::Jemalloc;
use zeroizing_alloc::ZeroAlloc;

/// Wipes whatever is freed: plaintext passes through buffers of libraries that do not wipe them.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<Jemalloc> = ZeroAlloc(Jemalloc);

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter()).init();
    let cli::Command::Serve(options) = cli::Cli::parse().command;
    match serve::run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What is logged: `RUST_LOG`, or else everything from `info` on. s3s logs refusals that are nobody's fault here.
fn filter() -> tracing_subscriber::EnvFilter {
    let asked = tracing_subscriber::EnvFilter::try_from_default_env();
    asked.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,s3s=off"))
}
