//! Work that says of itself that it is not done.

use super::{Finding, Sources};

/// Marks of unfinished work and of tests that do not run, in two parts, so that this file is not found itself.
const MARKS: &[(&str, &str)] = &[
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X:"),
    ("todo", "!("),
    ("unimplemented", "!("),
    ("#[igno", "re"),
    ("pytest.mark.sk", "ip"),
    ("pytest.mark.xf", "ail"),
    ("pytest.sk", "ip"),
    ("importor", "skip"),
];

/// Nothing is marked as unfinished, and no test as skipped.
pub(super) fn unfinished(sources: &Sources) -> Vec<Finding> {
    let marks: Vec<String> = MARKS.iter().map(|(start, end)| format!("{start}{end}")).collect();
    let mut findings = Vec::new();
    for file in sources.all() {
        for (number, line) in file.lines() {
            if let Some(mark) = marks.iter().find(|mark| line.contains(mark.as_str())) {
                findings.push(Finding::new(
                    &file.path,
                    number,
                    format!("`{mark}`: finish it, or leave it out"),
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found() {
        let text = format!("a\n// {}{} later\n{}{}]\n", "TO", "DO", "#[igno", "re");
        let found: Vec<usize> =
            unfinished(&Sources::of(&[("a.rs", &text)])).iter().map(|finding| finding.line).collect();
        assert_eq!(found, [2, 3]);
    }
}
