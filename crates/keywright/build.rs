//! Says of which commit the program is.

use std::process::Command;

fn main() {
    let commit = commit().unwrap_or_default();
    println!("cargo::rustc-env=KEYWRIGHT_COMMIT={commit}");
}

/// ` (1a2b3c4, 2026-11-29)`: the commit, and its day. `None` when this is no checkout of Keywright, as when it was
/// unpacked from an archive.
fn commit() -> Option<String> {
    // Another project's checkout may have this folder somewhere in it.
    if git(&["rev-parse", "--show-prefix"])? != "crates/keywright/" {
        return None;
    }
    // The log of where `HEAD` was has a new line with each commit and each checkout.
    println!("cargo::rerun-if-changed={}", git(&["rev-parse", "--git-path", "logs/HEAD"])?);
    Some(format!(" ({})", git(&["log", "-1", "--format=%h, %cs"])?))
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim_end().to_owned())
}
