//! The operator's log.

use super::{crates::Workspace, finding::Finding, sources::Sources};

/// Where the crates are listed whose messages are written, and not only their warnings.
const LOGGING: &str = "crates/keywright/src/logging.rs";

/// Crates of `keywright-s3`, which writes the messages of all crates.
const OF_THE_GATEWAY: [&str; 3] = ["catalog", "keywright-s3", "s3"];

/// A crate that logs is one whose messages are written.
pub(super) fn written(sources: &Sources, workspace: &Workspace) -> Vec<Finding> {
    let Some(logging) = sources.all().find(|file| file.path == LOGGING) else { return Vec::new() };
    let listed = |name: &str| logging.code().any(|(_, line)| line.contains(&format!("\"{name}\"")));
    let logs = workspace.dependencies().filter(|(package, used)| {
        let is_of_server =
            package.manifest.starts_with("crates/") && !OF_THE_GATEWAY.contains(&&*package.name);
        used.name == "tracing" && !used.for_tests && is_of_server
    });
    let unlisted = logs.filter(|(package, _)| !listed(&package.name));
    unlisted
        .map(|(package, _)| {
            Finding::new(
                &package.manifest,
                1,
                format!("what `{}` logs is not written: name it in {LOGGING}", package.name),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_whose_messages_are_lost_is_found() {
        let sources = Sources::of(&[(LOGGING, "const OURS: [&str; 1] = [\"kms\"];\n")]);
        let workspace = Workspace::of(&[("kms", &["tracing"]), ("edge", &["tracing"]), ("store", &[])]);
        let found: Vec<String> =
            written(&sources, &workspace).iter().map(|found| found.path.clone()).collect();
        assert_eq!(found, ["crates/edge/Cargo.toml"]);
    }
}
