//! Programs of the system that tell the kernel what to encrypt.

use std::{
    ffi::OsStr,
    io::{self, Write},
    process::{Command, Output, Stdio},
};

use secret::Plaintext;

use crate::ending::ClientFailure;

/// A program of the system.
#[derive(Debug, Clone, Copy)]
pub(super) struct SystemProgram {
    /// Its name, which is looked for on the path.
    pub(super) name: &'static str,
    /// Debian's package that has it.
    pub(super) package: &'static str,
}

pub(super) const CRYPTSETUP: SystemProgram = SystemProgram { name: "cryptsetup", package: "cryptsetup-bin" };
pub(super) const XFS_IO: SystemProgram = SystemProgram { name: "xfs_io", package: "xfsprogs" };
pub(super) const BLKID: SystemProgram = SystemProgram { name: "blkid", package: "util-linux" };
pub(super) const CP: SystemProgram = SystemProgram { name: "cp", package: "coreutils" };

impl SystemProgram {
    /// Runs it to its end, with something on its standard input: that is how it gets secrets, which are in no argument, file or
    /// variable.
    ///
    /// # Errors
    /// [`ClientFailure::Program`] if it cannot be started.
    pub(super) fn run<A: AsRef<OsStr>>(
        self,
        arguments: &[A],
        given: Option<&Plaintext>,
    ) -> Result<Output, ClientFailure> {
        let mut command = Command::new(self.name);
        // What it prints is read.
        command.args(arguments).env("LC_ALL", "C").stdout(Stdio::piped()).stderr(Stdio::piped());
        command.stdin(if given.is_some() { Stdio::piped() } else { Stdio::null() });
        let mut child = command.spawn().map_err(|error| self.not_started(&error))?;
        if let (Some(mut stdin), Some(given)) = (child.stdin.take(), given) {
            // What is given fits into a pipe. Who does not read it has failed, and says why.
            let _ = stdin.write_all(given.reveal());
        }
        child.wait_with_output().map_err(|error| self.not_started(&error))
    }

    /// Runs it, and returns what it printed if it ended well.
    ///
    /// # Errors
    /// [`ClientFailure::Program`] if it cannot be started, [`ClientFailure::Use`] with its words if it fails.
    pub(super) fn done<A: AsRef<OsStr>>(
        self,
        arguments: &[A],
        given: Option<&Plaintext>,
    ) -> Result<Vec<u8>, ClientFailure> {
        let output = self.run(arguments, given)?;
        if output.status.success() { Ok(output.stdout) } else { Err(ClientFailure::Use(self.said(&output))) }
    }

    /// Why it failed, in its own words.
    pub(super) fn said(self, output: &Output) -> String {
        let said = String::from_utf8_lossy(&output.stderr);
        let said: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let said = if said.is_empty() { output.status.to_string() } else { said.join("; ") };
        format!("{}: {said}", self.name)
    }

    fn not_started(self, error: &io::Error) -> ClientFailure {
        let Self { name, package } = self;
        ClientFailure::Program(match error.kind() {
            io::ErrorKind::NotFound => {
                format!("`{name}` is not on the path: Debian's package {package} has it")
            }
            _ => format!("`{name}`: {error}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_missing_is_named_with_its_package() {
        let missing = SystemProgram { name: "keywright-no-such-program", package: "some-package" };
        let failure = missing.done::<&str>(&[], None).unwrap_err();
        assert_eq!(failure.code(), 127);
        assert!(failure.to_string().contains("some-package"), "{failure}");
    }

    #[test]
    fn a_program_gets_what_is_given_and_says_why_it_fails() {
        let cat = SystemProgram { name: "cat", package: "coreutils" };
        assert_eq!(cat.done(&["-"], Some(&Plaintext::new(b"a".to_vec()))).unwrap(), b"a");
        let failure = cat.done(&["/nowhere"], None).unwrap_err();
        assert_eq!(failure.code(), 1);
        assert!(failure.to_string().starts_with("cat: "), "{failure}");
    }
}
