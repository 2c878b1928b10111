//! The Python environment that tests use: `target/venv`, with the packages of `tests/requirements.txt`.

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
    let (venv, wanted) = (root.join("target/venv"), root.join("tests/requirements.txt"));
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
