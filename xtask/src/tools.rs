//! Tasks that run a tool of somebody else's, and say where to get it when it is not there.

use std::{path::Path, process::Command};

use crate::{
    Result, built,
    command::{cargo, run, works},
};

/// Where the server that is compiled for its work is in the target folder.
pub(crate) const PROFILED: &str = "profiled/keywright";

/// Checks licences, sources and bans of all dependencies.
///
/// # Errors
/// cargo-deny is missing or finds something.
pub(crate) fn deny(root: &Path) -> Result<()> {
    needed(root, &["deny", "--version"], "cargo install --locked cargo-deny")?;
    // Advisories come from a repository on the network, which not every machine reaches.
    run(&mut cargo(root, &["deny", "--workspace", "check", "advisories", "bans", "licenses", "sources"]))
}

/// Runs fuzz targets, all of them if none is named, each for so many seconds.
///
/// # Errors
/// cargo-fuzz or the nightly toolchain is missing, there is no such target, or one finds something.
pub(crate) fn fuzz(root: &Path, targets: &[String], seconds: u32) -> Result<()> {
    needed(root, &["+nightly", "--version"], "rustup toolchain install nightly")?;
    needed(root, &["fuzz", "--version"], "cargo install --locked cargo-fuzz")?;
    let known = fuzz_targets(root)?;
    if let Some(unknown) = targets.iter().find(|target| !known.contains(target)) {
        return Err(format!("there is no fuzz target `{unknown}`; there are {}", known.join(", ")).into());
    }
    let limit = format!("-max_total_time={seconds}");
    for target in if targets.is_empty() { &known } else { targets } {
        run(&mut cargo(root, &["+nightly", "fuzz", "run", target, "--", &limit]))
            .map_err(|error| format!("fuzz target `{target}`: {error}"))?;
    }
    Ok(())
}

/// Builds a release and measures it, or measures the server that `cargo xtask release` has built. The arguments are the
/// benchmark's own.
///
/// # Errors
/// It does not build or run.
pub(crate) fn bench(root: &Path, profiled: bool, arguments: &[String]) -> Result<()> {
    let server = built(root, if profiled { PROFILED } else { "release/keywright" });
    if !profiled {
        run(&mut cargo(root, &["build", "--release", "--package", "keywright"]))?;
    } else if !server.exists() {
        return Err("there is nothing to measure yet: `cargo xtask release` builds it".into());
    }
    let mut bench = benchmark(root)?;
    if !arguments.iter().any(|argument| argument.starts_with("--server")) {
        bench.arg("--server").arg(server);
    }
    run(bench.args(arguments))
}

/// The benchmark, built.
///
/// # Errors
/// It does not build.
pub(crate) fn benchmark(root: &Path) -> Result<Command> {
    run(&mut cargo(root, &["build", "--release", "--package", "bench"]))?;
    let mut bench = Command::new(built(root, "release/bench"));
    bench.current_dir(root);
    Ok(bench)
}

fn needed(root: &Path, probe: &[&str], install: &str) -> Result<()> {
    if works(&mut cargo(root, probe)) {
        return Ok(());
    }
    Err(format!("`cargo {}` does not run: `{install}` installs what is missing", probe.join(" ")).into())
}

fn fuzz_targets(root: &Path) -> Result<Vec<String>> {
    let files = std::fs::read_dir(root.join("fuzz/fuzz_targets"))?;
    let names =
        files.map(|file| Ok(file?.path().file_stem().unwrap_or_default().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<String>>>()?;
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_its_cure() {
        let error = needed(crate::root(), &["no-such-tool"], "cargo install no-such-tool").unwrap_err();
        assert!(error.to_string().contains("`cargo install no-such-tool`"), "{error}");
    }

    #[test]
    fn every_fuzz_target_has_its_program() {
        let manifest = std::fs::read_to_string(crate::root().join("fuzz/Cargo.toml")).unwrap();
        let mut programs: Vec<&str> =
            manifest.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")).collect();
        programs.sort_unstable();
        let targets = fuzz_targets(crate::root()).unwrap();
        let expected: Vec<String> = targets.iter().map(|target| format!("{target}.rs\"")).collect();
        assert_eq!(programs, expected);
    }
}
