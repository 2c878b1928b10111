//! Programs that tasks run.

use std::{
    io::ErrorKind,
    path::Path,
    process::{Command, Stdio},
};

use crate::Result;

/// Cargo, in the repository.
pub(crate) fn cargo(root: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(root);
    command
}

/// Runs a program whose output the developer sees.
///
/// # Errors
/// It cannot be started, or ends with anything but success.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = match command.status() {
        Ok(status) => status,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(format!("{name} is not installed").into());
        }
        Err(error) => return Err(format!("{name}: {error}").into()),
    };
    if status.success() { Ok(()) } else { Err(format!("{name} ended with {status}").into()) }
}

/// Whether a program runs and is content, without showing what it says.
pub(crate) fn works(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
