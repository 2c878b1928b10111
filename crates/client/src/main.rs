//! The `keywright-client` command: secrets and sealed files for hosts and databases, by the public KMS API alone.
//!
//! What each command is told is in `cli`, what it does in `commands`, and how it ends in `ending`. A secret is kept in a
//! `record`. `delivery` hands secrets to a program that `exec` starts. `sealing` and `opening` are for files of any
//! size, `volume` is for disks and directories, and `campaign` puts many of them under another key. `agent` answers systemd.

mod agent;
mod asked;
mod campaign;
mod cli;
mod client;
mod commands;
mod contents;
mod context;
mod delivery;
mod ending;
mod hardening;
mod new_file;
mod opening;
mod program;
mod record;
mod sealing;
mod streams;
mod volume;

use std::{alloc::System, env, process::ExitCode};

use clap::Parser;
use zeroizing_alloc::ZeroAlloc;

/// Wipes whatever is freed: plaintexts pass through buffers of libraries that do not wipe them.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    hardening::apply();
    let cli = match cli::CommandLine::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ending::of_usage(&error),
    };
    ending::told(commands::run(cli, &|name| env::var_os(name)))
}
