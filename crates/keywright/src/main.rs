//! The `keywright` command.
//!
//! What each command is told is in `cli`, what it does in `commands`. `serve` is here: it opens a deployment with parts
//! of the machine and listens. `dev` and `credentials` are crates of their own, and only handed over to.

mod admin;
mod cli;
mod commands;
mod config;
mod deployment;
mod error;
mod explain;
mod exposure;
mod hardening;
mod issuers;
mod lint;
mod logging;
mod metrics;
mod proofs;
mod records;
mod reports;
mod root;
mod serve;

use std::process::ExitCode;

use clap::Parser;
use tikv_jemallocator::Jemalloc;
use zeroizing_alloc::ZeroAlloc;

/// Wipes whatever is freed: bodies, tokens and secrets pass through buffers of libraries that do not wipe them, and vectors
/// that grow leave their old bytes behind. Beneath is jemalloc, which gives memory back after a flood; its settings are in
/// `.cargo/config.toml`.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<Jemalloc> = ZeroAlloc(Jemalloc);

fn main() -> ExitCode {
    commands::run(cli::Cli::parse().command())
}
