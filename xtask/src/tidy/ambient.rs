//! Time, randomness and environment are parameters.

use super::{Finding, Sources};

/// What reads the machine behind the caller's back. Clippy bans the functions too; an exception from its ban counts.
const AMBIENT: &[&str] = &[
    "SystemTime::now",
    "Instant::now",
    "env::var",
    "env::args",
    "getrandom",
    "rand::fill",
    "SystemRandom::new",
    "thread_rng",
    "OsRng",
    "disallowed_methods",
];
/// Files that may, with the reason.
const MAY: &[(&str, &str)] = &[
    ("crates/catalog/examples/listing_time.rs", "measures, and is not shipped"),
    ("crates/envelope/examples/speed.rs", "measures, and is not shipped"),
    ("crates/policy/examples/decision_time.rs", "measures, and is not shipped"),
    (
        "crates/envelope/src/randomness.rs",
        "the randomness of programs that only call, which everything else gets as a parameter",
    ),
    ("crates/server/src/clock.rs", "the clock that everything else gets as a parameter"),
    ("crates/keywright/src/config.rs", "`KEYWRIGHT_CONFIG`, the only variable that the server reads"),
    (
        "crates/credentials/src/source.rs",
        "what AWS's clients read from the environment, for a command that is one",
    ),
    (
        "crates/keywright-s3/src/serve.rs",
        "what AWS's clients read from the environment: where KMS is, and who calls",
    ),
    (
        "crates/client/src/main.rs",
        "what AWS's clients read from the environment, which is a parameter from here on",
    ),
    (
        "crates/forward/src/machine.rs",
        "the clock and randomness of programs that only call, which everything else there gets as a parameter",
    ),
    ("crates/server/src/entropy.rs", "the source of randomness that everything else gets as a parameter"),
    ("crates/edge/src/listen/worker.rs", "deadlines of connections, by the runtime's own clock"),
];

/// Only listed files read the machine's clock, randomness and environment.
pub(super) fn ambient(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in sources.shipped().filter(|file| !MAY.iter().any(|(path, _)| *path == file.path)) {
        for (number, line) in file.code() {
            if let Some(name) = AMBIENT.iter().find(|name| line.contains(**name)) {
                findings.push(Finding::new(&file.path, number, format!("`{name}`: take it as a parameter")));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_of_ones_own_is_found() {
        let sources = Sources::of(&[
            ("crates/kms/src/a.rs", "fn a() {\n    let now = SystemTime::now();\n}\n"),
            ("crates/kms/tests/b.rs", "Instant::now()"),
            ("crates/server/src/clock.rs", "Instant::now()"),
        ]);
        let found: Vec<String> = ambient(&sources).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["crates/kms/src/a.rs:2: `SystemTime::now`: take it as a parameter"]);
    }
}
