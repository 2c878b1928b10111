//! `cargo xtask <task>`: what developers run.

#![expect(clippy::print_stderr, reason = "a command's output")]

mod shapes;

use std::{error::Error, path::Path, process::ExitCode};

/// Whatever stops a task; it is shown and ends it.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["shapes"] => shapes::write(root()),
        ["shapes", "--fetch"] => shapes::fetch(root()).and_then(|()| shapes::write(root())),
        ["shapes", "--check"] => shapes::check(root()),
        _ => Err(USAGE.into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

const USAGE: &str = "cargo xtask <task>

  shapes            write crates/model's shapes from models/
  shapes --fetch    the same, from a newly downloaded botocore
  shapes --check    compare them, write nothing";

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}
