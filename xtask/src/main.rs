//! `cargo xtask <task>`: what developers run.

#![expect(clippy::print_stderr, reason = "a command's output")]

mod command;
mod python;
mod shapes;
mod test;
mod tidy;

use std::{error::Error, path::Path, process::ExitCode};

use clap::Parser;

/// Whatever stops a task; it is shown and ends it.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// What developers of Keywright run.
#[derive(Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
enum Task {
    /// Check and test everything: what has to be green.
    Test,
    /// Check the rules of the house that neither the compiler nor clippy checks.
    Tidy,
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
        Task::Test => test::all(root),
        Task::Tidy => tidy::check(root),
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

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}
