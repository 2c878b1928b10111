//! `cargo xtask <task>`: what developers run.

#![expect(clippy::print_stderr, reason = "a command's output")]

mod blackbox;
mod command;
mod javascript;
mod python;
mod release;
mod shapes;
mod test;
mod tidy;
mod tools;

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Parser;

/// Whatever stops a task; it is shown and ends it.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What developers of Keywright run.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
enum Task {
    /// Check and test everything: what has to be green.
    Test {
        /// Leave the black box out: no server is built apart, no client is run.
        #[arg(long)]
        quick: bool,
    },
    /// Check the rules of the house that neither the compiler nor clippy checks.
    Tidy,
    /// Kill a server at random moments under load, and look for anything lost.
    Kill {
        /// How often.
        #[arg(long, default_value_t = 1000)]
        rounds: u32,
        /// Where the random moments start from [default: random]
        #[arg(long)]
        seed: Option<u32>,
    },
    /// Kill an S3 gateway at random moments under load, and look for anything lost, changed or half there.
    KillS3 {
        /// How often.
        #[arg(long, default_value_t = 1000)]
        rounds: u32,
        /// Where the random moments start from [default: random]
        #[arg(long)]
        seed: Option<u32>,
    },
    /// Attack a server in every way that strangers have, and look what it costs others.
    Abuse {
        /// Those attacks only [default: all]
        attacks: Vec<String>,
        /// How long each goes on.
        #[arg(long, default_value_t = 20)]
        seconds: u32,
        /// By how many connections at a time.
        #[arg(long, default_value_t = 2000)]
        connections: u32,
    },
    /// Run the fuzz targets; needs a nightly toolchain and cargo-fuzz.
    Fuzz {
        /// Those to run [default: all]
        targets: Vec<String>,
        /// How long to run each.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Build a release that is compiled for its work, into `target/profiled`: takes two builds and a run of the benchmark.
    Release,
    /// Measure a release against a bare HTTP server; further arguments are the benchmark's own.
    #[command(disable_help_flag = true)]
    Bench {
        /// Measure what `cargo xtask release` has built; comes first.
        #[arg(long)]
        profiled: bool,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure the S3 gateway against a bare HTTP server that moves files, and other S3 servers; further arguments are the benchmark's own.
    #[command(disable_help_flag = true)]
    BenchS3 {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Check advisories, licences, sources and bans of dependencies; needs cargo-deny and the network.
    Deny,
    /// Write the API's shapes in `crates/model` from `models/`.
    Shapes {
        /// Take newer models from a newly downloaded botocore first.
        #[arg(long, conflicts_with = "check")]
        fetch: bool,
        /// Compare, and write nothing.
        #[arg(long)]
        check: bool,
    },
}

fn main() -> ExitCode {
    let root = root();
    let done = match Task::parse() {
        Task::Test { quick } => test::all(root, quick),
        Task::Tidy => tidy::check(root),
        Task::Kill { rounds, seed } => blackbox::kill(root, rounds, seed),
        Task::KillS3 { rounds, seed } => blackbox::kill_s3(root, rounds, seed),
        Task::Abuse { attacks, seconds, connections } => {
            blackbox::abuse(root, &attacks, seconds, connections)
        }
        Task::Fuzz { targets, seconds } => tools::fuzz(root, &targets, seconds),
        Task::Bench { profiled, arguments } => tools::bench(root, profiled, &arguments),
        Task::BenchS3 { arguments } => blackbox::bench_s3(root, &arguments),
        Task::Release => release::profiled(root),
        Task::Deny => tools::deny(root),
        Task::Shapes { check: true, .. } => shapes::check(root),
        Task::Shapes { fetch: true, .. } => shapes::fetch(root).and_then(|()| shapes::write(root)),
        Task::Shapes { .. } => shapes::write(root),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What cargo has built, by its path in the target folder.
fn built(root: &Path, path: &str) -> PathBuf {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
    target.join(path)
}

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}
