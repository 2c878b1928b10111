//! `cargo xtask test`: everything that has to be green, in the order of what it costs.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    Result, blackbox,
    command::{cargo, run, works},
    python::{self, python},
    tidy,
};

/// Runs all steps and stops at the first that fails; a `quick` run leaves the black box out.
///
/// # Errors
/// The name of the step, and what it says.
pub(crate) fn all(root: &Path, quick: bool) -> Result<()> {
    let mut steps = Steps::default();
    steps.step("format", || run(&mut cargo(root, &["fmt", "--all", "--check"])))?;
    steps.step("tidy", || tidy::check(root))?;
    let bin = steps.step("python environment", || python::environment(root))?;
    let vectors = root.join("tests/strongroom/check_blob.py");
    steps.step("strongroom vectors", || run(python(&bin).arg(vectors)))?;
    steps.step("lints", || run(&mut cargo(root, LINTS)))?;
    steps.step("documentation", || run(cargo(root, DOCUMENTATION).env("RUSTDOCFLAGS", "--deny warnings")))?;
    steps.step("documentation tests", || run(&mut cargo(root, DOCUMENTATION_TESTS)))?;
    if !quick {
        steps.step("server", || blackbox::server(root))?;
        steps.step("programs beside it", || blackbox::programs(root))?;
    }
    steps.step("tests", || run(&mut tests(root)))?;
    if !quick {
        steps.step("black box", || blackbox::test(root))?;
    }
    steps.report();
    Ok(())
}

/// That of private items too: most of the documentation stands there, and its links die as well.
const DOCUMENTATION: &[&str] = &["doc", "--workspace", "--no-deps", "--document-private-items", "--quiet"];
const DOCUMENTATION_TESTS: &[&str] = &["test", "--workspace", "--doc", "--quiet"];
const LINTS: &[&str] = &["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"];

/// The tests of all crates: by nextest if it is there, else by cargo itself, which needs nothing.
fn tests(root: &Path) -> Command {
    if works(&mut cargo(root, &["nextest", "--version"])) {
        let shown = ["--status-level", "slow", "--final-status-level", "fail"];
        let mut nextest = cargo(root, &["nextest", "run", "--workspace", "--no-fail-fast"]);
        nextest.args(shown);
        nextest
    } else {
        cargo(root, &["test", "--workspace", "--all-targets", "--no-fail-fast"])
    }
}

/// The steps done, with the time each took.
#[derive(Default)]
struct Steps(Vec<(&'static str, Duration)>);

impl Steps {
    fn step<T>(&mut self, name: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        eprintln!("── {name}");
        let started = now();
        let done = work().map_err(|error| format!("step `{name}` failed: {error}"))?;
        self.0.push((name, started.elapsed()));
        Ok(done)
    }

    fn report(&self) {
        let times: Vec<String> =
            self.0.iter().map(|(name, took)| format!("{name} {} s", took.as_secs())).collect();
        let all: Duration = self.0.iter().map(|(_, took)| *took).sum();
        eprintln!("── all steps passed in {} s: {}", all.as_secs(), times.join(", "));
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a step takes is shown to its developer")]
fn now() -> Instant {
    Instant::now()
}
