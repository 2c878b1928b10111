//! A release that is compiled for the work it does: the compiler is told which ways the benchmark's requests take
//! (<https://doc.rust-lang.org/rustc/profile-guided-optimization.html>).

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    Result, built,
    command::{cargo, run},
    tools,
};

/// Builds a server that counts what it does, lets the benchmark drive it, and builds the server again with what was
/// counted: `target/profiled/keywright`.
///
/// # Errors
/// The LLVM tools are missing, or something does not build or run.
pub(crate) fn profiled(root: &Path) -> Result<()> {
    let host = Host::find(root)?;
    let merge = host.profdata()?;
    let directory = built(root, "profiling");
    let (counts, profile) = (directory.join("counts"), directory.join("profile"));
    match fs::remove_dir_all(&counts) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let server = compile(root, &host, &directory, &format!("-Cprofile-generate={}", counts.display()))?;
    let load = ["--rounds", "1", "--millis", "1000", "--grants", "100"];
    run(tools::benchmark(root)?.args(load).arg("--server").arg(server).stdout(Stdio::null()))?;
    run(Command::new(merge).arg("merge").arg("--output").arg(&profile).arg(&counts))?;
    let server = compile(root, &host, &directory, &format!("-Cprofile-use={}", profile.display()))?;
    let finished = built(root, tools::PROFILED);
    fs::create_dir_all(finished.parent().unwrap_or(root))?;
    fs::copy(server, finished)?;
    Ok(())
}

/// Builds with a flag for the compiler, in place of `RUSTFLAGS`, and returns where the server is.
fn compile(root: &Path, host: &Host, directory: &Path, flag: &str) -> Result<PathBuf> {
    // Named, the target is told from the machine that builds: procedural macros and build scripts do not count.
    let arguments = ["build", "--release", "--package", "keywright", "--target", &host.triple];
    run(cargo(root, &arguments).arg("--target-dir").arg(directory).env("CARGO_ENCODED_RUSTFLAGS", flag))?;
    Ok(directory.join(&host.triple).join("release/keywright"))
}

/// The compiler's machine.
struct Host {
    triple: String,
    sysroot: PathBuf,
}

impl Host {
    fn find(root: &Path) -> Result<Self> {
        let version = rustc(root, &["--version", "--verbose"])?;
        let triple = version.lines().find_map(|line| line.strip_prefix("host: "));
        let triple = triple.ok_or("rustc does not say what machine it is for")?.to_owned();
        Ok(Self { triple, sysroot: rustc(root, &["--print", "sysroot"])?.trim().into() })
    }

    /// The program that merges counts, which has to be of the compiler's own LLVM.
    fn profdata(&self) -> Result<PathBuf> {
        let path = self.sysroot.join("lib/rustlib").join(&self.triple).join("bin/llvm-profdata");
        if path.exists() {
            return Ok(path);
        }
        Err("llvm-profdata is not there: `rustup component add llvm-tools` installs it".into())
    }
}

fn rustc(root: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("rustc").args(arguments).current_dir(root).output()?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(format!("rustc ended with {}", output.status).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_tools_are_named_with_their_cure() {
        let found = Host::find(crate::root()).unwrap();
        assert!(found.sysroot.join("lib/rustlib").join(&found.triple).exists(), "{}", found.triple);
        let error = Host { sysroot: "/nowhere".into(), ..found }.profdata().unwrap_err();
        assert!(error.to_string().contains("rustup component add llvm-tools"), "{error}");
    }
}
