//! The packages of the JavaScript clients: those of `tests/blackbox/js/package-lock.json`, beside it.

use std::{env, fs, path::Path, process::Command};

use crate::{Result, command::run};

/// Installs the packages if they are missing or the lock has changed, by the Python environment's own npm.
///
/// # Errors
/// The packages cannot be installed.
pub(crate) fn packages(root: &Path, bin: &Path) -> Result<()> {
    let folder = root.join("tests/blackbox/js");
    let (wanted, installed) =
        (folder.join("package-lock.json"), folder.join("node_modules/installed-lock.json"));
    if fs::read(&installed).ok() == Some(fs::read(&wanted)?) {
        return Ok(());
    }
    // npm is a script of the node that is found on the path.
    let before = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([bin.to_path_buf()].into_iter().chain(env::split_paths(&before)))?;
    run(Command::new(bin.join("npm")).args(["ci", "--silent"]).current_dir(&folder).env("PATH", path))?;
    // Last, so that an interrupted installation is made anew.
    fs::copy(&wanted, &installed)?;
    Ok(())
}
