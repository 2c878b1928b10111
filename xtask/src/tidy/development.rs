//! What only `keywright dev` may do stays there.

use super::{finding::Finding, sources::Sources};

/// A word of the code, the only files and folders that may say it, and what it does there.
const KEPT: &[(&str, &[&str], &str)] = &[
    (
        "Leniency",
        &["crates/dev/", "crates/server/src/compose.rs", "crates/server/src/lib.rs"],
        "turns off that signatures are verified and policies asked",
    ),
    ("Policies::Ignored", &["crates/dev/", "crates/dispatch/"], "turns off that policies are asked"),
    ("Authentication for", &["crates/dev/", "crates/dispatch/"], "decides who is believed"),
    ("Clock for", &["crates/dev/src/clock.rs", "crates/server/src/clock.rs"], "says what time it is"),
    (
        "mark_for_development",
        &["crates/dev/", "crates/server/src/data_dir.rs"],
        "makes a data directory that anybody may have used",
    ),
    (
        "dev::",
        &["crates/keywright/src/cli.rs", "crates/keywright/src/commands.rs"],
        "hands the command over; what is served takes nothing from it",
    ),
];

/// Only the listed files say these words, and each of them does.
pub(super) fn kept(sources: &Sources) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (word, places, what) in KEPT {
        let said: Vec<(&str, usize)> = sources
            .shipped()
            .flat_map(|file| file.code().map(move |(number, line)| (file.path.as_str(), number, line)))
            .filter(|(.., line)| says(line, word))
            .map(|(path, number, _)| (path, number))
            .collect();
        let elsewhere = said.iter().filter(|(path, _)| !places.iter().any(|place| path.starts_with(place)));
        findings.extend(elsewhere.map(|(path, number)| {
            Finding::new(path, *number, format!("`{word}` {what}: only {} may", places.join(", ")))
        }));
        let stale = places.iter().filter(|place| {
            sources.has(place.trim_end_matches('/')) && !said.iter().any(|(path, _)| path.starts_with(*place))
        });
        findings.extend(
            stale.map(|place| Finding::new(place, 1, format!("does not say `{word}`: mend its row"))),
        );
    }
    findings
}

/// Whether a line has a word, and not as the end of another one.
fn says(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        before.is_none_or(|before| !before.is_alphanumeric() && before != '_')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lenient_server_elsewhere_is_found() {
        let sources = Sources::of(&[
            ("crates/keywright/src/deployment.rs", "use server::{Leniency, Parts};\n"),
            ("crates/keywright/src/serve.rs", "// no dev::Development\nlet it = dev::Development::open();\n"),
            ("crates/dev/src/development.rs", "let leniency = Leniency {};\n"),
            ("crates/kms/src/place.rs", "use crate::some_dev::Place;\nimpl MyClock for A {}\n"),
        ]);
        let found: Vec<String> =
            kept(&sources).iter().map(|found| format!("{}:{}", found.path, found.line)).collect();
        assert_eq!(found, ["crates/keywright/src/deployment.rs:1", "crates/keywright/src/serve.rs:2"]);
    }

    #[test]
    fn a_row_that_no_longer_holds_is_found() {
        let mut sources = Sources::of(&[("crates/server/src/clock.rs", "impl Time for SystemClock {}\n")]);
        assert_eq!(kept(&sources).len(), 1);
        sources = Sources::of(&[("crates/server/src/clock.rs", "impl dispatch::Clock for SystemClock {}\n")]);
        assert_eq!(kept(&sources), []);
    }
}
