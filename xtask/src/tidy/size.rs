//! Files that a reader can hold in mind. (Functions are clippy's `too_many_lines`.)

use super::{Finding, Sources};

const LINES: usize = 500;
/// The shapes of the API, as large as the API.
const GENERATED: &[&str] = &[
    "crates/model/src/cloudtrail.rs",
    "crates/model/src/iam.rs",
    "crates/model/src/kms.rs",
    "crates/model/src/sts.rs",
];

/// No source file is longer than 500 lines; generated ones are.
pub(super) fn files(sources: &Sources) -> Vec<Finding> {
    let written = [".rs", ".py"].into_iter().flat_map(|ending| sources.ending(ending));
    written
        .filter(|file| !GENERATED.contains(&file.path.as_str()))
        .filter_map(|file| {
            let lines = file.text.lines().count();
            let what = format!("{lines} lines, {LINES} is the most: split it by topic");
            (lines > LINES).then(|| Finding::new(&file.path, LINES + 1, what))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found_unless_it_is_generated() {
        let long = "\n".repeat(501);
        let sources = Sources::of(&[
            ("crates/a/src/lib.rs", &long),
            ("crates/a/src/short.rs", "\n"),
            ("crates/model/src/kms.rs", &long),
        ]);
        let found: Vec<String> = files(&sources).iter().map(ToString::to_string).collect();
        assert_eq!(found, ["crates/a/src/lib.rs:501: 501 lines, 500 is the most: split it by topic"]);
    }
}
