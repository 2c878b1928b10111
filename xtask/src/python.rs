//! The Python environments that tests use: `target/venv`, with the packages of `tests/requirements.txt`, and beside it those of
//! programs that want other releases.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Result,
    command::{run, works},
};

/// Makes the environment if it is missing or its packages have changed, and returns its `bin` directory.
///
/// # Errors
/// Python is missing, or the packages cannot be installed.
pub(crate) fn environment(root: &Path) -> Result<PathBuf> {
    made(root, "venv", "tests/requirements.txt")
}

/// Makes the environment of a DuckDB that writes encrypted databases and speaks S3. The extension for both fits one release of DuckDB alone, and comes to
/// PyPI later than DuckDB.
///
/// # Errors
/// As [`environment`].
pub(crate) fn duckdb(root: &Path) -> Result<PathBuf> {
    made(root, "duckdb", "tests/duckdb.txt")
}

/// An environment of this name, with the packages of this file.
fn made(root: &Path, name: &str, packages: &str) -> Result<PathBuf> {
    let (venv, wanted) = (root.join("target").join(name), root.join(packages));
    let installed = venv.join("requirements.txt");
    let bin = venv.join("bin");
    if fs::read(&installed).ok() == Some(fs::read(&wanted)?) && works(python(&bin).arg("--version")) {
        return Ok(bin);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))
        .map_err(|error| format!("{error}; Python 3.11 or later with its venv module is needed"))?;
    // The file names every package: nothing is left to resolve, and trailscraper's wish for an old boto3 is not heard.
    let install =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"];
    run(python(&bin).args(install).arg(&wanted))?;
    // Last, so that an interrupted installation is made anew.
    fs::copy(&wanted, &installed)?;
    Ok(bin)
}

/// The environment's interpreter.
pub(crate) fn python(bin: &Path) -> Command {
    Command::new(bin.join("python"))
}
